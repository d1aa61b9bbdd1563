-- verify_user_state_history(): where the entries of a user do not follow from each other, or the
-- last one is not their present state. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_audit().
-- Why it is safe: it only reads, all of it in the snapshot of the statement that calls it, and
-- runs as its owner, so that every reader may ask.
-- All histories are looked at in one pass, sorted by user. Where something does not fit, that
-- user's is gone through once more, transaction by transaction, by user_state_steps().

create or replace function public.verify_user_state_history(
  since timestamptz default null, of_user bigint default null
)
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set work_mem = '64MB'
as $function$
declare
  clock_may_err constant interval := '1 minute'; -- servers correct their clocks
  no_line_before constant timestamptz := '2020-01-01 00:00+00'; -- than there is such an audit
  suspect bigint;
begin
  for suspect in
    select distinct checked.of_user
      from (
        select h.of_user, h.state_before, h.state_after, h.moment,
               lag(h.state_after) over user_history as state_reached,
               greatest(lag(h.moment) over user_history, no_line_before) as moment_before,
               lead(h.id) over user_history as next_id,
               case when since is not null and lag(h.id) over user_history is null then
                 (select e.end_state from public.user_state_audit e
                   where e.user_id = h.of_user and e.id < h.id
                   order by e.id desc limit 1)
               end as state_before_since
          from (
            select a.user_id as of_user, a.id, a.datetime as moment,
                   case a.start_state when 'new' then '' else a.start_state end as state_before,
                   case a.end_state when 'deleted' then '' else a.end_state end as state_after
              from public.user_state_audit a
             where (since is null or a.datetime >= since)
               and (verify_user_state_history.of_user is null
                    or a.user_id = verify_user_state_history.of_user)
            union all
            -- The present state, as a last entry that leads to the end.
            select f.user_id, 9223372036854775807, null, coalesce(f.current_state, 'null'), ''
              from public.user_fsm f
             where verify_user_state_history.of_user is null
                or f.user_id = verify_user_state_history.of_user
          ) h
        window user_history as (partition by h.of_user order by h.id)
      ) checked
     where checked.state_before <> coalesce(
             checked.state_reached, nullif(checked.state_before_since, 'deleted'), '')
        or (checked.next_id is null and checked.state_after <> '')
        or checked.moment < checked.moment_before - clock_may_err
        or checked.moment > clock_timestamp() + clock_may_err
    union
    -- Nor may a state be gone of which no entry since then tells.
    select gone.of_user
      from (select distinct a.user_id as of_user
              from public.user_state_audit a
             where since is not null
               and (verify_user_state_history.of_user is null
                    or a.user_id = verify_user_state_history.of_user)
               and not exists (select from public.user_fsm f where f.user_id = a.user_id)) gone
     where 'deleted' <> (select e.end_state from public.user_state_audit e
                          where e.user_id = gone.of_user
                          order by e.id desc limit 1)
  loop
    return query
      with steps as materialized (
        select s.*, max(s.moment) over (order by s.number rows between unbounded preceding
                                                                   and 1 preceding) as latest
          from public.user_state_steps(suspect) s
      ),
      present as (
        select count(*) as states,
               coalesce(string_agg(coalesce(f.current_state, 'null'), ', '
                                   order by f.current_state), '') as state
          from public.user_fsm f
         where f.user_id = suspect
      ),
      recorded as (
        select coalesce((select s.ends_in from steps s order by s.number desc limit 1), '') as state,
               exists (select from steps) as entries
      )
      select 'gap', 'entry ' || s.entry_id, suspect, s.entry_id,
             'begins in ' || coalesce(nullif(s.begins_in, ''), 'no state')
             || ', but the one before ends in ' || coalesce(nullif(s.found_in, ''), 'no state')
        from steps s
       where not s.fits and (since is null or s.moment >= since)
      union all
      select 'clock', 'entry ' || s.entry_id, suspect, s.entry_id,
             case when s.moment > clock_timestamp() + clock_may_err then 'is of the future'
                  when s.moment < no_line_before then 'is older than any audit'
                  else 'is older than the one before it' end
        from steps s
       where (since is null or s.moment >= since)
         and (s.moment > clock_timestamp() + clock_may_err
              or s.moment < greatest(s.latest, no_line_before) - clock_may_err)
      union all
      select 'state', 'user ' || suspect, suspect, null,
             case
               when p.states > 1 then 'has ' || p.states || ' states at once: ' || p.state
               when not r.entries then 'is ' || p.state || ', and no entry says how'
               else 'is ' || case p.states when 0 then 'without a state' else p.state end
                 || ', but the last entry ends in ' || coalesce(nullif(r.state, ''), 'deleted')
             end
        from present p, recorded r
       where p.state <> r.state;
  end loop;
end
$function$;

comment on function public.verify_user_state_history(timestamptz, bigint) is
  'Finds gaps in the histories of users, and states that no entry explains. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_history(timestamptz, bigint) from public;
