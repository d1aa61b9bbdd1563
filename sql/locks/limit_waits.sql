-- Has no statement wait for a lock for longer than user_state.longest_wait ('5s'), until the end of
-- the transaction; returns lock_timeout as it was. One that is shorter already stays.
--
-- Who runs it: the application, at the beginning of a transaction that locks states or users.
-- Why it is safe: it changes one setting of one transaction.

with present as materialized (
  select pg_catalog.current_setting('lock_timeout') as lock_timeout
)
select p.lock_timeout,
       pg_catalog.set_config('lock_timeout', (1000 * least(
         nullif(extract(epoch from p.lock_timeout::interval), 0),  -- 0 is without end
         extract(epoch from pg_catalog.current_setting('user_state.longest_wait')::interval)
       ))::integer::text, true)
  from present p;
