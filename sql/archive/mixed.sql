-- An entry from before user_state.until that was written after one of the same user from then or later, as by a
-- clock that was set back: (its id, the other's). Where there is one, no history can be cut at that moment.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads, and of most audits next to nothing: both are among the ids from the least
-- from then on to the greatest from before.

with span as materialized (
  select (select min(a.id) from public.user_state_audit a
           where a.datetime >= current_setting('user_state.until')::timestamptz) as first_id,
         (select max(a.id) from public.user_state_audit a
           where a.datetime < current_setting('user_state.until')::timestamptz) as last_id
)
select max(a.id) filter (where a.datetime < current_setting('user_state.until')::timestamptz) as earlier_id,
       min(a.id) filter (where a.datetime >= current_setting('user_state.until')::timestamptz) as later_id
  from public.user_state_audit a
 where a.id between (select s.first_id from span s) and (select s.last_id from span s)
 group by a.user_id
having max(a.id) filter (where a.datetime < current_setting('user_state.until')::timestamptz)
       > min(a.id) filter (where a.datetime >= current_setting('user_state.until')::timestamptz)
 order by 1
 limit 1;
