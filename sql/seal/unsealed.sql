-- How many entries no seal has taken yet, where seals reach to user_state.after and
-- user_state.horizon.
--
-- Who runs it: seal_audit and verify_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select count(*)
  from public.user_state_audit a
 where a.id > current_setting('user_state.after')::bigint
   and a.transaction_id >= current_setting('user_state.horizon')::bigint;
