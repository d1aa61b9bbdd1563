"""The audit added to a database that already has users: what README.md says of it."""

import os
import subprocess
import sys

import pytest

from project.settings import BASE_DIR

from .sites import Site

pytestmark = pytest.mark.slow

USERS = """
with people as (
  insert into accounts_user (username, password, is_superuser, first_name, last_name, email,
                             is_staff, is_active, date_joined)
  select 'user' || n, '', false, '', '', 'user' || n || '@example.com', false, true, now()
    from generate_series(1, 3000) n
  returning id)
insert into user_fsm (user_id, current_state)
select id, case id % 3 when 0 then 'active' when 1 then 'locked' else 'deactivated' end from people
"""


def manage(site: Site, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=os.environ | {"DATABASE_URL": site.url},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_users_that_were_there_before(site):
    site = site("accounts")
    site.sql("postgres", f"revoke temporary on database {site.name} from wanda, ruth")
    site.sql("mia", USERS)

    assert manage(site, "migrate", "--verbosity", "0")[0] == 0
    code, out = manage(site, "verify_audit")
    assert code == 1
    assert "and no entry says how" in out
    code, out = manage(site, "reconcile_audit", "--reason", "They were here before the audit.")
    assert (code, out.splitlines()[-1]) == (0, "3,000 entries written.")
    assert manage(site, "verify_audit")[0] == 0
    assert site.sql(
        "mia", "select distinct start_state, initiated_by, reason from user_state_audit"
    ) == [("new", "system:reconcile", "They were here before the audit.")]


def test_who_changes_before_keeps_a_gap_at_the_beginning(site):
    site = site("accounts")
    site.sql("postgres", f"revoke temporary on database {site.name} from wanda, ruth")
    site.sql("mia", USERS.replace("3000", "4"))
    assert manage(site, "migrate", "--verbosity", "0")[0] == 0
    site.sql("mia", "update user_fsm set current_state = 'invited' where user_id = 2")

    assert manage(site, "reconcile_audit", "--reason", "late")[1].endswith("3 entries written.\n")
    code, out = manage(site, "verify_audit")

    assert code == 1
    assert out.startswith("1 found (1 gap) in 4 entries of 4 users")
    assert "begins in deactivated, but the one before ends in no state" in out
