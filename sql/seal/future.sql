-- Entries that say they are of a transaction that has not been yet, beyond user_state.after: forged,
-- or of another server. At most a hundred.
--
-- Who runs it: verify_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select a.id, a.user_id
  from public.user_state_audit a
 where a.id > current_setting('user_state.after')::bigint
   and a.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
 order by a.id
 limit 100;
