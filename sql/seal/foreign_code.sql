-- Whatever somebody else has put on the tables of the audit that would run while a seal is read or
-- written, with the rights of the sealer: (table, what).
--
-- Who runs it: seal_audit and prove_audit, before any statement that names the tables, and after
-- verify/expected.sql.
-- Why it is safe: it reads the catalog alone, and calls nothing of the tables' owner.
-- Planning alone runs what is in an index, in statistics or in a constraint; so this is asked first.

with recursive ours as (
  select c.oid, c.relname, c.relkind, c.relrowsecurity
    from pg_catalog.pg_class c
   where c.oid in (to_regclass('public.user_state_audit'), to_regclass('public.user_state_seal'),
                   to_regclass('public.user_state_archive'),
                   to_regclass('public.user_state_site'), to_regclass('public.django_migrations'))
  union
  select c.oid, c.relname, c.relkind, c.relrowsecurity
    from ours o
    join pg_catalog.pg_inherits i on i.inhparent = o.oid
    join pg_catalog.pg_class c on c.oid = i.inhrelid
)
select o.relname::text, f.what
  from ours o
 cross join lateral (
   select 'is no table' as what where o.relkind not in ('r', 'p')
   union all
   select 'has row security' where o.relrowsecurity
   union all
   select 'has an index on an expression'
     from pg_catalog.pg_index i
    where i.indrelid = o.oid and (i.indexprs is not null or i.indpred is not null)
   union all
   select 'has statistics on an expression'
     from pg_catalog.pg_statistic_ext s
    where s.stxrelid = o.oid and s.stxexprs is not null
   union all
   select 'has the rule ' || r.rulename from pg_catalog.pg_rewrite r where r.ev_class = o.oid
   union all
   select 'has the constraint ' || c.conname
     from pg_catalog.pg_constraint c
    where c.conrelid = o.oid and c.contype not in ('p', 'n')
      and pg_catalog.pg_get_constraintdef(c.oid) is distinct from
            current_setting('user_state.expected')::jsonb -> 'objects'
              ->> ('constraint ' || c.conname || ' on ' || o.relname)
   union all
   select 'has a constraint or default that calls ' || coalesce(p.proname, '?')
     from pg_catalog.pg_depend d
     left join pg_catalog.pg_proc p on d.refclassid = 'pg_catalog.pg_proc'::regclass
                                   and p.oid = d.refobjid
    where d.refobjid >= 16384
      and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
                           'pg_catalog.pg_type'::regclass)
      and (d.classid = 'pg_catalog.pg_constraint'::regclass
           and d.objid in (select c.oid from pg_catalog.pg_constraint c where c.conrelid = o.oid)
           or d.classid = 'pg_catalog.pg_class'::regclass and d.objid = o.oid)
   union all
   select 'has a default for ' || a.attname
     from pg_catalog.pg_attrdef f
     join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
    where f.adrelid = o.oid and (a.attgenerated <> '' or o.relname <> 'django_migrations')
   union all
   select 'has the trigger ' || t.tgname
     from pg_catalog.pg_trigger t
    where t.tgrelid = o.oid and not t.tgisinternal and t.tgtype & 4 = 4 -- of INSERT
      and o.relname in ('user_state_seal', 'user_state_archive')
 ) f
 order by 1, 2;
