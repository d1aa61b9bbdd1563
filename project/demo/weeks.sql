-- The weeks before today of the demo: entries of the past, and the states that they lead to.
--
-- Who runs it: `up`, as the owner of its own server, in a database without states. past.py makes the
-- users and the months before, and turns the triggers on again after it, all in one transaction.
-- Why it is honest: db_user is whoever runs it, application_name is "demo", and all of it has one
-- transaction_id. verify_audit finds nothing: each history leads to the present state.

set constraints all immediate; -- Django defers its foreign keys, and a table with work left is not altered
alter table public.user_fsm disable trigger user;

with change (days, at_time, username, start_state, end_state, transition, actor, ip, reason) as (
  values
    (42, time '08:30:12', 'superadmin', 'new', 'active', null, 'CLI', 'CLI', null),
    (42, '08:41:05', 'manager', 'new', 'invited', null, 'superadmin', '203.0.113.10', null),
    (42, '08:41:40', 'mona', 'new', 'invited', null, 'superadmin', '203.0.113.10', null),
    (42, '08:42:21', 'supervisor', 'new', 'invited', null, 'superadmin', '203.0.113.10', null),
    (42, '09:03:54', 'manager', 'invited', 'active', 'activate', 'manager', '203.0.113.21', null),
    (42, '10:17:30', 'supervisor', 'invited', 'active', 'activate', 'supervisor', '203.0.113.30', null),
    (41, '07:58:02', 'mona', 'invited', 'active', 'activate', 'mona', '203.0.113.22', null),
    (40, '09:10:00', 'alice', 'new', 'invited', null, 'manager', '203.0.113.21', null),
    (40, '09:10:00', 'bob', 'new', 'invited', null, 'manager', '203.0.113.21', null),
    (40, '09:10:01', 'carol', 'new', 'invited', null, 'manager', '203.0.113.21', null),
    (40, '09:10:01', 'dave', 'new', 'invited', null, 'manager', '203.0.113.21', null),
    (40, '09:24:37', 'alice', 'invited', 'active', 'activate', 'alice', '198.51.100.7', null),
    (40, '09:31:10', 'dave', 'invited', 'active', 'activate', 'dave', '198.51.100.19', null),
    (40, '14:02:49', 'bob', 'invited', 'active', 'activate', 'bob', '198.51.100.8', null),
    (39, '16:45:33', 'carol', 'invited', 'active', 'activate', 'mona', '203.0.113.22', 'The mail did not arrive'),
    (33, '07:12:18', 'alice', 'active', 'locked', 'lock', 'system:lockout', '198.51.100.7', 'too many wrong passwords'),
    (33, '07:14:50', 'alice', 'locked', 'active', 'unlock', 'alice', '198.51.100.7', null),
    (28, '11:20:00', 'erin', 'new', 'invited', null, 'mona', '203.0.113.22', null),
    (28, '11:20:00', 'frank', 'new', 'invited', null, 'mona', '203.0.113.22', null),
    (28, '11:20:01', 'grace', 'new', 'invited', null, 'mona', '203.0.113.22', null),
    (27, '08:05:41', 'erin', 'invited', 'active', 'activate', 'erin', '198.51.100.31', null),
    (27, '08:59:12', 'grace', 'invited', 'active', 'activate', 'grace', '198.51.100.33', null),
    (26, '13:37:07', 'frank', 'invited', 'active', 'activate', 'frank', '198.51.100.32', null),
    (21, '15:26:44', 'bob', 'active', 'deactivated', 'deactivate', 'manager', '203.0.113.21', 'Left the company'),
    (14, '09:02:15', 'bob', 'deactivated', 'active', 'activate', 'mona', '203.0.113.22', 'Has come back'),
    (9, '17:50:29', 'carol', 'active', 'locked', 'lock', 'mona', '203.0.113.22', 'On parental leave'),
    (4, '02:00:03', 'dave', 'active', 'deactivated', 'deactivate', 'nightly-cleanup', 'CLI', 'contract has ended'),
    (3, '08:15:56', 'dave', 'deactivated', 'active', 'activate', 'manager', '203.0.113.21', 'The contract was prolonged')
)
insert into public.user_state_audit
  (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition, reason,
   initiator_id, db_user, application_name, client_addr, transaction_id, subject_salt, actor_salt)
select c.username, c.actor, c.start_state, c.end_state,
       (date_trunc('day', now() at time zone 'UTC') - make_interval(days => c.days) + c.at_time)
         at time zone 'UTC',
       c.ip, u.id, c.transition, c.reason, a.id, session_user, 'demo', inet_client_addr(),
       pg_current_xact_id()::text::bigint,
       uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
  from change c
  join public.accounts_user u on u.username = c.username
  left join public.accounts_user a on a.username = c.actor
 order by c.days desc, c.at_time;

insert into public.user_fsm (user_id, current_state)
select distinct on (a.user_id) a.user_id, a.end_state
  from public.user_state_audit a
 order by a.user_id, a.id desc;

update public.accounts_user u
   set date_joined = (select min(a.datetime) from public.user_state_audit a where a.user_id = u.id);
