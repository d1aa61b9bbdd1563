"""The ways to restore that are tested, and the tables of docs/restore.md that are made of them."""

import importlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from project.settings import BASE_DIR

DOCUMENT = BASE_DIR / "docs/restore.md"
BETWEEN = re.compile(r"(<!-- (\w+): begin -->\n).*?(<!-- \2: end -->)", re.DOTALL)

# What is dumped, as postgres.
DUMPS = (
    "pg_dump -Fc -f site.dump site",
    "pg_dump -Fd -j4 -f site.dir site",
    "pg_dump -f site.sql site",
    "pg_dumpall -f all.sql",
    "pg_dump -Fc --exclude-table-data=user_state_audit* -f without.dump site",
)

# Where it is restored.
NEW = "a new database"
USED = "the site's own, which has gone on"
OTHER = "a database of another site"
MIGRATED = "a new one, after `migrate`"
WITHOUT_ROLES = "a new one, where the group roles are missing"
WITHOUT_CREATEROLE = "the same, where otto may create none"
MADE = "a database that the dump makes"
SERVER = "a new server"
SERVER_FROM_15 = "a new server, from PostgreSQL 15"

MIGRATE = "migrate as otto"
WELL = "all is well"
UNTOUCHED = "all is as it was"
AGAIN = "not mended: restore in another way"


class Way(NamedTuple):
    """What is run as ``role``, and what comes of it: the errors, and the kinds of what verify
    finds, each once; then what mends it, and how it ends."""

    into: str
    commands: tuple[str, ...]
    role: str
    errors: str = ""
    found: str = "grant"
    mended_by: tuple[str, ...] = (MIGRATE,)
    ends: str = WELL


ALL = "pg_restore -d restored {}site.dump"
SECTIONS = ("--section=pre-data ", "--section=data ", "--section=post-data ")
NO_ROLE = 'role "…" does not exist'
DUPLICATE = 'duplicate key value violates unique constraint "…"'
FOREIGN_KEY = 'insert or update on table "…" violates foreign key constraint "…"'
SYSTEM_TRIGGER = 'permission denied: "…" is a system trigger'
NO_RELATION = 'relation "…" does not exist'
INHERITED = 'cannot drop inherited constraint "…" of relation "…"'
WAYS = [
    Way(NEW, (ALL.format("-1 "),), "postgres"),
    Way(NEW, ("pg_restore -d restored -e -j4 site.dir",), "postgres"),
    Way(NEW, ("psql -1 -v ON_ERROR_STOP=1 -f site.sql restored",), "postgres"),
    Way(NEW, tuple(ALL.format(each) for each in SECTIONS), "postgres"),
    Way(NEW, (ALL.format("-O --role=otto "),), "postgres", found="grant, owner"),
    Way(NEW, (ALL.format("-x "),), "postgres", found="grant, table"),
    Way(
        NEW,
        (ALL.format("-O -x "),),
        "postgres",
        found="grant, owner, table",
        mended_by=("migrate as postgres",),
        ends=f"{WELL}, and postgres owns it",
    ),
    Way(NEW, (ALL.format("-1 -O "),), "otto", found="grant, owner"),
    Way(NEW, ("pg_restore -d restored -e -j4 -O site.dir",), "otto", found="grant, owner"),
    Way(NEW, tuple(ALL.format("-O " + each) for each in SECTIONS), "otto", found="grant, owner"),
    Way(NEW, (ALL.format("-1 -O -x "),), "otto", found="grant, owner, table"),
    Way(
        NEW,
        (ALL.format(""),),
        "otto",
        errors="permission denied for schema public",
        found="grant, owner",
    ),
    Way(
        NEW,
        (ALL.format("--schema-only "), ALL.format("--data-only --disable-triggers ")),
        "postgres",
        found="grant, trigger",
    ),
    Way(
        NEW,
        (ALL.format("--schema-only "), ALL.format("--data-only ")),
        "postgres",
        errors=FOREIGN_KEY,
        found="entry, gap, grant",
        ends=AGAIN,
    ),
    Way(
        NEW,
        (ALL.format("-O --schema-only "), ALL.format("--data-only --disable-triggers ")),
        "otto",
        errors=f"{FOREIGN_KEY}; {SYSTEM_TRIGGER}",
        found="entry, gap, grant, owner, trigger",
        ends=AGAIN,
    ),
    Way(
        NEW,
        ("pg_restore -d restored -1 without.dump",),
        "postgres",
        found="grant, seal, state",
        ends=AGAIN,
    ),
    Way(
        MIGRATED,
        (ALL.format("-1 --data-only "),),
        "postgres",
        errors=DUPLICATE,
        mended_by=(),
        ends=UNTOUCHED,
    ),
    Way(
        MIGRATED,
        (ALL.format("--data-only "),),
        "postgres",
        errors=f"{DUPLICATE}; {NO_RELATION}",
        found="entry, gap, grant, seal",
        ends=AGAIN,
    ),
    Way(
        MIGRATED,
        (ALL.format("--data-only --disable-triggers "),),
        "postgres",
        errors=f"{DUPLICATE}; {NO_RELATION}",
        found="grant, seal, trigger",
        ends=AGAIN,
    ),
    Way(USED, (ALL.format("--clean --if-exists "),), "postgres", errors=INHERITED),
    Way(
        USED,
        (ALL.format("--clean --if-exists -O "),),
        "otto",
        errors=INHERITED,
        found="grant, owner",
    ),
    Way(
        USED,
        (ALL.format("-1 --clean --if-exists "),),
        "postgres",
        errors=INHERITED,
        mended_by=(),
        ends=UNTOUCHED,
    ),
    Way(
        USED,
        (ALL.format("--clean -t user_state_audit "),),
        "postgres",
        errors="cannot drop table public.user_state_audit because other objects depend on it;"
        ' relation "…" already exists',
        mended_by=(),
        ends=UNTOUCHED,
    ),
    Way(
        WITHOUT_ROLES,
        (ALL.format(""),),
        "postgres",
        errors=NO_ROLE,
        found="grant, owner, role, table",
        mended_by=(
            "migrate as postgres",
            "grant user_state_audit_owner to otto",
            "migrate as postgres",
        ),
    ),
    Way(
        WITHOUT_ROLES,
        ("psql -f 10_roles.sql restored", ALL.format("-1 -O ")),
        "otto",
        found="grant, owner",
    ),
    Way(WITHOUT_ROLES, (ALL.format("-O "),), "otto", errors=NO_ROLE, found="role"),
    Way(WITHOUT_ROLES, (ALL.format("-1 -O -x "),), "otto", found="grant, role"),
    Way(WITHOUT_CREATEROLE, (ALL.format("-1 -O -x "),), "otto"),
    Way(
        MADE, ("pg_restore -d postgres --create -e site.dump",), "postgres", found="", mended_by=()
    ),
    Way(
        SERVER,
        ("psql -f all.sql postgres",),
        "postgres",
        errors='role "…" already exists',
        found="",
        mended_by=(),
    ),
    # There, otto granted it, to themselves; a newer one asks whether they might.
    Way(
        SERVER_FROM_15,
        ("psql -f all.sql postgres",),
        "postgres",
        errors='permission denied to grant privileges as role "…"; role "…" already exists',
        found="",
        mended_by=("grant user_state_audit_owner to otto",),
    ),
]


def table_of_ways() -> str:
    rows = [
        (
            way.into,
            "<br>".join(f"`{each}`" for each in way.commands),
            way.role,
            way.errors or "none",
            way.found or "nothing",
            "<br>".join(f"`{each}`" for each in way.mended_by) or "nothing",
            way.ends,
        )
        for way in WAYS
    ]
    head = ("into", "command", "as", "errors", "verify finds", "what mends", "in the end")
    return as_table(head, rows)


def table_of_bad_dumps() -> str:
    return as_table(("what", "command", "what comes", "what to do"), list(bad_dumps()))


def bad_dumps() -> Iterator[tuple[str, ...]]:
    """What the marks of the tests say, in the order of their file."""
    for test in vars(importlib.import_module(f"{__package__}.test_restore")).values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "bad_dump":
                what, command, comes, then = mark.args
                yield what, f"`{command}`", comes, then


def as_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def with_tables(document: str) -> str:
    tables = {"ways": table_of_ways, "bad": table_of_bad_dumps}
    return BETWEEN.sub(lambda found: found[1] + tables[found[2]]() + found[3], document)
