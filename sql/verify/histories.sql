-- Where the entries of a user do not follow from each other, or the last one does not end in the
-- present state. One row for each finding, with the recorded state and the one found, which should be
-- one; and with the id of the last entry that was looked at.
--
-- Who runs it: verify_audit, verify.sql and reconcile_audit, after settings.sql.
-- user_state.since, a time, and user_state.user_id, a number, narrow it, where they are set; so does
-- user_state.share, to users with an even key (0) or an odd one (1), for two who share the work.
-- Why it is safe: it only reads, and all of it in one snapshot.
--
-- Every history is looked at in one pass, sorted by user. Where something does not fit, that user's
-- is gone through once more, transaction by transaction: within one, other triggers and writing CTEs
-- may have had entries written in another order than the changes were made. So an entry fits when
-- it begins where the one before it ends; or when its transaction's entries, put in order, lead from
-- where they found the user to exactly one state. '' is no state. Another server numbers its transactions
-- anew: only entries between which is none of another one are of the same.
-- What forget_user has written, from a state to the same, is no change, and is left out.

with recursive
asked as materialized (
  select nullif(current_setting('user_state.since', true), '')::timestamptz as since,
         nullif(current_setting('user_state.user_id', true), '')::bigint as of_user,
         nullif(current_setting('user_state.share'), '')::bigint as share,
         -- The last entry of a user before it is where their history begins: see docs/retention.md.
         (select max(t.until) from public.user_state_archive t) as archived_until,
         (select max(t.last_id) from public.user_state_archive t) as archived_to,
         interval '1 minute' as clock_may_err, -- servers correct their clocks
         timestamptz '2020-01-01 00:00+00' as no_entry_before -- than there is such an audit
),
suspect (user_id) as materialized (
  select distinct checked.user_id
    from (
      select h.user_id, h.state_before, h.state_after, h.moment,
             lag(h.state_after) over user_history as state_reached,
             greatest(lag(h.moment) over user_history,
                      (select no_entry_before from asked)) as moment_before,
             lead(h.id) over user_history as next_id,
             case when (select since from asked) is not null
                   and lag(h.state_after) over user_history is null
               then (select e.end_state from public.user_state_audit e
                      where e.user_id = h.user_id and e.id < h.id
                        and (e.start_state = e.end_state and e.transition = 'forgotten') is not true
                      order by e.id desc limit 1)
             end as state_before_since
        from (
          select a.user_id, a.id, a.datetime as moment,
                 case when a.start_state = 'new'
                           or a.datetime < (select archived_until from asked)
                              and a.id <= (select archived_to from asked)
                      then '' else a.start_state end as state_before,
                 case a.end_state when 'deleted' then '' else a.end_state end as state_after
            from public.user_state_audit a
           where ((select since from asked) is null or a.datetime >= (select since from asked))
             and ((select of_user from asked) is null or a.user_id = (select of_user from asked))
             and ((select share from asked) is null or a.user_id & 1 = (select share from asked))
             and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
          union all
          -- The present state, as a last entry that leads to the end.
          select f.user_id, 9223372036854775807, null, coalesce(f.current_state, 'null'), ''
            from public.user_fsm f
           where ((select of_user from asked) is null or f.user_id = (select of_user from asked))
             and ((select share from asked) is null or f.user_id & 1 = (select share from asked))
        ) h
      window user_history as (partition by h.user_id order by h.id)
    ) checked
   where checked.state_before <> coalesce(
           checked.state_reached, nullif(checked.state_before_since, 'deleted'), '')
      or (checked.next_id is null and checked.state_after <> '')
      or checked.moment < checked.moment_before - (select clock_may_err from asked)
      or checked.moment > clock_timestamp() + (select clock_may_err from asked)
  union
  -- Nor may a state be gone of which no entry since then says so.
  select gone.user_id
    from (select distinct a.user_id
            from public.user_state_audit a
           where (select since from asked) is not null
             and ((select of_user from asked) is null or a.user_id = (select of_user from asked))
             and ((select share from asked) is null or a.user_id & 1 = (select share from asked))
             and not exists (select from public.user_fsm f where f.user_id = a.user_id)) gone
   where 'deleted' <> (select e.end_state from public.user_state_audit e
                        where e.user_id = gone.user_id
                          and (e.start_state = e.end_state and e.transition = 'forgotten') is not true
                        order by e.id desc limit 1)
),
transaction as materialized (
  select e.user_id, e.number,
         array_agg(e.id order by e.id) as ids,
         array_agg(e.moment order by e.id) as moments,
         array_agg(e.state_before order by e.id) as starts,
         array_agg(e.state_after order by e.id) as ends
    from (select b.*, count(*) filter (where b.begins) over (
                        partition by b.user_id order by b.id, b.transaction_id
                        rows unbounded preceding) as number
            from (select a.user_id, a.id, a.transaction_id, a.datetime as moment,
                         case when a.start_state = 'new'
                                   or a.datetime < (select archived_until from asked)
                                      and a.id <= (select archived_to from asked)
                              then '' else a.start_state end as state_before,
                         case a.end_state when 'deleted' then '' else a.end_state end as state_after,
                         a.transaction_id is distinct from lag(a.transaction_id)
                           over (partition by a.user_id order by a.id, a.transaction_id) as begins
                    from public.user_state_audit a
                   where a.user_id in (select s.user_id from suspect s)
                     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true) b) e
   group by e.user_id, e.number
),
walk (user_id, number, found_in, left_in, in_order) as (
  select s.user_id, 0::bigint, '', '', true
    from suspect s
  union all
  select t.user_id, t.number, w.left_in,
         case when o.in_order then o.entered[1] else t.ends[cardinality(t.ends)] end, o.in_order
    from walk w
    join transaction t on t.user_id = w.user_id and t.number = w.number + 1
   cross join lateral (
     select e.entered, coalesce(cardinality(e.entered) = 1 and t.starts <@ r.reached, false) as in_order
       from (
         -- The states that are entered once more than left: put in order, the entries end there.
         select array_agg(s.state) as entered
           from (select c.state
                   from (select w.left_in as state, 1 as change
                         union all select unnest(t.ends), 1
                         union all select unnest(t.starts), -1) c
                  group by c.state
                 having sum(c.change) <> 0) s) e
      cross join (
         -- And each can be reached from where the transaction found the user.
         with recursive reach (state) as (
           select w.left_in
           union
           select c.stop
             from reach r
             join unnest(t.starts, t.ends) as c (start, stop) on c.start = r.state)
         select array_agg(r.state) as reached from reach r) r
   ) o
),
step as (
  select t.user_id, e.id, e.moment, e.start, w.in_order,
         coalesce(lag(e.stop) over (partition by t.user_id, t.number order by e.position),
                  w.found_in) as found_in,
         max(e.moment) over (partition by t.user_id order by t.number, e.position
                             rows between unbounded preceding and 1 preceding) as latest
    from walk w
    join transaction t on t.user_id = w.user_id and t.number = w.number
   cross join lateral unnest(t.ids, t.moments, t.starts, t.ends)
           with ordinality as e (id, moment, start, stop, position)
),
last_of (user_id, id) as (
  select t.user_id, max(t.ids[cardinality(t.ids)]) from transaction t group by t.user_id
),
recorded as (
  select distinct on (w.user_id) w.user_id, w.left_in as state, l.id as last_id
    from walk w
    left join last_of l on l.user_id = w.user_id
   order by w.user_id, w.number desc
),
present as (
  select r.user_id, count(f.user_id) as states,
         coalesce(string_agg(coalesce(f.current_state, 'null'), ', ' order by f.current_state)
                    filter (where f.user_id is not null), '') as state
    from recorded r
    left join public.user_fsm f on f.user_id = r.user_id
   group by r.user_id
)

select 'gap' as kind, 'entry ' || coalesce(s.id::text, 'without an id') as object, s.user_id, s.id as entry_id,
       'begins in ' || coalesce(nullif(s.start, ''), 'no state')
       || ', but the one before ends in ' || coalesce(nullif(s.found_in, ''), 'no state') as detail,
       s.found_in as recorded_state, s.start as found_state, s.id as last_id
  from step s, asked
 where not s.in_order and s.start <> s.found_in
   and (asked.since is null or s.moment >= asked.since)
union all
select 'clock', 'entry ' || coalesce(s.id::text, 'without an id'), s.user_id, s.id,
       case when s.moment > clock_timestamp() + asked.clock_may_err then 'is of the future'
            when s.moment < asked.no_entry_before then 'is older than any audit'
            else 'is older than the one before it' end, null, null, null
  from step s, asked
 where (asked.since is null or s.moment >= asked.since)
   and (s.moment > clock_timestamp() + asked.clock_may_err
        or s.moment < greatest(s.latest, asked.no_entry_before) - asked.clock_may_err)
union all
select 'state', 'user ' || p.user_id, p.user_id, null,
       case
         when p.states > 1 then 'has ' || p.states || ' states at once: ' || p.state
         when r.last_id is null then 'is ' || p.state || ', and no entry says how'
         else 'is ' || case p.states when 0 then 'without a state' else p.state end
           || ', but the last entry ends in ' || coalesce(nullif(r.state, ''), 'deleted')
       end, r.state, case when p.states <= 1 then p.state end, r.last_id
  from present p
  join recorded r on r.user_id = p.user_id
 where p.state <> r.state
 order by user_id, entry_id nulls last, kind;
