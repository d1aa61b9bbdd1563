-- The state of each user at :moment, by name: a hundred of them, after :after_username and :after_id;
-- of those in :state, where that is not empty. A user who is not there yet, or was deleted, has no row.
--
--   psql -v moment='2026-01-31 12:00+00' -v state='' -v after_username='' -v after_id=0 \
--     -f sql/desk/at_everybody.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads. It starts with the newest quarter before the moment in user_state_carried,
-- or with the first entry. Where somebody was forgotten, the state since is the one before.

with given as materialized (
  select coalesce(max(c.quarter_end), '-infinity') as quarter_end
    from public.user_state_carried c
   where c.quarter_end <= :'moment'::timestamptz
),
last_entry as (
  select distinct on (h.user_id) h.user_id, h.username, h.state, h.since, h.entry_id
    from (select c.user_id, c.username, c.state, c.since, c.entry_id
            from public.user_state_carried c
           where c.quarter_end = (select g.quarter_end from given g)
          union all
          select a.user_id, a.username, a.end_state, a.datetime, a.id
            from public.user_state_audit a
           where a.datetime <= :'moment'::timestamptz
             and a.datetime >= (select g.quarter_end from given g)
             and (a.start_state = a.end_state and a.transition = 'forgotten') is not true) as h
   order by h.user_id, h.entry_id desc
)
select l.user_id, l.username, l.state, greatest(l.since, '0001-01-03 00:00+00') as since, l.entry_id
  from last_entry l
 where l.state <> 'deleted'
   and (:'state' = '' or l.state = :'state')
   and (l.username, l.user_id) > (:'after_username', :'after_id'::bigint)
 order by l.username, l.user_id
 limit 100;
