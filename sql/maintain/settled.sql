-- Sets user_state.settled: all entries before this moment are committed, so that days and quarters which
-- ended before it are complete. '' where somebody's changes of states stay uncommitted; -infinity where a
-- subscription brings the entries, and what was counted of them.
--
-- Who runs it: maintain_audit, or sql/maintain.sql, before daily.sql and carried.sql in one transaction,
-- which is read committed; and forget_user, before forget.sql.
-- Why it is safe: it reads the catalog and nothing else, and waits for three seconds at most.
--
-- Whoever has written an entry holds a lock on the audit until the end of their transaction, a prepared
-- one too. So once those are gone who hold it now, no entry from before now can appear.

do $$
declare
  moment  constant timestamptz := case
    when exists (select from pg_catalog.pg_subscription_rel s
                  where s.srrelid = 'public.user_state_daily'::regclass)
      then '-infinity' else clock_timestamp() end;
  writers constant text[] := array(
    select l.virtualtransaction from pg_catalog.pg_locks l
     where l.relation = 'public.user_state_audit'::regclass and l.mode = 'RowExclusiveLock');
  settled timestamptz;
begin
  for number in 1 .. 60 loop
    if not exists (
         select from pg_catalog.pg_locks l
          where l.relation = 'public.user_state_audit'::regclass and l.mode = 'RowExclusiveLock'
            and l.virtualtransaction = any (writers)) then
      settled := moment;
      exit;
    end if;
    perform pg_sleep(0.05);
  end loop;
  perform set_config('user_state.settled', coalesce(settled::text, ''), true);
end
$$;
