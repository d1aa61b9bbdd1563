-- The triggers that keep the tables of the audit append-only.
--
-- Who runs it: migrate, or a DBA, after 30_refuse_rewriting.sql. Needs to own the tables.
-- Each partition has its own, so that nobody rewrites a month by its name. ENABLE ALWAYS, so that a
-- replica role does not skip them.
-- Safe to run again: a table whose guards are as they should be is not touched.

do $$
declare
  guarded record;
  wanted  text;
begin
  for guarded in
    select c.oid::regclass as name, trigger_name, events, level
      from pg_catalog.pg_class c
     cross join lateral (values
       ('refuse_rewriting', 'BEFORE DELETE OR UPDATE', case c.relkind when 'p' then 'STATEMENT'
                                                                     else 'ROW' end),
       ('refuse_truncate', 'BEFORE TRUNCATE', 'STATEMENT')) as g (trigger_name, events, level)
     where c.oid in (
       select to_regclass('public.' || t)
         from unnest(array['user_state_audit', 'user_state_transition', 'user_state_site',
                           'user_state_seal', 'user_state_archive', 'user_state_verification',
                           'user_state_export']) as t
        union all
       select i.inhrelid from pg_catalog.pg_inherits i
        where i.inhparent = to_regclass('public.user_state_audit'))
     order by c.oid
  loop
    wanted := format('CREATE TRIGGER %s %s ON %s FOR EACH %s EXECUTE FUNCTION'
                     ' public.refuse_rewriting()',
                     guarded.trigger_name, guarded.events, guarded.name, guarded.level);
    continue when exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = guarded.name and t.tgname = guarded.trigger_name and t.tgenabled = 'A'
         and pg_get_triggerdef(t.oid) = wanted);
    execute replace(wanted, 'CREATE TRIGGER', 'create or replace trigger');
    execute format('alter table %s enable always trigger %s', guarded.name, guarded.trigger_name);
  end loop;
end
$$;
