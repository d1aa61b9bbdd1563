-- The ids of the entries that are kept where everything before user_state.until is archived: the last change
-- of each user, also of those who are deleted; and what records that somebody was forgotten, which
-- accounts for what is erased in entries that are kept.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.
--
-- Within one transaction, entries may have been written in another order than the changes were made: see
-- sql/verify/histories.sql. Of such a one, that is kept which ends in the state that is entered once more
-- than left; or, where there is none, in the one in which the transaction found the user. Another server
-- numbers its transactions anew: only entries between which is none of another one are of the same.

with last_entry as materialized (
  select distinct on (a.user_id) a.user_id, a.id, a.transaction_id
    from public.user_state_audit a
   where a.datetime < current_setting('user_state.until')::timestamptz
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   order by a.user_id, a.id desc
),
numbered_alike as materialized (
  select l.user_id, l.id as last_id, l.transaction_id, min(a.id) as first_id
    from last_entry l
    join public.user_state_audit a on a.user_id = l.user_id and a.transaction_id = l.transaction_id
   where a.datetime < current_setting('user_state.until')::timestamptz
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   group by l.user_id, l.id, l.transaction_id
  having count(*) > 1
),
together as materialized (
  select n.user_id, min(a.id) as first_id, array_agg(a.id order by a.id) as ids,
         array_agg(case a.start_state when 'new' then 'deleted' else a.start_state end order by a.id) as starts,
         array_agg(a.end_state order by a.id) as ends
    from numbered_alike n
   cross join lateral (
     select coalesce(max(b.id), n.first_id - 1) as before_id
       from public.user_state_audit b
      where b.user_id = n.user_id and b.id between n.first_id and n.last_id
        and b.transaction_id <> n.transaction_id
        and (b.start_state = b.end_state and b.transition = 'forgotten') is not true) o
    join public.user_state_audit a
      on a.user_id = n.user_id and a.id > o.before_id and a.id <= n.last_id
   where (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   group by n.user_id
),
ended as materialized (
  select t.user_id, t.ids, t.ends,
         coalesce(
           (select c.state
              from (select unnest(t.ends) as state, 1 as change union all select unnest(t.starts), -1) c
             group by c.state having sum(c.change) > 0
             limit 1),
           (select b.end_state
              from public.user_state_audit b
             where b.user_id = t.user_id and b.id < t.first_id
               and (b.start_state = b.end_state and b.transition = 'forgotten') is not true
             order by b.id desc limit 1),
           'deleted') as state
    from together t
),
chosen as materialized (
  select d.user_id, max(e.id) as id
    from ended d
   cross join unnest(d.ids, d.ends) as e (id, state)
   where e.state = d.state
   group by d.user_id
)
select coalesce(c.id, l.id) as id
  from last_entry l
  left join chosen c on c.user_id = l.user_id
 union all
select a.id
  from public.user_state_audit a
 where a.datetime < current_setting('user_state.until')::timestamptz
   and a.start_state = a.end_state and a.transition = 'forgotten'
 order by 1;
