-- The tables that are locked before anything is read: those that are tables, and may be read.
-- psql keeps their names in the variable locks.
--
-- Who runs it: verify_audit and verify.sql, before their transaction; and again behind the locks, for
-- a table may have got its name meanwhile, and then it is not locked.
-- Why it is safe: it reads the catalog and nothing else.

select pg_catalog.string_agg('public.' || c.relname, ', ' order by c.relname) as locks
  from pg_catalog.pg_class c
 where c.relnamespace = pg_catalog.to_regnamespace('public')
   and c.relname in ('user_fsm', 'user_state_audit', 'user_state_transition', 'user_state_site',
                     'user_state_seal', 'user_state_daily', 'user_state_carried',
                     'user_state_archive', 'django_migrations')
   and c.relkind in ('r', 'p')
   and pg_catalog.has_table_privilege(c.oid, 'select')
\gset
