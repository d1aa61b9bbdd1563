-- Builds the indexes of user_state_audit that are not valid yet, partition by partition, while others
-- write; and has what install/25_user_state_audit_indexes.sql counts be counted.
--
--   psql -v ON_ERROR_STOP=1 -f sql/maintain/indexes.sql
--
-- Who runs it: migrate; or a DBA, outside of any transaction, after an install.sql on an audit that had
-- entries. Needs to be a member of the owner of the audit, and to create in the schema public.
-- Why it is safe: "concurrently" keeps nobody waiting, but waits itself until whoever writes or looks
-- now has finished. Where somebody takes longer than a minute, it ends with an error. To attach an index
-- takes a moment in which nobody may use that index, and is waited for 300 ms at most.
-- Whatever of the audit's owner would have a name with quotes is left out: it would end a text here.
-- Safe to run again, wherever it was ended: what was built by halves is dropped and built again.

with part as (
  select c.oid, c.relname as name, c.relowner as owner
    from pg_catalog.pg_inherits m
    join pg_catalog.pg_class c on c.oid = m.inhrelid
   where m.inhparent = pg_catalog.to_regclass('public.user_state_audit')
     and c.relname ~ '^[a-z0-9_]+$'
),
wanted as (
  select p.relname as parent, part.name as partition,
         substring(pg_catalog.pg_get_indexdef(i.indexrelid) from ' USING .*') as definition,
         -- As PostgreSQL calls those of a month that is made later.
         part.name || '_' || (
           select pg_catalog.string_agg(a.attname, '_' order by a.attnum)
             from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid) || '_idx' as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_class p on p.oid = i.indexrelid
   cross join part
   where i.indrelid = pg_catalog.to_regclass('public.user_state_audit') and not i.indisvalid
     and not exists (
       select from pg_catalog.pg_inherits attached
         join pg_catalog.pg_index x on x.indexrelid = attached.inhrelid
        where attached.inhparent = i.indexrelid and x.indrelid = part.oid)
),
built as (
  select w.*, x.indexrelid is not null as is_there,
         coalesce(x.indisvalid and w.definition
                    = substring(pg_catalog.pg_get_indexdef(x.indexrelid) from ' USING .*'), false)
           as is_built
    from wanted w
    left join pg_catalog.pg_index x
      on x.indexrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', w.name))
),
step as (
  select b.partition, b.parent,
         case when b.is_there and not b.is_built
           then pg_catalog.format('drop index concurrently public.%I', b.name) end as prepare,
         case when not b.is_built
           then pg_catalog.format('create index concurrently %I on public.%I %s', b.name, b.partition,
                                  b.definition) end as make,
         pg_catalog.format('alter index public.%I attach partition public.%I', b.parent, b.name)
           as finish
    from built b
  union all
  select part.name, null,
         -- Which belongs to the owner of the audit; they need to be able to create it, for the moment.
         pg_catalog.format(
           'do $do$ begin create statistics public.%1$I %2$s from public.%3$I;'
           ' if %4$L <> current_user then grant create on schema public to %4$I;'
           ' alter statistics public.%1$I owner to %4$I;'
           ' revoke create on schema public from %4$I; end if; end $do$',
           pg_catalog.replace(s.stxname, 'user_state_audit', part.name),
           substring(pg_catalog.pg_get_statisticsobjdef(s.oid) from ' (\(.*) FROM '),
           part.name, pg_catalog.pg_get_userbyid(part.owner)),
         pg_catalog.format('analyze public.%I', part.name), null
    from pg_catalog.pg_statistic_ext s
   cross join part
   where s.stxrelid = pg_catalog.to_regclass('public.user_state_audit') and s.stxname ~ '^[a-z_]+$'
     and not exists (select from pg_catalog.pg_statistic_ext e where e.stxrelid = part.oid)
)
select 'set search_path = pg_catalog, pg_temp', 'set lock_timeout = ''1min''', s.prepare, s.make,
       'set lock_timeout = ''300ms''', s.finish
  from step s
 order by s.partition, s.parent
\gexec
