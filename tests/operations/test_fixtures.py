"""dumpdata, loaddata and flush: what they write is recorded, and history stays where it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .sites import Site, of

pytestmark = pytest.mark.slow

PEOPLE = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(1, 3) n;
insert into user_fsm (user_id, current_state) select n, 'invited' from generate_series(1, 3) n;
update user_fsm set current_state = 'active' where user_id < 3;
update user_fsm set current_state = 'locked' where user_id = 1
"""
HISTORY = "select username, start_state, end_state, initiated_by from user_state_audit order by id"
AS_LOADED = {
    ("user1", "new", "locked", "CLI"),
    ("user2", "new", "active", "CLI"),
    ("user3", "new", "invited", "CLI"),
}


def manage(site: Site, *arguments: str, role: str = "mia") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        **of(site.sites.url_for(role, site.name)),
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def verify(site: Site) -> str:
    # A copy of a database has not what was granted on it.
    manage(site, "migrate")
    site.sql("mia", f"revoke temporary on database {site.name} from wanda")
    return manage(site, "verify_audit", role="ruth")[1]


@pytest.fixture
def peopled(site) -> Site:
    site = site("today")
    site.sql("mia", *PEOPLE.split(";\n"))
    return site


def dumped(site: Site, file: Path, *arguments: str, role: str = "mia") -> list[dict]:
    code, output, complaint = manage(site, "dumpdata", *arguments, role=role)
    assert (code, complaint) == (0, "")
    file.write_text(output)
    return json.loads(output)


@pytest.mark.parametrize("role", ["mia", "wanda"])
def test_everything_is_dumped_with_the_audit_and_loaded_without_it(peopled, site, role, tmp_path):
    rows = dumped(peopled, tmp_path / "all.json", role=role)
    assert sum(row["model"] == "audit.userstateaudit" for row in rows) == 6
    other = site("today")

    code, output, complaint = manage(other, "loaddata", str(tmp_path / "all.json"))

    assert complaint == (
        "6 entries of user_state_audit left out: only pg_dump and pg_restore move history.\n"
    )
    assert code == 0
    assert "Installed" in output
    history = other.sql("postgres", HISTORY)
    assert (len(history), set(history)) == (3, AS_LOADED)
    assert "All is well" in verify(other)


def test_what_is_loaded_again_is_not_recorded_again(peopled, tmp_path):
    dumped(peopled, tmp_path / "all.json")
    before = peopled.sql("postgres", HISTORY)

    for _ in range(2):
        assert manage(peopled, "loaddata", str(tmp_path / "all.json"))[0] == 0

    assert peopled.sql("postgres", HISTORY) == before


@pytest.mark.parametrize("option", ["--format=json", "--natural-foreign"])
def test_states_may_come_before_their_users(peopled, site, option, tmp_path):
    dumped(peopled, tmp_path / "states.json", "accounts.userfsm", option)
    dumped(peopled, tmp_path / "users.json", "accounts.user")
    other = site("today")

    code, _, complaint = manage(
        other, "loaddata", *(str(tmp_path / f"{each}.json") for each in ("states", "users"))
    )

    assert (code, complaint) == (0, "")
    assert set(other.sql("postgres", HISTORY)) == AS_LOADED
    assert "All is well" in verify(other)


@pytest.mark.parametrize("what", ["all", "accounts.user"])
def test_who_serves_may_not_load_and_is_told_so(peopled, site, what, tmp_path):
    """They are granted rows, and neither sequences nor what migrate makes."""
    dumped(peopled, tmp_path / "all.json", *([] if what == "all" else [what]))
    other = site("today")

    code, _, complaint = manage(other, "loaddata", str(tmp_path / "all.json"), role="wanda")

    assert (code, complaint.count("\n")) == (1, 1), complaint
    assert "Nothing was loaded: " in complaint
    assert "permission denied for " in complaint
    assert other.sql("postgres", HISTORY) == []


def test_states_without_users_are_refused_in_one_sentence(peopled, site, tmp_path):
    dumped(peopled, tmp_path / "states.json", "accounts.userfsm")
    other = site("today")

    code, _, complaint = manage(other, "loaddata", str(tmp_path / "states.json"))

    assert (code, complaint.count("\n")) == (1, 1), complaint
    assert "Nothing was loaded: " in complaint
    assert other.sql("postgres", HISTORY) == []


@pytest.mark.parametrize("what", ["accounts.userfsm", "accounts"])
def test_what_is_excluded_is_not_loaded(peopled, site, what, tmp_path):
    rows = dumped(peopled, tmp_path / "all.json", "--exclude", "audit")
    out = [row for row in rows if row["model"].startswith(what)]
    other = site("today")

    code, output, _ = manage(other, "loaddata", "--exclude", what, str(tmp_path / "all.json"))

    assert code == 0
    assert f"Installed {len(rows) - len(out)} object(s) (of {len(rows)})" in output
    assert other.sql("mia", "select id from user_fsm") == []
    assert len(other.sql("mia", "select id from accounts_user")) == (3 if len(out) == 3 else 0)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda text: text.rstrip()[:-1], "Expecting "),
        (lambda text: text.replace('"current_state"', '"condition"'), "no field named 'condition'"),
        (lambda text: text.replace('"locked"', '"nowhere"'), "violates check constraint"),
        (lambda text: text.replace('"locked"', '"\\u0000"'), "cannot contain NUL"),
    ],
)
def test_a_damaged_fixture_is_refused_in_one_sentence(peopled, site, harm, told, tmp_path):
    dumped(peopled, tmp_path / "all.json", "--exclude", "audit")
    (tmp_path / "bad.json").write_text(harm((tmp_path / "all.json").read_text()))
    other = site("today")

    code, _, complaint = manage(other, "loaddata", str(tmp_path / "bad.json"))

    assert (code, complaint.count("\n")) == (1, 1), complaint
    assert "Nothing was loaded: " in complaint
    assert told in complaint
    assert other.sql("mia", "select id from accounts_user") == []


def test_after_loading_new_users_and_changes_go_on(peopled, site, tmp_path):
    dumped(peopled, tmp_path / "all.json")
    other = site("today")
    manage(other, "loaddata", str(tmp_path / "all.json"))

    manage(other, "invite_user", "new@example.com", role="wanda")

    assert ("new", "invited") in [row[1:3] for row in other.sql("postgres", HISTORY)[3:]]


def test_flush_is_recorded_and_leaves_the_history(peopled):
    before = peopled.sql("postgres", HISTORY)

    code, _, complaint = manage(peopled, "flush", "--no-input")

    assert (code, complaint) == (0, "")
    history = peopled.sql("postgres", HISTORY)
    assert history[: len(before)] == before
    assert {row[1:3] for row in history[len(before) :]} == {
        ("locked", "deleted"),
        ("active", "deleted"),
        ("invited", "deleted"),
    }
    assert "All is well" in verify(peopled)


def test_flush_by_who_serves_is_refused_without_a_traceback(peopled):
    before = peopled.sql("postgres", HISTORY)

    code, _, complaint = manage(peopled, "flush", "--no-input", role="wanda")

    assert code == 1
    assert "Traceback" not in complaint
    assert peopled.sql("postgres", HISTORY) == before
