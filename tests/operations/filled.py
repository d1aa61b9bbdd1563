"""An audit of the first release with a past: histories without a gap, over some years."""

from .sites import Site

USERS = 200
# Everybody's history begins with new, goes to and fro, and ends where user_fsm says they are.
FILL = """
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now() from generate_series(1, {users}) n;
alter table user_fsm disable trigger user;
insert into user_fsm (user_id, current_state)
select n, case when {rounds} % 2 = 1 then 'active' else 'locked' end
  from generate_series(1, {users}) n;
alter table user_fsm enable trigger user;
alter table user_fsm enable always trigger pgtrigger_record_insert_dd5c0,
  enable always trigger pgtrigger_record_update_0cacf,
  enable always trigger pgtrigger_record_delete_d6efa,
  enable always trigger pgtrigger_record_truncate_0957c;
insert into user_state_audit
  (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
   reason, request_id, db_user, application_name, client_addr, transaction_id)
select 'user' || n, 'mona',
       case when r = 1 then 'new' when r % 2 = 1 then 'locked' else 'active' end,
       case when r % 2 = 1 then 'active' else 'locked' end,
       now() - interval '{years} years' * ({rounds} - r + 1) / {rounds} + interval '1 ms' * n,
       '192.0.2.1', n, case when r = 1 then null when r % 2 = 1 then 'unlock' else 'lock' end, null,
       'request' || r, 'web', null, '192.0.2.2', pg_current_xact_id()::text::bigint - 1
  from generate_series(1, {rounds}) r, generate_series(1, {users}) n
 order by r, n;
analyze
"""


def fill(site: Site, entries: int, years: int = 2) -> None:
    statements = FILL.format(users=USERS, rounds=entries // USERS, years=years)
    site.sql("postgres", *statements.split(";\n"))


def old_entries(*moments: str) -> str:
    """SQL for whoever may do anything: entries of user 7, as if written at these moments."""
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        " ip_address, user_id, db_user, transaction_id)"
        " select 'x', 'x', 'x', 'x', moment::timestamptz, 'x', 7, 'x', 3 from (values "
        + ", ".join(f"('{each}')" for each in moments)
        + ") as moments (moment)"
    )
