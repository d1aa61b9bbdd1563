-- Which site this is.
--
-- Who runs it: verify_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select s.site::text from public.user_state_site s where s.number = 1;
