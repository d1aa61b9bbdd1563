-- Moves entries out of user_state_audit_default into their months. Nothing is deleted: copies of all its
-- entries take its place, in months where there are such, and it is dropped. Sets user_state.moved.
--
-- Who runs it: maintain_audit, or sql/maintain.sql, after default_aside.sql and months.sql, in one
-- transaction with them.
-- Why it is safe: it copies before it locks; it waits for the lock for 300 ms at most, and then gives
-- up; under the lock it copies what was written meanwhile, and compares.

-- Both are made like the audit, and so have the same columns.
insert into user_state_maintenance.user_state_audit
select a.* from public.user_state_audit_default a;

set local lock_timeout = '300ms';
-- In this order whoever writes takes them.
lock table only public.user_state_audit in access exclusive mode;
lock table public.user_state_audit_default in access exclusive mode;

insert into user_state_maintenance.user_state_audit
select a.*
  from public.user_state_audit_default a
 where not exists (select from user_state_maintenance.user_state_audit m
                    where m.id = a.id and m.datetime = a.datetime);

do $$
declare
  moved     bigint;
  partition record;
  counted   name;
  granted   text[] := array(
    select format('grant %s on public.user_state_audit_default to %s', a.privilege_type,
                  case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
      from pg_class c, aclexplode(c.relacl) a
     where c.oid = 'public.user_state_audit_default'::regclass and a.grantee <> c.relowner);
  statement text;
  meaning   text := obj_description('public.user_state_audit_default'::regclass, 'pg_class');
begin
  if exists (select from (table public.user_state_audit_default
                          except all table user_state_maintenance.user_state_audit) as lost)
     or exists (select from (table user_state_maintenance.user_state_audit
                             except all table public.user_state_audit_default) as added) then
    raise exception 'The copies of user_state_audit_default are not the same: nothing is moved.';
  end if;
  select count(*) into moved
    from user_state_maintenance.user_state_audit a
   where a.tableoid <> 'user_state_maintenance.user_state_audit_default'::regclass;
  perform set_config('user_state.moved', moved::text, true);

  alter table public.user_state_audit detach partition public.user_state_audit_default;
  drop table public.user_state_audit_default;
  -- The default one last: it is looked through for what belongs to the others.
  for partition in
    select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'user_state_maintenance.user_state_audit'::regclass
     order by c.relname = 'user_state_audit_default', c.relname
  loop
    execute format('alter table user_state_maintenance.user_state_audit'
                   ' detach partition user_state_maintenance.%I', partition.name);
    execute format('alter table user_state_maintenance.%I set schema public', partition.name);
    for counted in
      select s.stxname from pg_statistic_ext s
       where s.stxrelid = format('public.%I', partition.name)::regclass
    loop
      execute format('alter statistics user_state_maintenance.%I set schema public', counted);
    end loop;
    execute format('alter table public.user_state_audit attach partition public.%I %s',
                   partition.name, partition.bounds);
  end loop;
  foreach statement in array granted loop
    execute statement;
  end loop;
  execute format('comment on table public.user_state_audit_default is %L', meaning);
end
$$;

drop table user_state_maintenance.user_state_audit;
drop schema user_state_maintenance;
