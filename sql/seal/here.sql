-- Where and when a seal is made: the site, the server, the database, the transaction before which
-- all have ended, and the time.
--
-- Who runs it: seal_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select (select s.site::text from public.user_state_site s where s.number = 1),
       (select c.system_identifier::text from pg_control_system() c),
       (select d.oid::text from pg_database d where d.datname = current_database()),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
