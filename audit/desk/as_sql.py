"""A filter as SQL: the query of a list, with its values in it, for psql and for COPY."""

from collections.abc import Iterable

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections

from .pages import Entries

TABLE = "public.user_state_audit"


def as_sql(entries: Entries, columns: str = "*", values: Iterable[object] = ()) -> str:
    """One statement without parameters; the newest first. ``columns`` are SQL, with ``values`` for
    its placeholders. The driver quotes them."""
    condition, parameters = where(entries)
    sql = f"select {columns}\n  from {TABLE}\n where {condition}\n order by id desc"  # noqa: S608
    compose = connections[entries.db].ops.compose_sql  # type: ignore[attr-defined] # PostgreSQL's
    return str(compose(sql, [*values, *parameters]))


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
