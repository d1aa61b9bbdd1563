-- What the next seal takes: (least id, greatest id, how many) of the entries beyond
-- user_state.after, of the transactions from user_state.horizon to before user_state.upto.
--
-- Who runs it: seal_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.
-- The count keeps the planner from looking for the least id from the beginning.

select coalesce(min(a.id), 0), coalesce(max(a.id), 0), count(*)
  from public.user_state_audit a
 where a.id > current_setting('user_state.after')::bigint
   and a.transaction_id >= current_setting('user_state.horizon')::bigint
   and a.transaction_id < current_setting('user_state.upto')::bigint;
