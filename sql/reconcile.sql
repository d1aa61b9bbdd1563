-- Writes the entries that are missing at the end of histories, from the last recorded state to the
-- present one. It changes nobody's state and no old entry.
--
-- Who runs it: reconcile_audit, after work during which the triggers were off. histories.sql has found
-- who is concerned: user_state.missing is [[user_id, from, to, id of the last entry], …], and
-- user_state.reason says why. Needs to be a member of user_state_audit_owner, and to own user_fsm.
-- Why it is safe: user_fsm is locked before; it adds entries only, which say of themselves that they
-- were written afterwards: by system:reconcile, and for which reason. Nobody can change a state until
-- it is committed; and whose state or history is another one by now is left out.

with found as materialized (
  select (m ->> 0)::bigint as user_id, m ->> 1 as state_before, m ->> 2 as state_after,
         coalesce((m ->> 3)::bigint, 0) as last_id
    from jsonb_array_elements(current_setting('user_state.missing')::jsonb) as m
),
-- All at once: for each user alone, every month would be asked.
by_now as materialized (
  select a.user_id, max(a.id) as last_id
    from public.user_state_audit a
   where a.user_id = any (array(select m.user_id from found m))
     -- As in verify/histories.sql.
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   group by a.user_id
),
secret as materialized (
  select uuid_send(gen_random_uuid()) as bytes
),
missing as materialized (
  select m.user_id, sha256(s.bytes || int8send(m.user_id)) as salts,
         coalesce(nullif(m.state_before, ''), 'new') as start_state,
         coalesce(nullif(m.state_after, ''), 'deleted') as end_state
    from found m
   cross join secret s
    left join public.user_fsm f on f.user_id = m.user_id
    left join by_now n on n.user_id = m.user_id
   where coalesce(f.current_state, '') = m.state_after
     and coalesce(n.last_id, 0) = m.last_id
)
insert into public.user_state_audit
  (username, initiated_by, start_state, end_state, datetime, ip_address, user_id,
   transition, reason, request_id, db_user, application_name, client_addr, transaction_id,
   subject_salt, actor_salt)
select coalesce(u.username, public.user_state_last_username(m.user_id)),
       'system:reconcile', m.start_state, m.end_state, clock_timestamp(),
       coalesce(nullif(left(current_setting('app.ip', true), 64), ''), 'CLI'), m.user_id,
       (select t.name from public.user_state_transition t
         where t.start_state = m.start_state and t.end_state = m.end_state
         order by t.version desc limit 1),
       left(current_setting('user_state.reason'), 1000),
       nullif(left(current_setting('app.request_id', true), 200), ''),
       session_user, current_setting('application_name', true), inet_client_addr(),
       pg_current_xact_id()::text::bigint,
       substr(m.salts, 1, 16), substr(m.salts, 17, 16)
  from missing m
  left join public.accounts_user u on u.id = m.user_id
 order by m.user_id
returning username, start_state, end_state;
