-- The state of the user :user_id at :moment. No row where they were not there yet, or deleted.
--
--   psql -v moment='2026-01-31 12:00+00' -v user_id=42 -f sql/desk/at_one.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads.

select l.user_id, l.username, l.state, l.since, l.entry_id
  from (select a.user_id, a.username, a.end_state as state, a.datetime as since, a.id as entry_id
          from public.user_state_audit a
         where a.user_id = :'user_id'::bigint
           and a.datetime <= :'moment'::timestamptz
           and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
         order by a.id desc
         limit 1) as l
 where l.state <> 'deleted';
