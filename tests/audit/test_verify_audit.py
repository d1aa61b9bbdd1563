"""verify_audit, seal_audit and reconcile_audit: what they print, and their exit codes."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
import pytest
from django.core.management import CommandError, call_command

from audit import seals
from project.settings import BASE_DIR
from tests.arena import KEY, Arena
from tests.audit.test_verify import set_state, unseen

PUBLIC = seals.public_hex(KEY)
SECRET = KEY.private_bytes_raw().hex()


@pytest.fixture
def run(arena: Arena, capsys):
    """A command on the arena, as a role: (exit code, what it printed, what it complained of)."""

    def call(*arguments: str, role: str = "rita") -> tuple[int, str, str]:
        arena.become(role)
        try:
            call_command(*arguments, database="arena")
            code = 0
        except SystemExit as end:
            code = end.code
        except CommandError as error:
            code = error.returncode
            sys.stderr.write(str(error))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def refused(result: tuple[int, str, str], *words: str) -> None:
    """One sentence, and exit code 2."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err


def test_all_is_well(run):
    assert run("verify_audit") == (0, "All is well: 2 lines of 2 users, 0 seals.\n", "")


def test_what_is_found_is_told_behind_a_line_that_sums_it_up(arena, run):
    unseen(arena, "update user_fsm set current_state = 'locked'")
    arena.sql("otto", "grant insert on user_state_audit to carl")

    code, out, _ = run("verify_audit")

    first, *rest = out.splitlines()
    assert code == 1
    assert first == "3 found (2 state, 1 grant) in 2 lines of 2 users, 0 seals."
    assert any("carl has insert" in each for each in rest)
    assert any("user 1" in each and "is locked, but the last line" in each for each in rest)


def test_programs_get_json(arena, run):
    assert json.loads(run("verify_audit", "--json")[1]) == {
        **{"ok": True, "lines": 2, "users": 2, "seals": 0, "unsealed": 0},
        **{"signatures_checked": False, "findings": []},
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
            "line_id": None,
            "detail": "is locked, but the last line ends in active",
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


def test_names_cannot_write_on_the_terminal(arena, run):
    arena.sql("otto", 'create rule "\x1b[2Jred" as on update to user_fsm do instead nothing')

    code, out, _ = run("verify_audit")

    assert code == 1
    assert "\x1b" not in out
    assert "\ufffd[2Jred" in out


def test_who_waits_at_a_terminal_is_shown_a_bar_that_leaves_nothing(arena):
    """Looking waits here for a lock, as it would take its time for many lines."""
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
    assert "Looking at every line ..." in shown.decode()
    assert shown.count(b"\n") == 1
    assert shown.endswith(b"\x1b[2K")


def test_one_user_by_name(arena, run):
    unseen(arena, set_state("locked", user=2))

    assert run("verify_audit", "--user", "alice")[0] == 0
    assert run("verify_audit", "--user", "bob")[0] == 1


def test_a_user_who_is_gone_is_known_by_his_lines(arena, run):
    arena.sql("web", "delete from user_fsm where user_id = 1")
    arena.sql("web", "delete from accounts_user where id = 1")

    assert run("verify_audit", "--user", "alice")[0] == 0


@pytest.mark.parametrize("name", ["nobody", "", "\x1b[2J"])
def test_a_user_who_never_was_is_said(run, name):
    refused(run("verify_audit", "--user", name), "Nobody is or was called")


def test_since_a_moment(arena, run):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))

    assert run("verify_audit", "--since", "2026-01-01")[0] == 1
    assert run("verify_audit", "--since", "2999-01-01T00:00+01:00")[0] == 0


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-13-01", "12:00"])
def test_what_is_no_moment_is_said(run, moment):
    refused(run("verify_audit", "--since", moment), "is no time, such as 2026-01-31T12:00")


def test_only_what_was_looked_at_is_told(arena, run):
    arena.seal()
    arena.sql("web", set_state("locked", user=2))

    alice = run("verify_audit", "--user", "alice", "--public-key", PUBLIC)
    later = run("verify_audit", "--since", "2999-01-01", "--public-key", PUBLIC)

    assert alice[1] == "All is well: 1 lines of 1 users, 0 seals.\n"
    assert later[1] == "All is well: 0 lines of 0 users, 0 seals.\n"


def test_signatures_are_checked_by_the_public_key(arena, run):
    arena.seal()

    without = run("verify_audit")
    assert "1 seals (signatures not checked: no key)" in without[1]
    assert run("verify_audit", "--public-key", PUBLIC) == (
        0,
        "All is well: 2 lines of 2 users, 1 seals.\n",
        "",
    )


def test_signatures_are_checked_by_the_key_of_the_environment(arena, run, monkeypatch):
    arena.seal()
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)

    assert "not checked" not in run("verify_audit")[1]


@pytest.mark.parametrize("key", ["", "nonsense", "a" * 63, "a" * 66, "ø" * 64])
def test_what_is_no_key_is_said(arena, run, monkeypatch, tmp_path, key):
    arena.seal()
    refused(run("verify_audit", "--public-key", key), "In --public-key: This is no key")

    monkeypatch.setenv("AUDIT_SEAL_KEY", key)
    refused(run("verify_audit"), "In AUDIT_SEAL_KEY: This is no key")
    refused(run("seal_audit", role="sealer"), "In AUDIT_SEAL_KEY: This is no key")

    file = tmp_path / "key"
    file.write_text(key)
    command = ("seal_audit", "--key-file", str(file))
    refused(run(*command, role="sealer"), str(file), "This is no key")


def test_another_key_is_said(arena, run, monkeypatch):
    arena.seal()
    other = seals.new_key()

    refused(run("verify_audit", "--public-key", seals.public_hex(other)), "it is the wrong one")
    monkeypatch.setenv("AUDIT_SEAL_KEY", other.private_bytes_raw().hex())
    arena.sql("web", set_state("locked"))
    refused(run("seal_audit", role="sealer"), "Seal 1 was made with the key")


def test_a_printed_seal_is_held_against_the_database(arena, run):
    printed = str(arena.seal())

    assert run("verify_audit", "--seal", printed)[0] == 0
    assert run("verify_audit", "--seal", printed, "--public-key", PUBLIC)[0] == 0


def test_a_printed_seal_that_is_not_there_is_found(arena, run):
    other = str(arena.seal()).replace("number=1", "number=7")

    code, out, _ = run("verify_audit", "--seal", other)

    assert code == 1
    assert "seal 7" in out


@pytest.mark.parametrize("cut", [1, 128, 300, 10_000])
def test_a_seal_that_is_cut_short_is_said(arena, run, cut):
    line = str(arena.seal())[:-cut]

    refused(run("verify_audit", "--seal", line), "In --seal: This is no line of a seal")


def test_a_seal_that_was_altered_is_said(arena, run):
    line = str(arena.seal()).replace("lines=2", "lines=3")

    refused(
        run("verify_audit", "--seal", line, "--public-key", PUBLIC),
        "was not signed with the key that is given",
    )


def test_a_new_key_is_two_lines(run):
    code, out, _ = run("seal_audit", "--new-key")

    secret, public = out.splitlines()
    assert code == 0
    assert secret.startswith("AUDIT_SEAL_KEY=")
    assert seals.public_hex(seals.private_key(secret)) == public


def test_sealing_prints_the_line_of_the_seal_and_no_other(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)

    code, out, err = run("seal_audit", role="sealer")
    again = run("seal_audit", role="sealer")

    assert (code, err) == (0, "")
    [seal] = seals.Seal.from_text(out)
    assert seal.is_signed_by(KEY.public_key())
    assert out.count("\n") == 1
    assert again == (0, "", "Nothing new to seal.\n")


def test_lines_that_wait_for_a_transaction_are_told(arena, run, monkeypatch):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    with arena.session("rita") as idle, idle.cursor() as cursor:
        cursor.execute("begin; select pg_current_xact_id()")
        run("seal_audit", role="sealer")
        arena.sql("web", set_state("locked"))

        waiting = run("seal_audit", role="sealer")
        verified = run("verify_audit")

    assert waiting == (0, "", "Nothing can be sealed yet: 1 lines wait for a transaction to end.\n")
    assert verified[1] == "All is well: 3 lines of 2 users, 1 seals, 1 lines not sealed yet.\n"


def test_the_newest_seal_is_printed_again(arena, run):
    refused(run("seal_audit", "--last", role="sealer"), "Nothing was sealed yet")
    arena.seal()
    arena.sql("web", set_state("locked"))
    newest = arena.seal()

    assert run("seal_audit", "--last", role="sealer") == (0, f"{newest}\n", "")


def test_the_key_may_be_in_a_file(arena, run, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"AUDIT_SEAL_KEY={SECRET}\n{PUBLIC}\n")

    assert run("seal_audit", "--key-file", str(file), role="sealer")[0] == 0
    missing = run("seal_audit", "--key-file", str(tmp_path / "none"), role="sealer")
    refused(missing, "Can't read", "No such file")


def test_sealing_needs_a_key(run, monkeypatch):
    monkeypatch.delenv("AUDIT_SEAL_KEY", raising=False)

    refused(run("seal_audit", role="sealer"), "AUDIT_SEAL_KEY", "--key-file")


@pytest.mark.parametrize("every", ["0", "-1", "soon", "nan", "inf"])
def test_what_is_no_interval_is_said(run, every):
    refused(run("seal_audit", "--every", every), "is no number of seconds")


@contextmanager
def sealing(arena: Arena) -> Iterator[subprocess.Popen]:
    """A process of its own that keeps sealing."""
    environment = os.environ | {
        "DATABASE_URL": arena.server.url_for("sealer", arena.name),
        "AUDIT_SEAL_KEY": SECRET,
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "seal_audit", "--every", "0.1"],
        env=environment,
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as sealer:
        yield sealer
        sealer.terminate()


def test_it_keeps_going_until_it_is_told_to_end(arena):
    """Also when the server drops its connection."""
    with sealing(arena) as sealer:
        lines = [sealer.stdout.readline()]
        arena.sql("web", set_state("locked"))
        lines.append(sealer.stdout.readline())
        arena.sql(
            "postgres",
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sealer'",
        )
        arena.sql("web", set_state("active"))
        lines.append(sealer.stdout.readline())

    assert [seal.number for seal in seals.Seal.from_text("".join(lines))] == [1, 2, 3]
    assert arena.verify(keys=[KEY.public_key()]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("delete from user_state_seal", "Seal 1 was printed, and is not here"),
        ("update user_state_seal set lines = 7", "Seal 1 was printed otherwise"),
    ],
)
def test_it_ends_where_what_it_printed_is_gone(arena, change, told):
    """As when an old backup is restored under it."""
    with sealing(arena) as sealer:
        sealer.stdout.readline()
        arena.sql("postgres", "alter table user_state_seal disable trigger user", change)
        _, complaints = sealer.communicate(timeout=30)

    assert sealer.returncode == 2
    assert told in complaints.splitlines()[-1]


@pytest.mark.parametrize("command", ["verify_audit", "seal_audit", "reconcile_audit"])
def test_a_database_of_an_older_version_is_said(arena, run, monkeypatch, command):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.sql("otto", "delete from django_migrations where name = '0003_closer_look'")
    reason = ("--reason", "x") if command == "reconcile_audit" else ()

    refused(run(command, *reason), "of an older version", "0003_closer_look", "migrate")


@pytest.mark.parametrize("command", ["verify_audit", "seal_audit", "reconcile_audit"])
def test_a_database_of_a_newer_version_is_said(arena, run, monkeypatch, command):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.sql(
        "otto",
        "insert into django_migrations (app, name, applied) values ('audit', '9999_more', now())",
    )
    reason = ("--reason", "x") if command == "reconcile_audit" else ()

    refused(run(command, *reason), "of a newer version", "9999_more")


@pytest.mark.parametrize(
    "harm",
    [
        "drop table user_state_seal cascade",
        "drop table user_state_audit cascade",
        "drop table user_state_transition cascade",
        "alter table user_state_audit drop column user_id cascade",
        "alter table user_state_seal drop column signature",
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_is_gone_is_found(arena, run, harm, as_json):
    """However much: it is no reason not to look at what is left."""
    printed = str(arena.seal())
    arena.sql("postgres", harm)

    code, out, err = run("verify_audit", "--public-key", PUBLIC, "--seal", printed, *as_json)

    assert (code, err) == (1, "")
    assert "is missing" in out or "has other columns" in out
    assert not as_json or json.loads(out)["ok"] is False


@pytest.mark.parametrize(
    "seal",
    [
        "9223372036854775807, now(), 1, 0, 0, 1, 9223372036854775807, 0, 0, 'x', 'x', 'x', 'x'",
        "2, now(), 1, 0, 0, 1, 9223372036854775807, 0, 0, 'x', 'x', 'x', 'x'",
    ],
)
def test_a_seal_that_cannot_be_is_found(arena, run, seal):
    arena.seal()
    arena.sql("sealer", f"insert into user_state_seal values ({seal})")

    code, out, err = run("verify_audit", "--public-key", PUBLIC)

    assert (code, err) == (1, "")
    assert "follows on seal 1" in out or "sealed 9223372036854775807 lines" in out


def test_a_seal_of_never_is_refused(arena):
    with pytest.raises(psycopg2.errors.CheckViolation):
        arena.sql(
            "sealer",
            "insert into user_state_seal values"
            " (1, 'infinity', 1, 0, 0, 1, 1, 0, 0, 'x', 'x', 'x', 'x')",
        )


@pytest.mark.parametrize("argument", ["--user", "--since", "--seal", "--public-key"])
def test_what_is_no_text_is_said(run, argument):
    code, _, err = run("verify_audit", argument, "\udcff")

    assert code == 2
    assert "Traceback" not in err


def test_an_alias_that_is_none_is_said(run, capsys):
    with pytest.raises(CommandError, match="doesn't exist") as error:
        call_command("verify_audit", database="nope")

    assert error.value.returncode == 2


@pytest.mark.parametrize("command", [["verify_audit"], ["seal_audit", "--new-key"]])
def test_what_cannot_be_written_is_said(arena, command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            env=os.environ | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
            cwd=BASE_DIR,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 2
    assert "What was found can't be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["verify_audit", "seal_audit"])
def test_a_database_without_any_of_it_is_said(arena, run, monkeypatch, command):
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)
    arena.sql("postgres", "drop schema public cascade", "create schema public")

    refused(run(command, role="postgres"), "of an older version")


def test_a_database_out_of_reach_is_said(arena, run):
    arena.django.settings_dict["HOST"] = "/nowhere"

    refused(run("verify_audit"), "The database refused")


def test_who_may_not_look_is_told(arena, run):
    arena.sql("otto", "grant select on django_migrations to carl")
    arena.sql("postgres", "revoke user_state_audit_reader from carl")
    try:
        refused(run("verify_audit", role="carl"), "permission denied")
    finally:
        arena.sql("postgres", "grant user_state_audit_reader to carl")


def test_who_seals_may_not_look(run):
    refused(run("verify_audit", role="sealer"), "permission denied for function verify_user")


def test_reconciling_writes_what_is_missing_and_alters_nothing(arena, run):
    unseen(
        arena,
        set_state("locked"),
        "delete from user_fsm where user_id = 2",
    )
    before = arena.sql("rita", "select * from user_state_audit order by id")

    code, out, _ = run("reconcile_audit", "--reason", "bulk load", role="otto")

    assert code == 0
    assert out == "alice: active → locked\nbob: active → deleted\n2 lines written.\n"
    assert arena.sql("rita", "select * from user_state_audit order by id")[:2] == before
    assert arena.sql(
        "rita",
        "select username, initiated_by, start_state, end_state, transition, reason, db_user"
        " from user_state_audit where id > 2 order by id",
    ) == [
        ("alice", "system:reconcile", "active", "locked", "lock", "bulk load", "otto"),
        ("bob", "system:reconcile", "active", "deleted", None, "bulk load", "otto"),
    ]
    assert arena.verify() == []
    assert run("reconcile_audit", "--reason", "again", role="otto")[1] == "Nothing is missing.\n"


def test_a_user_without_any_line_gets_one(arena, run):
    arena.sql(
        "postgres",
        "alter table user_fsm disable trigger user",
        "insert into accounts_user (id, username, password, is_superuser, first_name, last_name,"
        " email, is_staff, is_active, date_joined) overriding system value"
        " values (3, 'carol', '', false, '', '', 'c@example.com', false, true, now())",
        "insert into user_fsm (user_id, current_state) values (3, 'invited')",
    )

    code, out, _ = run("reconcile_audit", "--reason", "import", role="otto")

    assert (code, out) == (0, "carol: new → invited\n1 lines written.\n")


def test_nothing_is_missing_where_lines_are_in_another_order(arena, run):
    """The line that was written last is not of the last change."""
    arena.sql(
        "otto",
        "create function again() returns trigger language plpgsql as $$ begin"
        " if NEW.current_state = 'locked' then update user_fsm set current_state = 'deactivated'"
        " where user_id = NEW.user_id; end if; return null; end $$",
        "create trigger again after update on user_fsm for each row execute function again()",
    )
    arena.sql("web", set_state("locked"))

    assert run("reconcile_audit", "--reason", "x", role="otto")[1] == "Nothing is missing.\n"
    unseen(arena, "alter table user_fsm disable trigger again", set_state("invited"))
    assert "deactivated → invited" in run("reconcile_audit", "--reason", "x", role="otto")[1]
    assert [each.kind for each in arena.verify()] == []


def test_reconciling_does_not_wait_for_ever(arena, run, monkeypatch):
    monkeypatch.setattr("audit.isolation.LOCK_TIMEOUT", "100ms")
    with arena.session("web") as writer, writer.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(set_state("locked"))

        refused(run("reconcile_audit", "--reason", "x", role="otto"), "lock timeout")


def test_a_gap_in_the_middle_stays(arena, run):
    unseen(arena, set_state("locked"))
    arena.sql("web", set_state("active"))

    assert run("reconcile_audit", "--reason", "x", role="otto")[1] == "Nothing is missing.\n"
    assert [each.kind for each in arena.verify()] == ["gap"]


@pytest.mark.parametrize("reason", ["", "  "])
def test_reconciling_needs_a_reason(run, reason):
    refused(run("reconcile_audit", "--reason", reason, role="otto"), "--reason")


def test_reconciling_is_for_the_owner(arena, run):
    refused(run("reconcile_audit", "--reason", "x", role="web"), "permission denied")


def test_nobody_changes_a_state_while_it_is_reconciled(arena):
    unseen(arena, set_state("locked"))
    with arena.session("otto") as owner, owner.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select * from reconcile_user_state('x')")

        with pytest.raises(psycopg2.errors.LockNotAvailable):
            arena.sql("web", "set lock_timeout = '50ms'", set_state("active"))
