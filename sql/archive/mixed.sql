-- An entry from before user_state.until that was written after one of the same user from then or later, as by a
-- clock that was set back: (its id, the other's). Where there is one, no history can be cut at that moment.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select max(a.id) filter (where a.datetime < current_setting('user_state.until')::timestamptz) as earlier_id,
       min(a.id) filter (where a.datetime >= current_setting('user_state.until')::timestamptz) as later_id
  from public.user_state_audit a
 group by a.user_id
having max(a.id) filter (where a.datetime < current_setting('user_state.until')::timestamptz)
       > min(a.id) filter (where a.datetime >= current_setting('user_state.until')::timestamptz)
 order by 1
 limit 1;
