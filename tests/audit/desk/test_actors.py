"""Which kind of actor an entry names: in Python as in SQL, and each entry is of one kind."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.desk import actors
from audit.desk.actors import Application, Kind, application
from audit.models import UserStateAudit

from .conftest import LIST, NOBODYS

APPLICATION = Application(["web"], ["user-state-audit"])
CASES = {
    ("mona", 7, "web", "user-state-audit"): Kind.PERSON,
    ("alice", NOBODYS, "web", "user-state-audit"): Kind.SELF,
    ("system:lockout", None, "web", "user-state-audit"): Kind.SYSTEM,
    ("anonymous", None, "web", "user-state-audit"): Kind.ANONYMOUS,
    ("nightly", None, "web", "user-state-audit"): Kind.JOB,
    ("CLI", None, "web", "user-state-audit"): Kind.OUTSIDE,
    ("mona", 7, "dba_peter", "user-state-audit"): Kind.OUTSIDE,
    ("mona", 7, "web", "psql"): Kind.OUTSIDE,
    ("mona", 7, "web", None): Kind.OUTSIDE,
    ("mona", 7, "web", ""): Kind.OUTSIDE,
    ("system:lockout", None, "web", "psql"): Kind.OUTSIDE,
    ("system", None, "web", "user-state-audit"): Kind.JOB,
    ("Cli", None, "web", "user-state-audit"): Kind.JOB,
}

ERASED = {
    **dict.fromkeys(("initiated_by", "ip_address", "db_user"), "erased"),
    "application_name": None,
    "actor_salt": None,
    "actor_digest": b"d" * 32,
}


def values(case) -> dict:
    names = ("initiated_by", "initiator_id", "db_user", "application_name")
    return {"user_id": NOBODYS, **dict(zip(names, case, strict=True))}


def entry(case) -> UserStateAudit:
    return UserStateAudit(**values(case), actor_salt=b"s" * 16)


def test_who_was_erased_is_not_outside_the_application(walker, write, rows):
    write(1, **ERASED)

    [row] = rows(f"?subject={walker}&kind=erased")

    assert "Not by the application" not in row
    assert rows(f"?subject={walker}&kind=outside") == []


def test_an_entry_without_a_salt_was_not_erased(walker, write, rows):
    """Whoever writes the audit by hand may leave it out."""
    write(1, **ERASED | {"actor_digest": None, "db_user": "otto"})

    [row] = rows(f"?subject={walker}&kind=outside")

    assert "Not by the application" in row
    assert "erased" not in row.split("otto")[1]
    assert rows(f"?subject={walker}&kind=erased") == []


@pytest.mark.parametrize("case", CASES)
def test_the_kind_of_an_entry(case):
    assert APPLICATION.kind_of(entry(case)) == CASES[case]


def test_sql_finds_what_python_says_and_each_entry_is_of_one_kind(walker, write):
    of_kind = {kind: set() for kind in Kind}
    for case in product(
        ("CLI", "system:x", "anonymous", "mona"),
        (None, NOBODYS, 7),
        ("web", "dba_peter"),
        ("user-state-audit", "psql", None),
    ):
        [key] = write(1, **values(case))
        of_kind[APPLICATION.kind_of(entry(case))].add(key)
    of_kind[Kind.ERASED] = {*write(1, **ERASED)}

    for kind, keys in of_kind.items():
        assert keys
        found = UserStateAudit.objects.filter(APPLICATION.where(kind), username=walker)
        assert set(found.values_list("pk", flat=True)) == keys


@pytest.mark.parametrize("ordered", [["B", "a", "c"], ["c", "a", "B"]])
def test_others_are_those_beside_all_of_several(walker, write, ordered, monkeypatch):
    """Whatever order the database has: none of these need be its own."""
    monkeypatch.setattr(actors, "sorted", list, raising=False)
    keys = {
        (role, program): write(1, initiated_by="mona", db_user=role, application_name=program)[0]
        for role, program in product((*"AaBbCc", "", "ä"), (*"aBcx", None))
    }

    others = Application(ordered, ordered).where(Kind.OUTSIDE)

    found = UserStateAudit.objects.filter(others, username=walker).values_list("pk", flat=True)
    known = {keys[pair] for pair in product("aBc", "aBc")}
    assert {*found} == {*keys.values()} - known


def test_the_application_is_whoever_may_sign_in_as_it(execute, settings):
    execute("create role serves login in role user_state_audit_app")
    execute("create role group_of_them in role user_state_audit_app")
    execute("create role queue_worker login in role group_of_them")
    settings.AUDIT_PROGRAMS = ["worker"]
    try:
        found = application(connection)
    finally:
        execute("drop role serves, queue_worker, group_of_them")

    assert {"serves", "queue_worker"} <= set(found.roles)
    assert "group_of_them" not in found.roles
    assert set(found.programs) == {"user-state-audit", "worker"}


@pytest.mark.parametrize("page", ["/admin/", LIST, f"{LIST}outside/"])
def test_a_page_asks_once_who_the_application_is(sues, page):
    with CaptureQueriesContext(connection) as queries:
        sues.get(page)

    assert sum("user_state_roles" in each["sql"] for each in queries) == 1
