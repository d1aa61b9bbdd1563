-- Whether changes are recorded now, as far as one look at the catalog tells, and whether what was
-- verified and sealed can be read.
--
-- Who runs it: the pages of the admin that show the audit, as the application's role; or a DBA.
-- Why it is safe: it reads the catalog and nothing else.
-- It is quick rather than complete: what else can keep a change from being recorded, verify_audit
-- finds.

select pg_catalog.clock_timestamp() as now,
       array(
         select kind.event
           from (values ('INSERT', 4), ('UPDATE', 16), ('DELETE', 8), ('TRUNCATE', 32))
             as kind (event, bit)
          where not exists (
            select
              from pg_catalog.pg_trigger t
             where t.tgrelid = pg_catalog.to_regclass('public.user_fsm')
               and t.tgfoid = pg_catalog.to_regprocedure('public.record_user_state()')
               and t.tgtype & kind.bit <> 0
               and t.tgenabled = 'A'
               -- Neither a WHEN nor an UPDATE OF.
               and t.tgqual is null and t.tgattr::text = '')) as unrecorded,
       -- As in verify/present.sql.
       pg_catalog.regexp_replace(
         pg_catalog.pg_get_functiondef(pg_catalog.to_regprocedure('public.record_user_state()')),
         ' (COST|ROWS) [0-9.e+]+', '') as function,
       coalesce(pg_catalog.has_table_privilege(
         pg_catalog.to_regclass('public.user_state_verification'), 'select'), false)
         as shows_verifications,
       coalesce(pg_catalog.has_table_privilege(
         pg_catalog.to_regclass('public.user_state_seal'), 'select'), false) as shows_seals;
