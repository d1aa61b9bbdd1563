"""docs/scale.md and its picture, of what scale.py has measured."""

import json
from collections.abc import Iterator
from math import log10
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MEASURED = HERE / "scale.json"
PAGE = HERE.parent / "docs/scale.md"
CHART = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->"
# Each figure: its key, what it is called, and how it is written.
FIGURES = {
    "entries": ("entries", "{:,.0f}"),
    "made": ("made in, s", "{:,.0f}"),
    "bytes": ("bytes of an entry, with its indexes", "{:,.0f}"),
    "one change": ("one change, us of CPU", "{:,.0f}"),
    "bulk": ("one of thousands of changes by one statement, us of CPU", "{:,.0f}"),
    "locks": ("locks of a change", "{}"),
    "months, 30 days": ("months that a list of 30 days reads", "{}"),
    "months, history": ("months that the history of a user reads", "{}"),
    "sealed a second": ("entries sealed a second", "{:,.0f}"),
    "verify": ("verifying all of it, s", "{:,.1f}"),
    "year": ("entries of the year that is archived", "{:,.0f}"),
    "archive": ("archiving it, s", "{:,.1f}"),
    "file": ("bytes of an entry in its file", "{:,.0f}"),
    "month": ("entries of the month that is restored", "{:,.0f}"),
    "restore": ("restoring it, s", "{:,.1f}"),
}
# What the picture shows: what grows, or may not.
DRAWN = {
    "made": "making all of it",
    "bytes": "bytes of an entry",
    "one change": "one change",
    "bulk": "one of thousands of changes",
    "verify": "verifying all of it",
    "archive": "archiving a year",
    "restore": "restoring a month",
}
WIDTH, LEFT, TOP, ROW, SPAN = 900, 360, 50, 22, 500
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-size: 12px; fill: #59636e }
.line { stroke: #d1d9e0 }
circle { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .head { fill: #9198a1 }
  .line { stroke: #3d444d }
  circle { fill: #4493f8 }
}
"""


def keep(entries: int, measured: dict[str, Any]) -> None:
    """Beside the other sizes; and write the page and its picture anew."""
    sizes = {**read(), str(entries): measured}
    ordered = dict(sorted(sizes.items(), key=lambda size: int(size[0])))
    MEASURED.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), ordered), "utf-8")
    CHART.write_text(chart(ordered), "utf-8")


def read() -> dict[str, Any]:
    return json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {}


def with_tables(page: str, sizes: dict[str, Any]) -> str:
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n".join(tables(sizes)) + "\n" + END + rest.partition(END)[2]


def tables(sizes: dict[str, Any]) -> Iterator[str]:
    yield "| | " + " | ".join(f"{int(each):,}" for each in sizes) + " |"
    yield "|---" * (len(sizes) + 1) + "|"
    for key, (title, form) in FIGURES.items():
        yield row(title, [form.format(of[key]) for of in sizes.values()])
    yield row("on", [of["machine"] for of in sizes.values()])
    yield ""
    yield "| page of the desk, ms (median) | " + " | ".join(f"{int(n):,}" for n in sizes) + " |"
    yield "|---" * (len(sizes) + 1) + "|"
    for page in next(iter(sizes.values()))["pages"]:
        yield row(page, [f"{of['pages'][page]:,.0f}" for of in sizes.values()])


def row(title: str, cells: list[str]) -> str:
    return f"| {title} | " + " | ".join(cells) + " |"


def chart(sizes: dict[str, Any]) -> str:
    """How many times what it is with the fewest entries: a dot for each size, a line for each
    figure."""
    least, *more = map(int, sizes)
    most = max([10, *(each / least for each in more)])
    figures = growths(sizes)
    height = TOP + ROW * len(figures) + 10
    marks = [tick(times, most, height) for times in sorted({1, *(n / least for n in more)})]
    lines = [line(n, title, times, most) for n, (title, times) in enumerate(figures.items())]
    said = "; ".join(f"{title}: {times[-1]:.1f} times" for title, times in figures.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>What grows with the number of entries, to {least:,} of them</title>",
            f"<desc>{said}</desc>",
            f"<style>{STYLE}</style>",
            f'<text class="head" x="8" y="{TOP - 26}">times what it is with {least:,}</text>',
            *marks,
            *lines,
            "</svg>\n",
        ]
    )


def growths(sizes: dict[str, Any]) -> dict[str, list[float]]:
    first, *_ = sizes.values()
    found = {DRAWN[key]: [of[key] / first[key] for of in sizes.values()] for key in DRAWN}
    for page in first["pages"]:
        found[page] = [of["pages"][page] / first["pages"][page] for of in sizes.values()]
    return found


def tick(times: float, most: float, height: int) -> str:
    x = place(times, most)
    return (
        f'<line class="line" x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 18}" y2="{height - 6}"/>'
        f'<text class="head" x="{x - 6:.0f}" y="{TOP - 26}">{times:g}</text>'
    )


def line(number: int, title: str, times: list[float], most: float) -> str:
    y = TOP + ROW * number
    dots = "".join(
        f'<circle cx="{place(each, most):.0f}" cy="{y - 4}" r="{4 + n}">'
        f"<title>{each:.2f}</title></circle>"
        for n, each in enumerate(times)
    )
    return f'<text x="8" y="{y}">{title}</text>{dots}'


def place(times: float, most: float) -> float:
    """From half of it on; logarithmic."""
    return LEFT + SPAN * max(0.0, min(1.0, log10(times * 2) / log10(most * 2)))
