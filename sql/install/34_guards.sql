-- The triggers that keep the tables of the audit append-only.
--
-- Who runs it: migrate, or a DBA, after the two files that begin with 30. Needs to own the tables.
-- Each partition has its own, so that nobody rewrites a month by its name. There alone an UPDATE is
-- judged, entry by entry. ENABLE ALWAYS, so that a
-- replica role does not skip them.
-- Safe to run again: a table whose guards are as they should be is not touched.

do $$
declare
  guarded record;
  wanted  text;
begin
  for guarded in
    select t.oid::regclass as name, g.trigger_name, g.function_name, g.events, g.level
      from (select c.oid, c.oid = to_regclass('public.user_state_audit') as is_audit,
                   c.relispartition as is_month
              from pg_catalog.pg_class c
             where c.oid in (
               select to_regclass('public.' || t)
                 from unnest(array['user_state_audit', 'user_state_transition', 'user_state_site',
                                   'user_state_seal', 'user_state_archive',
                                   'user_state_verification', 'user_state_export']) as t
                union all
               select i.inhrelid from pg_catalog.pg_inherits i
                where i.inhparent = to_regclass('public.user_state_audit'))) as t
     cross join lateral (values
       ('refuse_rewriting', 'refuse_rewriting',
        case when t.is_audit or t.is_month then 'BEFORE DELETE' else 'BEFORE DELETE OR UPDATE' end,
        case when t.is_audit then 'STATEMENT' else 'ROW' end),
       ('refuse_truncate', 'refuse_rewriting', 'BEFORE TRUNCATE', 'STATEMENT'),
       ('refuse_all_but_erasure', 'refuse_all_but_erasure',
        case when t.is_month then 'AFTER UPDATE' end, 'ROW'))
       as g (trigger_name, function_name, events, level)
     where g.events is not null
     order by t.is_month, t.oid
  loop
    wanted := format('CREATE TRIGGER %s %s ON %s FOR EACH %s EXECUTE FUNCTION'
                     ' public.%s()',
                     guarded.trigger_name, guarded.events, guarded.name, guarded.level,
                     guarded.function_name);
    continue when exists (
      select from pg_catalog.pg_trigger t
       where t.tgrelid = guarded.name and t.tgname = guarded.trigger_name and t.tgenabled = 'A'
         and pg_get_triggerdef(t.oid) = wanted);
    execute replace(wanted, 'CREATE TRIGGER', 'create or replace trigger');
    execute format('alter table %s enable always trigger %s', guarded.name, guarded.trigger_name);
  end loop;
end
$$;
