-- Users whose state at the end of the newest quarter of user_state_carried is not as the entries have it.
-- One row for each.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql. Nothing is looked at where user_state.since
-- is later than that quarter.
-- Why it is safe: it only reads, and all of it in one snapshot.

with newest as materialized (
  select max(c.quarter_end) as quarter_end
    from public.user_state_carried c
),
asked as materialized (
  select n.quarter_end
    from newest n
   where n.quarter_end >= coalesce(nullif(current_setting('user_state.since', true), '')::timestamptz,
                                   '-infinity')
),
last_entry as (
  select distinct on (a.user_id) a.user_id, a.username, a.end_state as state, a.datetime as since,
         a.id as entry_id
    from public.user_state_audit a
   where a.datetime < (select k.quarter_end from asked k)
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   order by a.user_id, a.id desc
),
present as (
  select l.* from last_entry l where l.state <> 'deleted'
),
carried as (
  select c.user_id, c.username, c.state, c.since, c.entry_id
    from public.user_state_carried c
   where c.quarter_end = (select k.quarter_end from asked k)
)
select 'quarter' as kind, 'user ' || user_id as object, user_id,
       coalesce(p.entry_id, c.entry_id) as entry_id,
       format('is carried over %s as %s, but was %s', (select k.quarter_end::date from asked k),
              coalesce(c.state, 'nobody'), coalesce(p.state, 'nobody'))
         || case when p.state = c.state then ', by another name or entry' else '' end as detail
  from present p
  full join carried c using (user_id)
 where (p.username, p.state, p.since, p.entry_id)
       is distinct from (c.username, c.state, c.since, c.entry_id)
 order by user_id;
