-- The greatest id that was ever archived; 0 where none was.
--
-- Who runs it: verify_audit and archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select coalesce(max(t.last_id), 0) from public.user_state_archive t;
