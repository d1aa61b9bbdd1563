"""docs/peers.md and its picture: of what was measured, and of the contenders' own files."""

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

from chart import chart
from contenders import HERE, NOBODY, OURS, pinned
from figures import NO, Figures, all_figures

DOCS = HERE.parent.parent / "docs"
PAGE, CHART = DOCS / "peers.md", DOCS / "peers.svg"
MEASURED = HERE / "measured.json"
BETWEEN = re.compile(r"(<!-- (\w+): begin -->\n).*?(<!-- \2: end -->)", re.DOTALL)
BY_ITS_OWN_CALL = {"bulk_update()": "bulk_update", "bulk_create()": "bulk_create"}


def machine(server_version: int) -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "PostgreSQL": f"{server_version // 10000}.{server_version % 10000}",
        "Python": platform.python_version(),
        "Django": pinned("Django"),
    }


def write(measured: dict[str, Any]) -> None:
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), measured), "utf-8")
    CHART.write_text(chart(measured), "utf-8")


def with_tables(page: str, measured: dict[str, Any]) -> str:
    made = {name: function(measured) for name, function in TABLES.items()}
    return BETWEEN.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", page)


def others(measured: dict[str, Any]) -> list[Figures]:
    return [each for each in all_figures(measured) if each.contender != NOBODY]


def table(rows: list[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = (head, ("---",) * len(head), *body)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def paths(measured: dict[str, Any]) -> str:
    """Of each path, what became of it with each."""
    all_ = others(measured)
    rows = [("written by", *(each.contender.title for each in all_))]
    for name in all_[0].of["paths"]:
        rows.append((name, *(outcome(each, name) for each in all_)))
    rows.append(("**recorded, of 12**", *(str(each.counts()[1]) for each in all_)))
    rows.append(("**with actor and address**", *(str(each.counts()[0]) for each in all_)))
    return table(rows)


def outcome(figures: Figures, path: str) -> str:
    said = figures.of["paths"][path]
    by_own_call = BY_ITS_OWN_CALL.get(path) in figures.of["own_calls"] and said != NO
    return f"{said} ¹" if by_own_call else said


def saves(measured: dict[str, Any]) -> str:
    """Microseconds of CPU time."""
    head = ("one save", "autocommit: client", "server", "both, to no audit", "messages")
    rows = [(*head, "transaction: client", "server", "both, to no audit", "messages")]
    for each in all_figures(measured):
        cells = [each.contender.title]
        for kind, messages in zip(("autocommit", "atomic"), each.of["messages"], strict=True):
            cells += [f"{seconds * 1e6:.0f} us" for seconds in each.cpu(kind)]
            cells += [ratio(each, kind), str(messages)]
        rows.append(tuple(cells))
    return table(rows)


def ratio(figures: Figures, kind: str) -> str:
    if figures.contender == NOBODY:
        return "1"
    spread = figures.ratio(kind)
    digits = 2 if spread.median < 10 else 0
    return (
        f"**{spread.median:,.{digits}f}** ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"
    )


def bulk(measured: dict[str, Any]) -> str:
    """Seconds of CPU time."""
    rows = [("everybody's state", "how", "client", "server", "both, to no audit")]
    for each in all_figures(measured):
        sample = each.of["sample"] and f", {each.of['sample']:,} users"
        how = f"{each.of['by']}{sample or ''}"
        seconds = (f"{seconds:,.2f} s" for seconds in each.cpu("bulk"))
        rows.append((each.contender.title, how, *seconds, ratio(each, "bulk")))
    return table(rows)


def rest(measured: dict[str, Any]) -> str:
    head = ("", "version", "bytes of an entry", "page: client", "server", "both, ms")
    rows = [(*head, "lines to set it up", "commands")]
    for each in others(measured):
        contender, spread = each.contender, each.milliseconds("page")
        page = (f"{seconds * 1e3:.0f} ms" for seconds in each.cpu("page"))
        both = f"**{spread.median:.0f}** ({spread.least:.0f} to {spread.most:.0f})"
        install = ("pip install",) if contender.package else ()
        cells = (contender.title, each.of["version"], f"{each.of['bytes']:.0f}", *page, both)
        rows.append((*cells, str(contender.lines), ", ".join((*install, *each.of["commands"]))))
    return table(rows)


def where(measured: dict[str, Any]) -> str:
    its, sizes = measured["machine"], measured["sizes"]
    programs = ", ".join(f"{name} {its[name]}" for name in ("PostgreSQL", "Python", "Django"))
    return (
        f"{programs}, psycopg2, {its['cores']} cores ({its['processor']}), a load of"
        f" {measured['load']:.1f} when it began; {sizes['rounds']} rounds of {sizes['saves']}"
        f" saves, {sizes['bulks']} of bulk changes of {sizes['users']:,} users.\n"
    )


def cheaper(measured: dict[str, Any]) -> str:
    """Where others have less of what all have something of."""
    us = Figures(measured, OURS)
    lines = []
    for name, (of, written) in MEASURES.items():
        less = [each for each in others(measured) if of(each) < of(us)]
        texts = [f"{each.contender.title} ({written.format(of(each))})" for each in less]
        if texts:
            here = written.format(of(us))
            lines.append(f"- **{name}**, which is {here} here: {', '.join(texts)}.\n")
    return "".join(lines)


MEASURES = {
    "A save in autocommit": (lambda each: each.ratio("autocommit").median, "{:.2f} times no audit"),
    "A save in a transaction": (lambda each: each.ratio("atomic").median, "{:.2f} times no audit"),
    "Changing everybody": (lambda each: each.ratio("bulk").median, "{:.2f} times no audit"),
    "An entry": (lambda each: each.of["bytes"], "{:.0f} bytes"),
    "The page of a user": (lambda each: sum(each.cpu("page")) * 1e3, "{:.0f} ms"),
}
TABLES = {
    "where": where,
    "paths": paths,
    "saves": saves,
    "bulk": bulk,
    "rest": rest,
    "cheaper": cheaper,
}
