"""verify_audit: what it prints, and its exit codes."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import pytest

from audit.verifications import newest
from project.settings import BASE_DIR
from tests.audit.attacks.statements import OFF, rewrite
from tests.audit.test_verify import set_state, unseen

from .told import PUBLIC, refused


def test_all_is_well(run):
    assert run("verify_audit") == (0, "All is well: 2 entries of 2 users, 0 seals.\n", "")


def test_what_is_found_is_told_behind_an_entry_that_sums_it_up(arena, run):
    unseen(arena, "update user_fsm set current_state = 'locked'")
    arena.sql("otto", "grant insert on user_state_audit to carl")

    code, out, _ = run("verify_audit")

    first, *rest = out.splitlines()
    assert code == 1
    assert first == "3 found (2 state, 1 grant) in 2 entries of 2 users, 0 seals."
    assert any("carl has insert" in each for each in rest)
    assert any("user 1" in each and "is locked, but the last entry" in each for each in rest)


def test_programs_get_json(arena, run):
    assert json.loads(run("verify_audit", "--json")[1]) == {
        **{"ok": True, "entries": 2, "users": 2, "seals": 0, "unsealed": 0},
        **{"erased": 0, "signatures_checked": False, "findings": []},
    }

    unseen(arena, set_state("locked"))
    code, out, _ = run("verify_audit", "--json")

    assert code == 1
    assert json.loads(out)["ok"] is False
    assert json.loads(out)["findings"] == [
        {
            "kind": "state",
            "object": "user 1",
            "user_id": 1,
            "entry_id": None,
            "detail": "is locked, but the last entry ends in active",
        }
    ]


def test_more_than_a_table_holds_is_counted(arena, run):
    arena.sql("otto", "alter table user_fsm disable trigger user")
    arena.sql(
        "postgres",
        "set session_replication_role = replica",
        "insert into user_fsm (user_id, current_state)"
        " select i, 'active' from generate_series(1001, 1300) i",
    )

    code, out, _ = run("verify_audit")
    as_json = json.loads(run("verify_audit", "--json")[1])

    assert code == 1
    assert out.splitlines()[0].startswith("304 found (300 state, 4 trigger)")
    assert out.splitlines()[-1] == "... and 204 more, which --json tells."
    assert len(as_json["findings"]) == 304
    assert [each.findings for each in newest(arena.django, 2)] == [{"state": 300, "trigger": 4}] * 2


def test_an_entry_without_an_id_is_found(arena, run):
    """As whatever else is wrong with it."""
    rewrite(
        arena,
        "alter table user_state_audit drop constraint user_state_audit_pkey",
        "alter table user_state_audit alter id drop identity, alter id drop not null",
        "update user_state_audit set id = null, start_state = 'locked', transition = 'magic',"
        " datetime = '2019-12-31' where user_id = 1",
    )

    code, out, _ = run("verify_audit")

    assert code == 1
    for kind in ("gap", "clock", "transition", "entry"):
        assert re.search(rf"^{kind} +entry without an id +1 ", out, re.MULTILINE)
    assert sorted(arena.verify(), key=str) == sorted(arena.verify_by_psql(), key=str)


def test_names_cannot_write_on_the_terminal(arena, run):
    arena.sql("otto", 'create rule "\x1b[2Jred" as on update to user_fsm do instead nothing')

    code, out, _ = run("verify_audit")

    assert code == 1
    assert "\x1b" not in out
    assert "\ufffd[2Jred" in out


def test_who_waits_at_a_terminal_is_shown_a_bar_that_leaves_nothing(arena):
    """Looking waits here for a lock, as it would take its time for many entries."""
    terminal, bar = pty.openpty()
    with arena.session("otto") as session, session.cursor() as cursor:
        cursor.execute("begin; lock table user_fsm")
        with subprocess.Popen(
            [sys.executable, "manage.py", "verify_audit"],
            env=os.environ
            | {"DATABASE_URL": arena.server.url_for("rita", arena.name), "TERM": "xterm"},
            cwd=BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=bar,
        ) as looking:
            os.close(bar)
            shown = os.read(terminal, 1000)
            cursor.execute("rollback")
            with suppress(OSError):  # how a terminal ends
                while more := os.read(terminal, 1000):
                    shown += more
    os.close(terminal)

    assert looking.returncode == 0
    assert "Looking at every entry ..." in shown.decode()
    assert shown.count(b"\n") == 1
    assert shown.endswith(b"\x1b[2K")


def test_one_user_by_name(arena, run):
    unseen(arena, set_state("locked", user=2))

    assert run("verify_audit", "--user", "alice")[0] == 0
    assert run("verify_audit", "--user", "bob")[0] == 1


def test_a_user_who_is_gone_is_known_by_their_entries(arena, run):
    arena.sql("web", "delete from user_fsm where user_id = 1")
    arena.sql("web", "delete from accounts_user where id = 1")

    assert run("verify_audit", "--user", "alice")[0] == 0


@pytest.mark.parametrize("name", ["nobody", "", "\x1b[2J"])
def test_a_user_who_never_was_is_said(run, name):
    refused(run("verify_audit", "--user", name), "Nobody is or was called")


@pytest.mark.parametrize(
    ("role", "harm", "finding"),
    [
        ("otto", "alter table accounts_user rename username to login", "is missing"),
        ("postgres", "revoke select (id) on accounts_user from user_state_audit_reader", "not id"),
        ("otto", "alter table accounts_user rename to gone", "is missing"),
    ],
)
def test_a_user_who_cannot_be_looked_for_hides_no_finding(arena, run, role, harm, finding):
    arena.sql(role, harm)

    code, out, err = run("verify_audit", "--user", "alice")

    assert (code, err) == (1, "")
    assert finding in out
    assert "accounts_user" in out
    assert "could not be looked at" in out


def test_nobody_of_that_name_hides_no_finding(arena, run):
    arena.sql("otto", OFF)

    code, out, err = run("verify_audit", "--user", "nobody")

    assert (code, err) == (1, "")
    assert "is disabled" in out
    assert "Nobody is or was called 'nobody'" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        "create sequence accounts_user",
        "create index accounts_user on gone (id)",
        "create type accounts_user as (id int)",
        "create view accounts_user as select 1 as id",
        "create foreign data wrapper f; create server s foreign data wrapper f;"
        " create foreign table accounts_user (id int) server s",
    ],
)
def test_what_is_no_table_cannot_be_locked_and_is_found(arena, run, other):
    arena.sql("postgres", "alter table accounts_user rename to gone", other)

    for role, option in (("postgres", "--as-superuser"), ("rita", "--json")):
        code, out, err = run("verify_audit", option, "--user", "alice", role=role)
        assert (code, err) == (1, ""), role
        assert "is no table, but of the kind" in out, role


def test_since_a_moment(arena, run):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))

    assert run("verify_audit", "--since", "2026-01-01")[0] == 1
    assert run("verify_audit", "--since", "2999-01-01T00:00+01:00")[0] == 0


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-13-01", "12:00"])
def test_what_is_no_moment_is_said(run, moment):
    refused(run("verify_audit", "--since", moment), "is no time, such as 2026-01-31T12:00")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59:59.9-14:00"])
def test_a_moment_without_utc_is_said(arena, run, moment):
    arena.seal()

    refused(run("verify_audit", "--since", moment), f"{moment!r} is not between the years 1 and")


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31", "2026-01-01T00:00+23:59"])
def test_every_other_moment_is_one_for_postgresql_too(arena, run, moment):
    arena.seal()

    assert run("verify_audit", "--since", moment)[0::2] == (0, "")


def test_only_what_was_looked_at_is_told(arena, run):
    arena.seal()
    arena.sql("web", set_state("locked", user=2))

    alice = run("verify_audit", "--user", "alice", "--public-key", PUBLIC)
    later = run("verify_audit", "--since", "2999-01-01", "--public-key", PUBLIC)

    assert alice[1] == "All is well: 1 entries of 1 users, 0 seals.\n"
    assert later[1] == "All is well: 0 entries of 0 users, 0 seals.\n"


@pytest.mark.parametrize("option", ["--archive", "--seal"])
def test_what_is_about_everybody_is_not_given_with_a_user(run, option):
    refused(run("verify_audit", "--user", "alice", option, "x"), f"{option} is about everybody")
