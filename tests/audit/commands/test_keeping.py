"""verify_audit keeps what it has found, once it has told it; where it can't, that changes nothing
else."""

import subprocess
import sys

import psycopg2
import pytest

from audit.expectation import of_catalog
from audit.readiness import newest_migration
from audit.verifications import newest
from project.settings import BASE_DIR
from tests.audit.attacks.statements import HARMLESS_YET, NOTHING, RUN, SHOWS_THAT_IT_RUNS
from tests.audit.processes import environment
from tests.audit.test_verify import set_state, unseen

from .told import PUBLIC

TABLE = "user_state_verification"
OWN_CODE = [
    f"create trigger mine before insert on {TABLE} for each row execute function nothing()",
    f"alter table {TABLE} alter db_user set default mine(1)::text",
    f"alter table {TABLE} add column mine boolean default mine(1)",
    f"alter table {TABLE} add constraint mine check (mine(id))",
    f"create rule mine as on insert to {TABLE} do also select mine(1)",
    f"create index on {TABLE} (mine(id))",
    f"alter table {TABLE} enable row level security;"
    f" create policy mine on {TABLE} using (mine(1)) with check (mine(1))",
]
WELL = "All is well: 2 entries of 2 users, 0 seals.\n"


def kept(arena) -> list[tuple]:
    return [each[2:] for each in reversed(newest(arena.django, 100))]


def not_kept(result: tuple[int, str, str], code: int, *words: str) -> None:
    """One sentence says so, and the verdict stands."""
    exit_code, out, err = result
    assert exit_code == code
    assert (out == WELL) == (code == 0)
    assert len(err.splitlines()) == 1
    for word in ("The result was not kept: ", *words):
        assert word in err


def test_it_is_kept_with_who_looked(arena, run):
    assert run("verify_audit") == (0, WELL, "")

    arena.seal()
    arena.sql("web", set_state("locked"))
    unseen(arena, set_state("active"), set_state("locked", user=2))
    arena.sql("otto", "grant insert on user_state_audit to carl")
    for options in ([], ["--json"], ["--public-key", PUBLIC]):
        assert run("verify_audit", *options)[::2] == (1, "")

    found = {"state": 2, "grant": 1}
    release = newest_migration()
    assert kept(arena) == [
        ("rita", {}, 2, 2, 0, 0, False, release),
        *[("rita", found, 3, 2, 1, 1, checked, release) for checked in (False, False, True)],
    ]


@pytest.mark.parametrize("part", [("--since", "2026-01-01"), ("--user", "alice")])
def test_a_part_is_not_kept(arena, run, part):
    assert run("verify_audit", *part)[::2] == (0, "")

    assert kept(arena) == []


@pytest.mark.parametrize(
    ("role", "harm", "code", "reason"),
    [
        ("web", "select 1", 0, f"permission denied for table {TABLE}"),
        ("rita", "alter database {} set default_transaction_read_only = on", 0, "is read-only"),
        ("rita", f"drop table {TABLE}", 1, f'"public.{TABLE}" does not exist'),
        ("rita", f"alter table {TABLE} drop column unsealed", 1, "is not as it should be"),
        ("rita", f"revoke insert (users) on {TABLE} from user_state_audit_reader", 1, "denied"),
    ],
)
def test_where_it_cannot_be_kept_one_sentence_says_so(arena, run, role, harm, code, reason):
    arena.sql("postgres", harm.format(arena.name))

    not_kept(run("verify_audit", role=role), code, reason)


def test_nobody_is_waited_for_without_end(arena, run, monkeypatch):
    monkeypatch.setattr("audit.isolation.LOCK_TIMEOUT", "100ms")
    with arena.session("otto") as session, session.cursor() as cursor:
        cursor.execute(f"begin; lock table {TABLE} in share mode")

        not_kept(run("verify_audit"), 0, "lock timeout")


@pytest.mark.parametrize(
    "code", [OWN_CODE[0], *(pytest.param(each, marks=pytest.mark.slow) for each in OWN_CODE[1:])]
)
def test_code_of_the_owners_is_not_run_to_keep_it(arena, run, code):
    arena.sql("otto", HARMLESS_YET, NOTHING, code, SHOWS_THAT_IT_RUNS)

    result = run("verify_audit")

    not_kept(result, 1)
    assert RUN not in result[2]


def test_the_owner_adds_no_code_between_look_and_insert(arena, run, monkeypatch):
    arena.sql("otto", NOTHING)
    trigger = f"create trigger mine before insert on {TABLE} execute function nothing()"

    def look(connection):
        found = of_catalog(connection)
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            arena.sql("otto", "set lock_timeout = '100ms'", trigger)
        return found

    monkeypatch.setattr("audit.verifications.of_catalog", look)

    assert run("verify_audit") == (0, WELL, "")


@pytest.mark.slow
def test_a_superuser_who_looks_is_named(arena, run):
    assert run("verify_audit", "--as-superuser", role="postgres")[::2] == (0, "")

    assert kept(arena)[0][0] == "postgres"


@pytest.mark.slow
def test_what_could_not_be_told_is_not_kept(arena):
    """Also where Python buffers what is printed, as it does for a file."""
    buffered = environment(arena, "rita")
    buffered.pop("PYTHONUNBUFFERED", None)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", "verify_audit"],
            env=buffered,
            cwd=BASE_DIR,
            stdout=full,
            stderr=subprocess.DEVNULL,
        )

    assert done.returncode == 2
    assert kept(arena) == []


@pytest.mark.slow
def test_who_cannot_be_told_that_it_was_not_kept_gets_the_verdict(arena):
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} manage.py verify_audit 2>/dev/full"],
        env=environment(arena, "web"),
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, WELL)
