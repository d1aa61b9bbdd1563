-- user_state_steps(): the entries of a user, and whether each follows from those before it.
--
-- Who runs it: verify_user_state_history() and reconcile_user_state().
-- Why it is safe: it only reads.
-- Transaction by transaction: within one, other triggers and writing CTEs may have had entries
-- written in another order than the changes were made. So an entry fits when it begins where the one
-- before it ends; or when its transaction's entries, put in order, lead from where it found the user
-- to exactly one state. '' is no state; ends_in is where the entry's whole transaction ends.

create or replace function public.user_state_steps(of_user bigint)
returns table (
  number bigint, entry_id bigint, moment timestamptz, begins_in text, found_in text, fits boolean,
  ends_in text
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
  transaction  record;
  state_before text := '';
  state_after  text;
  in_order     boolean;
  reached      text[];
  grown        text[];
  left_in      text[];
begin
  number := 0;
  for transaction in
    select array_agg(a.id order by a.id) as ids,
           array_agg(a.datetime order by a.id) as moments,
           array_agg(case a.start_state when 'new' then '' else a.start_state end
                     order by a.id) as starts,
           array_agg(case a.end_state when 'deleted' then '' else a.end_state end
                     order by a.id) as ends
      from public.user_state_audit a
     where a.user_id = of_user
     group by a.transaction_id
     order by min(a.id)
  loop
    -- The states that are entered once more than left: put in order, the entries end there.
    select array_agg(s.state order by s.state) into left_in
      from (select c.state
              from (select state_before as state, 1 as change
                    union all select unnest(transaction.ends), 1
                    union all select unnest(transaction.starts), -1) c
             group by c.state
            having sum(c.change) <> 0) s;
    -- And each can be reached from where the transaction found them.
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
    in_order := cardinality(left_in) = 1 and transaction.starts <@ reached;
    state_after := case when in_order then left_in[1]
                        else transaction.ends[cardinality(transaction.ends)] end;

    return query
      select user_state_steps.number + l.position, l.id, l.moment, l.start, l.before,
             in_order or l.start = l.before, state_after
        from (select t.*, coalesce(lag(t.stop) over (order by t.position), state_before) as before
                from unnest(transaction.ids, transaction.moments, transaction.starts,
                            transaction.ends)
                     with ordinality as t (id, moment, start, stop, position)) l
       order by l.position;
    number := number + cardinality(transaction.ids);
    state_before := state_after;
  end loop;
end
$function$;

comment on function public.user_state_steps(bigint) is
  'The entries of a user, and whether each follows from those before it.';

-- NOTE: no execute for anybody: verify and reconcile ask, as the owner.
revoke execute on function public.user_state_steps(bigint) from public;
