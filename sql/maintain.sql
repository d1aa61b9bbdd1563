-- Maintains the audit, as maintain_audit does: moves entries out of the default partition, makes the
-- months ahead, counts the days and carries the states over the quarters that have ended.
--
--   psql -v ON_ERROR_STOP=1 -f sql/maintain.sql
--
-- Who runs it: a member of the owner of the audit who owns the schema, such as whoever migrates; cron.
-- Why it is safe: each file says so. Where it waits for somebody too long, it ends with an error, and
-- nothing is changed: run it again.

begin;
set local search_path = pg_catalog, pg_temp;
\ir maintain/default_aside.sql
select current_setting('user_state.first_month') <> '' as is_needed \gset
\if :is_needed
  \o /dev/null
  \ir maintain/months.sql
  \ir maintain/default_exchange.sql
  \o
\endif
commit;

begin;
set local search_path = pg_catalog, pg_temp;
\ir maintain/ahead.sql
\ir maintain/months.sql
select m.names as missing, m.names <> '' as is_blocked
  from current_setting('user_state.missing') as m (names)
\gset
commit;

begin isolation level read committed;
set local search_path = pg_catalog, pg_temp;
set local lock_timeout = '1s';
\o /dev/null
\ir maintain/settled.sql
\ir maintain/daily.sql
\ir maintain/carried.sql
\o
select current_setting('user_state.settled') = '' as is_unsettled \gset
commit;
\if :is_unsettled
  \warn Days are counted next time, for a transaction that has changed states is open.
\endif
\if :is_blocked
  \warn Not made, for somebody reads user_state_audit_default: :missing
  do $$ begin raise exception 'Months are missing: run this again.'; end $$;
\endif
