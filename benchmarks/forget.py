"""How long forget_user takes for somebody with many entries among many more, and whether every
seal and history is as before. See README.md."""

import argparse
import os
import tempfile
import time
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from server import cpu_seconds, migrate, postgres

from audit import seals
from audit.forget import forget
from audit.sqlfiles import send
from project import local

ROUND = 100  # entries of each user
PEOPLE = """
    insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                               is_staff, is_active, date_joined)
    overriding system value
    select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(0, %s) n
"""
# User 0's entries lie among the others', some of which they made: half of those with their key.
ENTRIES = """
    insert into user_state_audit
      (username, user_id, start_state, end_state, transition, datetime, initiated_by, initiator_id,
       ip_address, reason, db_user, application_name, transaction_id, subject_salt, actor_salt)
    select 'user' || e.user_id, e.user_id,
           case when e.n = 0 then 'new' when e.n %% 2 = 1 then 'active' else 'locked' end,
           case when e.n + 1 = e.entries then 'deactivated'
                when e.n %% 2 = 1 then 'locked' else 'active' end,
           case when e.n = 0 then null when e.n + 1 = e.entries then 'deactivate'
                when e.n %% 2 = 1 then 'lock' else 'unlock' end,
           timestamptz '2025-01-01 00:00+00' + e.place * interval '600 days',
           case when e.by_them then 'user0' else 'mona' end,
           case when not e.by_them then -1 when e.n %% 2 = 0 then 0 end,
           '10.0.0.1', 'because', 'web', 'desk', 3,
           uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
      from (select 0 as user_id, n, %(theirs)s as entries, n::float8 / %(theirs)s as place,
                   false as by_them
              from generate_series(0, %(theirs)s - 1) n
            union all
            select 1 + n %% %(users)s, n / %(users)s, %(round)s,
                   n::float8 / (%(users)s * %(round)s),
                   n %% (%(users)s * %(round)s / %(theirs)s) = 0
              from generate_series(0, %(users)s * %(round)s - 1) n) e
     order by e.place
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--theirs", type=int, default=10_000)
    options = parser.parse_args()
    with postgres.temporary_server() as server, tempfile.TemporaryDirectory() as folder:
        local.use(server)
        migrate()
        fill(options.entries // ROUND, options.theirs)
        os.environ["AUDIT_SEAL_KEY"] = seals.new_key().private_bytes_raw().hex()
        os.environ["AUDIT_SEAL_STATE"] = str(Path(folder) / "state.json")
        call_command("seal_audit", stdout=StringIO())
        print("  before:", verified())
        start = time.perf_counter()
        erased = []
        cpu = cpu_seconds("default", lambda: erased.append(forget(connection, 0, "request 4711")))
        print(
            f"  {erased[0].as_subject:,} entries as subject, {erased[0].as_actor:,} as actor:"
            f" {time.perf_counter() - start:.1f} s, of which PostgreSQL computes {cpu:.1f} s"
        )
        print("  after: ", verified())
        connection.close()


def fill(users: int, theirs: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set user_state.first_month = '2025-01-01'")
        send(connection, "maintain/months.sql")
        cursor.execute("alter table user_fsm disable trigger user")
        cursor.execute(PEOPLE, [users])
        cursor.execute(
            "insert into user_fsm (user_id, current_state)"
            " select n, 'deactivated' from generate_series(0, %s) n",
            [users],
        )
        cursor.execute(ENTRIES, {"users": users, "theirs": theirs, "round": ROUND})
    migrate()  # switches the triggers on
    call_command("maintain_audit", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze user_state_audit")


def verified() -> str:
    out = StringIO()
    call_command("verify_audit", as_superuser=True, stdout=out)
    return out.getvalue().strip()


if __name__ == "__main__":
    main()
