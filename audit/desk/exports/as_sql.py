"""A filter as SQL: the query of a list, with its values in it, for psql and for COPY."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import EmptyResultSet, FullResultSet

from ..listing.rows import Entries

TABLE = "public.user_state_audit"
QUOTED = {"'": "''", "\\": r"\\"}


def as_sql(entries: Entries, columns: str = "*", values: Iterable[object] = ()) -> str:
    """One statement without parameters; the newest first. ``columns`` are SQL, with ``values`` for
    its placeholders."""
    condition, parameters = where(entries)
    # Nothing of it is anybody's text: values come by literal().
    sql = f"select {columns}\n  from {TABLE}\n where {condition}\n order by id desc"  # noqa: S608
    return sql % tuple(map(literal, (*values, *parameters)))


def where(entries: Entries) -> tuple[str, tuple[object, ...]]:
    """The condition as Django writes it, but for the table's name before each column."""
    query = entries.query
    try:
        condition, parameters = query.get_compiler(entries.db).compile(query.where)
    except FullResultSet:
        return "true", ()
    except EmptyResultSet:
        return "false", ()
    return condition.replace(f'"{entries.model._meta.db_table}".', ""), tuple(parameters)


def literal(value: object) -> str:
    """It reads the same for whoever runs it, whatever they have preset: the drivers leave a
    backslash as it is where it means nothing to themselves, and standard_conforming_strings may be
    off elsewhere. What nobody sees, or a terminal takes for a command, is written as its code."""
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(value)
    text = "".join(map(quoted, value))
    return f"E'{text}'" if "\\" in text else f"'{text}'"


def quoted(character: str) -> str:
    if character.isprintable():
        return QUOTED.get(character, character)
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
