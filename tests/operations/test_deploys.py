"""A release over the one before, and back one step: both run on one database while it is done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.readiness import not_ready
from project.settings import BASE_DIR

from .clones import Clone
from .sites import Site, migrate, of
from .writers import at_work

pytestmark = pytest.mark.slow

# A program of any release: Ada locks Bob, and lets him in again, in the admin.
SERVE = """
import json, logging
import django
django.setup()
logging.disable()
from django.test import Client
from accounts.models import User
client = Client(SERVER_NAME="localhost", raise_request_exception=False)
def get(path): return client.get(path, secure=True)
ada = User.objects.filter(username="ada").first() or User.objects.create_superuser("ada")
bob = User.objects.filter(username="bob").first() or User.objects.create_superuser("bob")
client.force_login(ada)
page = f"/admin/accounts/user/{bob.pk}"
for name, seen in [("lock", "active"), ("unlock", "locked")]:
    client.post(f"{page}/transition/{name}/", {"seen": seen, "reason": "why"}, secure=True)
print(json.dumps({
    "ready": get("/readyz").content.decode().strip(),
    "pages": [get(p).status_code for p in (f"{page}/change/", "/admin/audit/userstateaudit/", "/")],
}))
"""
OF_BOB = """
select start_state || ' ' || end_state, initiated_by, coalesce(reason, '')
  from user_state_audit where username = 'bob' order by id desc limit 2
"""
LOCKED_AND_LET_IN = [("locked active", "ada", "why"), ("active locked", "ada", "why")]
FUNCTION = "select md5(prosrc) from pg_proc where proname = 'record_user_state'"
WRITTEN = """
select (select count(*) from user_state_audit where application_name like 'writer%'),
       (select count(*) from user_fsm f where current_state is distinct from (
          select end_state from user_state_audit a
           where a.user_id = f.user_id order by id desc limit 1))
"""
PEOPLE = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(101, 104) n;
insert into user_fsm (user_id, current_state) select n, 'active' from generate_series(101, 104) n
"""


@pytest.fixture(scope="module")
def next_release(sites, tmp_path_factory) -> Clone:
    """The trigger's function is another one, the audit has a migration and a column more."""
    clone = Clone(tmp_path_factory.mktemp("next_release"))
    function = "sql/install/32_record_user_state.sql"
    clone.edit(function, "left(claimed_reason, 1000)", "left(claimed_reason, 2000)")
    table = "sql/install/22_user_state_audit.sql"
    clone.edit(
        table,
        "comment on table",
        "alter table public.user_state_audit add column if not exists tenant text;\n"
        "comment on column public.user_state_audit.tenant is 'Of the next release.';\n"
        "comment on table",
    )
    for command in (["makemigrations", "audit", "--empty", "--name", "next"], ["expect_audit"]):
        done = clone.manage(*command, url=sites.url)
        assert done.returncode == 0, done.stderr
    return clone


@pytest.fixture
def newer(site, next_release) -> Site:
    """A database of the next release."""
    site = site("today")
    migrate(site.url, tree=next_release.folder)
    return site


def serve(site: Site, tree: Path = BASE_DIR) -> dict:
    """What the site says to the visitors of a program of ``tree``."""
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        **of(site.sites.url_for("wanda", site.name), tree),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def manage(
    site: Site, *arguments: str, role: str = "mia", tree: Path = BASE_DIR
) -> tuple[int, str]:
    """The exit code, and everything that is printed."""
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        **of(site.sites.url_for(role, site.name), tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_the_code_of_today_serves_on_a_newer_database(newer):
    assert serve(newer) == {"ready": "ready", "pages": [200, 200, 200]}
    assert newer.sql("postgres", OF_BOB) == LOCKED_AND_LET_IN


@pytest.mark.parametrize(
    "harm",
    [
        "alter table user_fsm disable trigger pgtrigger_record_update_0cacf",
        "alter table user_fsm enable trigger pgtrigger_record_update_0cacf",
        "drop trigger pgtrigger_record_insert_dd5c0 on user_fsm",
        "create or replace trigger pgtrigger_record_delete_d6efa after delete on user_fsm"
        " for each statement execute function suppress_redundant_updates_trigger();"
        " alter table user_fsm enable always trigger pgtrigger_record_delete_d6efa",
        "create rule mine as on update to user_fsm do instead nothing",
        "alter table user_fsm enable row level security",
    ],
)
def test_it_is_not_ready_where_any_release_would_lose_entries(newer, harm):
    newer.sql("mia", harm)

    assert not_ready(newer.django) == "changes of state may go unrecorded"


def test_the_commands_of_today_refuse_a_newer_database_in_one_sentence(newer, next_release):
    before = newer.sql("postgres", FUNCTION)
    newer_one = "The database is of a newer version, with audit."

    for code, role, *command in (
        (1, "mia", "migrate"),
        (1, "mia", "migrate", "accounts"),
        (2, "ruth", "verify_audit"),
        (2, "mia", "maintain_audit"),
        (2, "mia", "reconcile_audit", "--reason", "x"),
        (2, "mia", "seal_audit", "--key-file", key_file(next_release)),
    ):
        exit_code, printed = manage(newer, *command, role=role)

        assert (exit_code, printed.count("\n")) == (code, 1), printed
        assert newer_one in printed
    _, printed = manage(newer, "check", "--deploy", "--tag", "audit", role="wanda")
    assert "audit.W009" in printed
    assert "of a newer version" in printed
    assert newer.sql("postgres", FUNCTION) == before


def key_file(clone: Clone) -> str:
    file = clone.folder / "key"
    file.write_text("7" * 64)
    file.chmod(0o600)
    return str(file)


def test_flush_by_the_code_of_today_leaves_the_newer_function(newer):
    before = newer.sql("postgres", FUNCTION)

    assert manage(newer, "flush", "--no-input")[0] == 0

    assert newer.sql("postgres", FUNCTION) == before


def test_nothing_is_lost_when_a_release_is_rolled_out_and_back_beside_writers(site, next_release):
    site = site("today")
    site.sql("mia", PEOPLE)
    today = site.sql("postgres", FUNCTION)
    _, there = manage(site, "showmigrations", "audit", "--plan")
    last = there.split()[-1].removeprefix("audit.")

    with at_work(site, first=101) as writers:
        migrate(site.url, tree=next_release.folder)
        assert site.sql("postgres", FUNCTION) != today
        assert serve(site)["ready"] == serve(site, next_release.folder)["ready"] == "ready"
        migrate(site.url, "audit", last, tree=next_release.folder)
        site.sql("mia", "alter table user_state_audit drop column tenant")
        migrate(site.url)

    assert site.sql("postgres", WRITTEN) == [(sum(each.changes for each in writers), 0)]
    assert site.sql("postgres", FUNCTION) == today
    assert serve(site) == {"ready": "ready", "pages": [200, 200, 200]}


def test_the_next_code_on_the_database_of_today_records_but_is_not_ready(site, next_release):
    site = site("today")

    found = serve(site, next_release.folder)

    assert found == {"ready": "migrations are missing", "pages": [200, 200, 200]}
    assert site.sql("postgres", OF_BOB) == LOCKED_AND_LET_IN


def test_the_first_release_records_on_the_database_of_today(site, sites):
    """Its /readyz knows one function only, and takes it out of service."""
    site = site("today")

    found = serve(site, sites.first_release())

    assert found["pages"] == [200, 200, 200]
    assert found["ready"] != "ready"
    assert site.sql("postgres", OF_BOB) == LOCKED_AND_LET_IN


def test_the_code_of_today_records_on_the_database_of_the_first_release(site):
    site = site("first_release")

    assert serve(site)["ready"] == "migrations are missing"
    assert site.sql("postgres", OF_BOB) == LOCKED_AND_LET_IN


def test_migrate_of_the_first_release_leaves_the_database_of_today_as_it_is(site, sites):
    site = site("today")
    site.sql("mia", f"revoke temporary on database {site.name} from wanda")

    migrate(site.url, tree=sites.first_release())

    assert serve(site) == {"ready": "ready", "pages": [200, 200, 200]}
    code, printed = manage(site, "verify_audit", role="ruth")
    assert code == 0, printed
