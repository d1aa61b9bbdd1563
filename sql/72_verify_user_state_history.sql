-- verify_user_state_history(): where the lines of a user do not follow from each other, or the
-- last one is not his present state. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_audit().
-- Why it is safe: it only reads, all of it in the snapshot of the statement that calls it, and
-- runs as its owner, so that every reader may ask.
-- All histories are looked at in one pass, sorted by user. Where something does not fit, that
-- user's is gone through once more, transaction by transaction: within one, other triggers and
-- writing CTEs may have had lines written in another order than the changes were made.

create or replace function public.verify_user_state_history(
  since timestamptz default null, of_user bigint default null
)
returns table (kind text, object text, user_id bigint, line_id bigint, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set work_mem = '64MB'
as $function$
declare
  clock_may_err constant interval := '1 minute'; -- servers correct their clocks
  suspect       bigint;
  transaction   record;
  state_before  text;    -- '' where the user has no state
  latest        timestamptz;
  reached       text[];
  grown         text[];
  left_in       text[];
  present       text[];
begin
  for suspect in
    select distinct checked.of_user
      from (
        select h.of_user, h.state_before, h.state_after, h.moment,
               lag(h.state_after) over user_history as state_reached,
               lag(h.moment) over user_history as moment_before,
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
            -- His present state, as a last line that leads to the end.
            select f.user_id, 9223372036854775807, null, f.current_state, ''
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
  loop
    state_before := '';
    latest := '-infinity';
    for transaction in
      select array_agg(a.id order by a.id) as ids,
             array_agg(a.datetime order by a.id) as moments,
             array_agg(case a.start_state when 'new' then '' else a.start_state end
                       order by a.id) as starts,
             array_agg(case a.end_state when 'deleted' then '' else a.end_state end
                       order by a.id) as ends
        from public.user_state_audit a
       where a.user_id = suspect
       group by a.transaction_id
       order by min(a.id)
    loop
      -- The states that are entered once more than left: put in order, the lines end there.
      select array_agg(s.state order by s.state) into left_in
        from (select c.state
                from (select state_before as state, 1 as change
                      union all select unnest(transaction.ends), 1
                      union all select unnest(transaction.starts), -1) c
               group by c.state
              having sum(c.change) <> 0) s;
      -- And each can be reached from where the transaction found him.
      reached := array[state_before];
      loop
        select array_agg(distinct r.state) into grown
          from (select unnest(reached) as state
                union all
                select l.state_after
                  from unnest(transaction.starts, transaction.ends) as l (state_before, state_after)
                 where l.state_before = any (reached)) r;
        exit when cardinality(grown) = cardinality(reached);
        reached := grown;
      end loop;

      for i in 1 .. cardinality(transaction.ids) loop
        user_id := suspect;
        line_id := transaction.ids[i];
        if (since is null or transaction.moments[i] >= since) then
          if transaction.starts[i] <> state_before
             and not (cardinality(left_in) = 1 and transaction.starts <@ reached) then
            kind := 'gap';
            object := 'line ' || line_id;
            detail := 'begins in ' || coalesce(nullif(transaction.starts[i], ''), 'no state')
              || ', but the one before ends in ' || coalesce(nullif(state_before, ''), 'no state');
            return next;
          end if;
          if transaction.moments[i] < latest - clock_may_err then
            kind := 'clock';
            object := 'line ' || line_id;
            detail := 'is older than the one before it';
            return next;
          elsif transaction.moments[i] > clock_timestamp() + clock_may_err then
            kind := 'clock';
            object := 'line ' || line_id;
            detail := 'is of the future';
            return next;
          end if;
        end if;
        state_before := transaction.ends[i];
        latest := greatest(latest, transaction.moments[i]);
      end loop;
      if cardinality(left_in) = 1 and transaction.starts <@ reached then
        state_before := left_in[1];
      end if;
    end loop;

    select coalesce(array_agg(f.current_state order by f.current_state), '{}') into present
      from public.user_fsm f
     where f.user_id = suspect;
    user_id := suspect;
    line_id := null;
    object := 'user ' || suspect;
    if cardinality(present) > 1 then
      kind := 'state';
      detail := 'has ' || cardinality(present) || ' states at once: '
        || array_to_string(present, ', ');
      return next;
    elsif coalesce(present[1], '') <> state_before then
      kind := 'state';
      detail := case
        when latest = '-infinity' then 'is ' || present[1] || ', and no line says how'
        else 'is ' || coalesce(present[1], 'without a state')
          || ', but the last line ends in ' || coalesce(nullif(state_before, ''), 'deleted')
      end;
      return next;
    end if;
  end loop;
end
$function$;

comment on function public.verify_user_state_history(timestamptz, bigint) is
  'Finds gaps in the histories of users, and states that no line explains. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_history(timestamptz, bigint) from public;
