"""What there has to be: one generated file, with which verify, /readyz, migrate, the checks and the
tests compare the database."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from django.db import DataError, ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper

from .findings import CannotLookError
from .isolation import savepoint
from .sqlfiles import SQL_DIR, send, text_of
from .transitions import transitions

EXPECTED: Path = SQL_DIR / "verify/expected.sql"
JSON_IN_SQL = re.compile(r"\$expected\$(.*)\$expected\$", re.DOTALL)
FORMAT = 1  # of the file
PARTS = ("migration", "objects", "transitions")  # that it can't do without


class Difference(NamedTuple):
    """Between what is there and what is expected. ``missing``: expected, and not so. ``code``:
    whoever reads the tables would run somebody else's code. ``recording``: changes may go
    unrecorded or fail. ``in_any_release``: even if the database is of a newer release."""

    kind: str
    object: str
    detail: str
    missing: bool
    code: bool
    recording: bool
    in_any_release: bool


def load() -> dict[str, Any]:
    """What is expected: ``objects``, by kind and name, the machine's ``transitions``, and the
    newest ``migration`` of the audit, by which other versions know them apart.

    CannotLookError when the file is damaged.
    """
    try:
        found = JSON_IN_SQL.search(EXPECTED.read_text("utf-8"))
        expected: dict[str, Any] = json.loads(found[1] if found else "")
        if expected["format"] != FORMAT or not all(expected[name] for name in PARTS):
            raise ValueError
    except (OSError, TypeError, KeyError, ValueError):  # of whatever shape it is
        raise CannotLookError(
            f"sql/verify/{EXPECTED.name} is damaged: restore it, or run expect_audit."
        ) from None
    return expected


def expected_transitions() -> set[tuple[str, str, str]]:
    """(start_state, end_state, name) of each that the machine has, or had in the file."""
    expected = load()
    in_file = expected["transitions"] + expected["former_transitions"]
    return {tuple(each) for each in in_file} | set(transitions())


def differences(connection: BaseDatabaseWrapper, serving: str = "") -> list[Difference]:
    """How the database differs from what is expected; to be called in a transaction. The role
    ``serving`` is judged as if the application were served as it."""
    found = of_catalog(connection, serving)
    if any(each.code for each in found):
        return found  # whoever looks further would run code of somebody else's
    return [*found, *behind(connection)]


def of_catalog(connection: BaseDatabaseWrapper, serving: str = "") -> list[Difference]:
    """Of the differences() those that the catalog shows: no table is read."""
    load()
    send(connection, "verify/settings.sql")
    if serving:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('user_state.serving', %s, true)", [serving])
    send(connection, "verify/expected.sql", "verify/present.sql", "verify/catalog.sql")
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('user_state.differences')")
        [text] = cursor.fetchone()
    return [Difference(**each) for each in json.loads(text)]


def about(table: str, found: list[Difference]) -> list[Difference]:
    """Those that name the table."""
    name = re.compile(rf"\b{table}\b")
    return [each for each in found if name.search(f"{each.object} {each.detail}")]


def runs_code_of(found: list[Difference], table: str) -> bool:
    """Whether reading the table would run somebody else's code."""
    return any(each.code for each in about(table, found))


def behind(connection: BaseDatabaseWrapper) -> Iterator[Difference]:
    """Whether the next entries will have ids of their own; nothing where a table is gone, or may
    not be read: others say so."""
    rows = []
    with (
        suppress(ProgrammingError, DataError),
        savepoint(connection),
        connection.cursor() as cursor,
    ):
        cursor.execute(text_of("verify/sequence.sql"))
        rows = cursor.fetchall()
    for kind, name, _, _, detail in rows:
        yield Difference(kind, name, detail, True, False, True, False)


def present(connection: BaseDatabaseWrapper) -> dict[str, str | list[str]]:
    """What is there, in the form of the file; to be called in a transaction."""
    send(connection, "verify/settings.sql", "verify/present.sql")
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('user_state.present')")
        [text] = cursor.fetchone()
    return {key(line): lines(line["definition"]) for line in json.loads(text)}


def key(line: dict[str, Any]) -> str:
    """Its object, which begins with its kind. A month stands for all of them."""
    name: str = line["object"]
    return name.replace(line["month"], "month") if line["month"] else name


def lines(definition: str | None) -> str | list[str]:
    text = definition or ""
    return text.split("\n") if "\n" in text else text


def rendered(objects: dict[str, str | list[str]], migration: str) -> str:
    """The file. Transitions that the machine has lost stay, for their entries do."""
    try:
        known = expected_transitions()
    except CannotLookError:
        known = set()
    text = (
        HEADER
        + "$expected$\n"
        + as_json(
            format=FORMAT,
            migration=migration,
            transitions=sorted(transitions()),
            former_transitions=sorted(known - set(transitions())),
            objects=dict(sorted(objects.items())),
        )
    )
    return text + "\n$expected$, true) is not null as is_set;\n"


def as_json(**parts: Any) -> str:
    """JSON in which each object and each line of a function has a line of its own, for diffs."""
    return "{\n" + ",\n".join(f'"{name}": {of_lines(part)}' for name, part in parts.items()) + "\n}"


def of_lines(part: Any) -> str:
    if isinstance(part, dict):
        pairs = (f"{json.dumps(name)}: {of_lines(value)}" for name, value in part.items())
        return "{\n" + ",\n".join(pairs) + "\n}"
    if isinstance(part, list) and part:
        return "[\n" + ",\n".join(json.dumps(each) for each in part) + "\n]"
    return json.dumps(part)


HEADER = """\
-- What there has to be for every change to be recorded and kept. Sets user_state.expected.
--
-- Generated by manage.py expect_audit from a fresh database: edit the files of sql/, run it, and
-- commit both.
-- Who runs it: whoever compares a database with it, and install.sql for the transitions.
-- Why it is safe: it sets one setting for this transaction.

select pg_catalog.set_config('user_state.expected', """
