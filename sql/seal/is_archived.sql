-- Whether the entry user_state.entry_id is archived with its month, and kept as the last one of its user.
--
-- Who runs it: prove_audit, and the page of an entry, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select exists (
  select from public.user_state_audit a
   where a.id = current_setting('user_state.entry_id')::bigint
     and a.datetime < (select max(t.until) from public.user_state_archive t)
     and a.id <= (select max(t.last_id) from public.user_state_archive t));
