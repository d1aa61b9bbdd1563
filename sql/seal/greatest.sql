-- The greatest id of all entries; 0 where there are none.
--
-- Who runs it: verify_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select coalesce(max(a.id), 0) from public.user_state_audit a;
