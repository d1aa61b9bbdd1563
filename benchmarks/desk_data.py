"""A site with ten years of entries, made by SQL: see desk_events.sql and desk_month.sql."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import server  # first: it sets Django up
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.db import connection
from server import execute

from accounts.models import User
from accounts.sessions import SessionStore
from audit.migrate import SUPERVISORS
from audit.sqlfiles import text_of
from audit.summaries import keep_up
from project import postgres

HERE = Path(__file__).resolve().parent
# As somebody would set it who has so many entries; the rest is what PostgreSQL comes with.
CONFIG = {
    **{"shared_buffers": "1GB", "maintenance_work_mem": "256MB", "max_wal_size": "8GB"},
    **{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
}
YEARS = 10
# Who migrates, and does all else that an application does not.
OWNER = f"""
    create role keeper login in role user_state_audit_owner;
    grant user_state_audit_sealer to keeper;
    alter database {postgres.DATABASE} owner to keeper;
"""
MONTHS = """
    select m::text, (m + interval '1 month')::text
      from generate_series(date_trunc('month', now() - make_interval(years => %s)), now(),
                           interval '1 month') m
"""
PEOPLE = """
    insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                               is_staff, is_active, date_joined)
    overriding system value
    select u.id, u.username, '', false, '', '', '', false, true, u.since from desk_user u;
    select setval(pg_get_serial_sequence('accounts_user', 'id'), max(id)) from accounts_user;
    set constraints all immediate;
    alter table user_fsm disable trigger user;
    insert into user_fsm (user_id, current_state)
    select u.id, desk_state(u.id, u.changes - 1, u.changes, u.mass_number) from desk_user u
     where desk_state(u.id, u.changes - 1, u.changes, u.mass_number) <> 'deleted';
"""
LAST = """
    select setval(pg_get_serial_sequence('user_state_audit', 'id'), max(id)) from user_state_audit
"""
TIDY = "drop table desk_event, desk_user; drop function desk_state, desk_hash;"
SIZES = """
    select p.relname, sum(pg_relation_size(c.oid))::float / %s
      from pg_index i
      join pg_class p on p.oid = i.indexrelid
      join pg_inherits h on h.inhparent = p.oid
      join pg_class c on c.oid = h.inhrelid
     where i.indrelid = 'user_state_audit'::regclass
     group by 1
     union all
    select 'the entries themselves', sum(pg_relation_size(relid))::float / %s
      from pg_partition_tree('user_state_audit')
     order by 2
"""


@contextmanager
def filled(entries: int, years: int = YEARS) -> Iterator[postgres.Server]:
    """A server with about so many. Django's connection is the owner's, who is no superuser."""
    with postgres.temporary_server(**CONFIG) as temporary:
        let_transactions_have_been(temporary)
        temporary.make_roles()
        temporary.execute(OWNER)
        connection.close()  # of another one, where there are two
        os.environ["DATABASE_URL"] = temporary.url_for("keeper")
        server.migrate()
        fill(entries, years)
        yield temporary


def let_transactions_have_been(server: postgres.Server) -> None:
    """Those of the entries, which are numbered by the millisecond: else nothing could be sealed."""
    server.run("pg_ctl", "stop", "-D", ".", "-m", "fast", "-w")
    server.run("pg_resetwal", "--epoch=500", "-D", ".")
    server.launch(CONFIG)


def fill(entries: int, years: int) -> None:
    settings = "select set_config('desk.entries', %s, false), set_config('desk.years', %s, false)"
    execute("default", settings, [str(entries), str(years)])
    months = execute("default", MONTHS, [years])
    first = "select set_config('user_state.first_month', %s, false)"
    execute("default", first, [months[0][0].partition(" ")[0]])
    execute("default", text_of("maintain/months.sql"))
    execute("default", "set search_path = public")  # which months.sql has set
    execute("default", (HERE / "desk_events.sql").read_text("utf-8"))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for number, _ in enumerate(threads.map(write_month, months), 1):
            if number % 12 == 0:
                print(f"  {number // 12} years of {entries:,} entries", file=sys.stderr)
    execute("default", LAST)
    execute("default", PEOPLE)
    execute("default", text_of("install/33_record_triggers.sql"))
    execute("default", TIDY)
    keep_up(connection)
    execute("default", "vacuum analyze")


def write_month(bounds: tuple[str, str]) -> None:
    """On a connection of its own: each thread has one."""
    settings = "select set_config('desk.since', %s, false), set_config('desk.until', %s, false)"
    execute("default", settings, bounds)
    execute("default", (HERE / "desk_month.sql").read_text("utf-8"))
    connection.close()


def supervisor() -> str:
    """The key of a session of somebody who reads the audit."""
    user = User.objects.create_user("supervisor", password="of no use", is_staff=True)
    user.groups.add(Group.objects.get(name=SUPERVISORS))
    user.fsm.activate()
    user.fsm.save()
    user.refresh_from_db()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def sizes() -> list[tuple[str, float]]:
    """Bytes for each entry: of each index, and of the entries themselves."""
    [(entries,)] = execute("default", "select count(*) from user_state_audit")
    return execute("default", SIZES, [entries, entries])
