-- verify_user_state_triggers(): what is missing, changed or added among the triggers that record
-- and guard, and the two functions that they run. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_protection().
-- Why it is safe: it reads the catalog and nothing else.

create or replace function public.verify_user_state_triggers()
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $function$
with
-- What shall be there.
wanted_trigger (on_table, name, definition) as (values
  ('user_fsm', 'pgtrigger_record_insert_dd5c0',
   'AFTER INSERT ON public.user_fsm REFERENCING NEW TABLE AS new_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_update_0cacf',
   'AFTER UPDATE ON public.user_fsm REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_delete_d6efa',
   'AFTER DELETE ON public.user_fsm REFERENCING OLD TABLE AS old_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_truncate_0957c',
   'BEFORE TRUNCATE ON public.user_fsm'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_state_audit', 'refuse_rewriting',
   'BEFORE DELETE OR UPDATE ON public.user_state_audit'
   ' FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_audit', 'refuse_truncate',
   'BEFORE TRUNCATE ON public.user_state_audit'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_seal', 'refuse_rewriting',
   'BEFORE DELETE OR UPDATE ON public.user_state_seal'
   ' FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_seal', 'refuse_truncate',
   'BEFORE TRUNCATE ON public.user_state_seal'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting()')
),
-- What writes and what guards, by the digest of its text.
wanted_function (name, definer, settings, digest) as (values
  ('record_user_state()', true,
   '{"search_path=pg_catalog, pg_temp",enable_seqscan=off,plan_cache_mode=force_generic_plan}',
   'bb5b7ab8882a210a'),
  ('refuse_rewriting()', false, '{"search_path=pg_catalog, pg_temp"}',
   '0d2f8f8bf4540591')
)

select 'trigger', 'trigger ' || w.name || ' on ' || w.on_table, null::bigint, null::bigint,
       case
         when t.oid is null then 'is missing'
         when t.tgenabled = 'D' then 'is disabled'
         when t.tgenabled <> 'A' then 'is not ENABLE ALWAYS: a replica role skips it'
         else 'is another one: ' || pg_get_triggerdef(t.oid)
       end
  from wanted_trigger w
  left join pg_trigger t
    on t.tgrelid = to_regclass('public.' || w.on_table) and t.tgname = w.name
 where t.oid is null
    or t.tgenabled <> 'A'
    or pg_get_triggerdef(t.oid) <> 'CREATE TRIGGER ' || w.name || ' ' || w.definition

union all
-- What belongs to a constraint is told with it.
select 'trigger', 'trigger ' || t.tgname || ' on ' || c.relname, null, null,
       'is not ours, and may change or drop what is written: ' || pg_get_triggerdef(t.oid)
  from pg_class c
  join pg_trigger t on t.tgrelid = c.oid and t.tgconstraint = 0
 where c.relnamespace = to_regnamespace('public')
   and c.relname in ('user_state_audit', 'user_state_seal', 'user_state_transition')
   and not exists (select from wanted_trigger w where w.on_table = c.relname and w.name = t.tgname)

union all
select 'setting', 'event trigger ' || e.evtname, null, null,
       'runs ' || e.evtfoid::regprocedure || ' at each sign-in, which may say who it is'
  from pg_event_trigger e
 where e.evtevent = 'login' and e.evtenabled <> 'D'

union all
select 'function', 'function ' || w.name, null, null,
       case
         when p.oid is null then 'is missing'
         when p.prosecdef <> w.definer or p.proconfig::text is distinct from w.settings
           then 'runs otherwise: security definer ' || p.prosecdef
             || ', settings ' || coalesce(p.proconfig::text, 'none')
         when l.lanname <> 'plpgsql' or p.prosqlbody is not null
           then 'is of the language ' || l.lanname || ', or has a body beside its text'
         else 'has another text, with the digest '
           || left(encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), 16)
       end
  from wanted_function w
  left join pg_proc p on p.oid = to_regprocedure('public.' || w.name)
  left join pg_language l on l.oid = p.prolang
 where p.oid is null
    or p.prosecdef <> w.definer
    or p.proconfig::text is distinct from w.settings
    or left(encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), 16) <> w.digest
    or l.lanname <> 'plpgsql'
    or p.prosqlbody is not null
$function$;

comment on function public.verify_user_state_triggers() is
  'Finds what is missing, changed or added among the triggers and what they run.';

-- NOTE: no execute for anybody: verify_user_state_protection() asks, as the owner.
revoke execute on function public.verify_user_state_triggers() from public;
