-- Builds the indexes of user_state_audit that are not valid yet, partition by partition, while others
-- write.
--
--   psql -v ON_ERROR_STOP=1 -f sql/maintain/indexes.sql
--
-- Who runs it: migrate; or a DBA, outside of any transaction, after an install.sql on an audit that had
-- entries. Needs to be a member of the owner of the audit, and to create in the schema public.
-- Why it is safe: "concurrently" keeps nobody waiting, but waits itself until whoever writes or looks
-- now has finished. Where somebody takes longer than a minute, it ends with an error. To attach an index
-- takes a moment in which nobody may use that index, and is waited for 300 ms at most.
-- Safe to run again, wherever it was ended: what was built by halves is dropped and built again.

with wanted as (
  select p.relname as parent, c.relname as partition,
         substring(pg_catalog.pg_get_indexdef(i.indexrelid) from ' USING .*') as definition,
         -- As PostgreSQL calls those of a month that is made later.
         c.relname || '_' || (
           select pg_catalog.string_agg(a.attname, '_' order by a.attnum)
             from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid) || '_idx' as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_class p on p.oid = i.indexrelid
    join pg_catalog.pg_inherits m on m.inhparent = i.indrelid
    join pg_catalog.pg_class c on c.oid = m.inhrelid
   where i.indrelid = pg_catalog.to_regclass('public.user_state_audit') and not i.indisvalid
     and not exists (
       select from pg_catalog.pg_inherits attached
         join pg_catalog.pg_index x on x.indexrelid = attached.inhrelid
        where attached.inhparent = i.indexrelid and x.indrelid = c.oid)
),
built as (
  select w.*, x.indexrelid is not null as is_there,
         coalesce(x.indisvalid and w.definition
                    = substring(pg_catalog.pg_get_indexdef(x.indexrelid) from ' USING .*'), false)
           as is_built
    from wanted w
    left join pg_catalog.pg_index x
      on x.indexrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', w.name))
)
select 'set search_path = pg_catalog, pg_temp',
       'set lock_timeout = ''1min''',
       case when b.is_there and not b.is_built
         then pg_catalog.format('drop index concurrently public.%I', b.name) end,
       case when not b.is_built
         then pg_catalog.format('create index concurrently %I on public.%I %s', b.name, b.partition,
                                b.definition) end,
       'set lock_timeout = ''300ms''',
       pg_catalog.format('alter index public.%I attach partition public.%I', b.parent, b.name)
  from built b
 order by b.partition, b.parent
\gexec
