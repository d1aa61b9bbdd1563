-- reconcile_user_state(): writes the entries that are missing at the end of histories, from the
-- last recorded state to the present one. It changes nobody's state and no old entry.
--
-- Who runs it: reconcile_audit, after work during which the triggers were off. Needs to be a
-- member of user_state_audit_owner, and to own user_fsm.
-- Why it is safe: it adds entries only, which say of themselves that they were written afterwards:
-- by system:reconcile, and for which reason. Nobody can change a state meanwhile.

create or replace function public.reconcile_user_state(reason text)
returns setof public.user_state_audit
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $function$
begin
  if coalesce(btrim(reason), '') = '' then
    raise exception 'a reason is needed' using errcode = 'null_value_not_allowed';
  end if;
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted')
     or row_security_active('public.user_fsm') then
    raise exception 'only a read committed transaction without row security sees every state'
      using errcode = 'feature_not_supported';
  end if;
  lock table public.user_fsm in share row exclusive mode;
  return query
    with recorded as (
      select distinct on (a.user_id) a.user_id, a.username, a.end_state
        from public.user_state_audit a
       order by a.user_id, a.id desc
    ),
    -- The last entry that was written is not always the last change: so the few of whom it says
    -- something else are gone through in order.
    differing as (
      select coalesce(r.user_id, f.user_id) as user_id, r.username,
             coalesce((select s.ends_in
                         from public.user_state_steps(r.user_id) s
                        order by s.number desc
                        limit 1), '') as state_before,
             coalesce(f.current_state, '') as state_after
        from recorded r
        full join public.user_fsm f on f.user_id = r.user_id
       where coalesce(f.current_state, 'deleted') <> coalesce(r.end_state, 'deleted')
    ),
    missing as (
      select d.user_id, d.username,
             coalesce(nullif(d.state_before, ''), 'new') as start_state,
             coalesce(nullif(d.state_after, ''), 'deleted') as end_state
        from differing d
       where d.state_before <> d.state_after
    )
    insert into public.user_state_audit
      (username, initiated_by, start_state, end_state, datetime, ip_address, user_id,
       transition, reason, request_id, db_user, application_name, client_addr, transaction_id)
    select coalesce(u.username, m.username, '#' || m.user_id), 'system:reconcile',
           m.start_state, m.end_state, clock_timestamp(),
           coalesce(nullif(left(current_setting('app.ip', true), 64), ''), 'CLI'), m.user_id,
           t.name, left(reconcile_user_state.reason, 1000),
           nullif(left(current_setting('app.request_id', true), 200), ''),
           session_user, current_setting('application_name', true), inet_client_addr(),
           pg_current_xact_id()::text::bigint
      from missing m
      left join public.accounts_user u on u.id = m.user_id
      left join public.user_state_transition t
        on t.start_state = m.start_state and t.end_state = m.end_state
     order by m.user_id
    returning *;
end
$function$;

comment on function public.reconcile_user_state(text) is
  'Writes the entries that are missing at the end of histories. Used by reconcile_audit.';

-- NOTE: no execute for anybody but the owner: who may add entries may forge them.
revoke execute on function public.reconcile_user_state(text) from public;
