"""Whether the functions in the database are those of sql/: the verifying ones cannot vouch for
themselves."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .sqlfiles import SQL_DIR

DEFINITION = re.compile(
    r"^create or replace function public\.(?P<name>\w+)\(.*?"
    r"^language (?P<language>\w+)\n(?P<how>.*?)^as \$function\$(?P<body>.*?)\$function\$",
    re.DOTALL | re.MULTILINE,
)
SETTING = re.compile(r"^set (\w+) = (.*)$", re.MULTILINE)


class Function(NamedTuple):
    """What decides what a function does."""

    language: str
    volatility: str
    definer: bool
    settings: frozenset[str]
    body: str


def in_files() -> dict[str, Function]:
    """The functions of sql/, by name."""
    texts = (path.read_text("utf-8") for path in sorted(SQL_DIR.glob("*.sql")))
    return {
        found["name"]: Function(
            found["language"],
            found["how"].split()[0],
            "security definer" in found["how"],
            frozenset(f"{n}={v}".replace("'", "") for n, v in SETTING.findall(found["how"])),
            found["body"],
        )
        for text in texts
        for found in DEFINITION.finditer(text)
    }


def in_database(cursor, names: list[str]) -> Iterator[tuple[str, Function]]:
    cursor.execute(
        "select p.proname::text, l.lanname::text,"
        " case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end,"
        " p.prosecdef, coalesce(p.proconfig, '{}'), p.prosrc"
        " from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang"
        " where p.pronamespace = 'public'::regnamespace and p.proname = any(%s)",
        [names],
    )
    for name, language, volatility, definer, settings, body in cursor:
        yield name, Function(language, volatility, definer, frozenset(settings), body)


def differences(cursor) -> Iterator[tuple[str, str]]:
    """(name, what is wrong) of each function that is not what sql/ says."""
    wanted = in_files()
    present = list(in_database(cursor, list(wanted)))
    names = [name for name, _ in present]
    for name, function in wanted.items():
        if names.count(name) != 1:
            wrong = "is there more than once" if name in names else "is missing"
            yield name, f"{wrong}: sql/ makes one of this name"
        elif (name, function) not in present:
            yield name, "is not what sql/ says"
