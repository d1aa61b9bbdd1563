"""Whether the functions in the database are those of sql/: the verifying ones cannot vouch for
themselves."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .sqlfiles import SQL_DIR

DEFINITION = re.compile(
    r"^create or replace function public\.(?P<name>\w+)\((?P<arguments>.*?)\)\n"
    r"(?:returns (?P<result>.*?)\n)?"
    r"^language (?P<language>\w+)\n(?P<how>.*?)^as \$function\$(?P<body>.*?)\$function\$",
    re.DOTALL | re.MULTILINE,
)
SETTING = re.compile(r'^set "?([\w.]+)"? = (.*)$', re.MULTILINE)
# What triggers run, and what writes; all others are asked by who verifies.
NOT_ASKED = {"record_user_state", "refuse_rewriting", "reconcile_user_state"}


class Function(NamedTuple):
    """What decides what a function does."""

    arguments: str
    result: str
    language: str
    volatility: str
    definer: bool
    settings: frozenset[str]
    body: str
    # Neither strict, nor an aggregate, nor with another body or plan beside this one.
    plain: bool = True


def in_files() -> dict[str, Function]:
    """The functions of sql/, by name."""
    texts = (path.read_text("utf-8") for path in sorted(SQL_DIR.glob("*.sql")))
    return {
        found["name"]: Function(
            signature(found["arguments"]),
            signature(found["result"] or "record"),
            found["language"],
            found["how"].split()[0],
            "security definer" in found["how"],
            frozenset(f"{n}={v}".replace("'", "") for n, v in SETTING.findall(found["how"])),
            found["body"],
        )
        for text in texts
        for found in DEFINITION.finditer(text)
    }


def signature(text: str) -> str:
    """Arguments or a result, as sql/ and PostgreSQL both would write them."""
    text = re.sub(r"::[a-z ]+", "", text.lower().replace("timestamp with time zone", "timestamptz"))
    return re.sub(r"\s*([()])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def in_database(cursor, names: list[str]) -> Iterator[tuple[str, Function]]:
    cursor.execute(
        "select p.proname::text, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),"
        " l.lanname::text,"
        " case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end,"
        " p.prosecdef, coalesce(p.proconfig, '{}'), p.prosrc,"
        " p.prokind = 'f' and not p.proisstrict and p.prosqlbody is null and p.prosupport = 0"
        " from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang"
        " where p.pronamespace = 'public'::regnamespace and p.proname = any(%s)",
        [names],
    )
    for name, arguments, result, language, volatility, definer, settings, body, plain in cursor:
        yield (
            name,
            Function(
                *(signature(arguments), signature(result or ""), language, volatility, definer),
                *(frozenset(settings), body, plain),
            ),
        )


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
