-- Puts user_state_audit_kept in the place of the months before user_state.until, and drops these.
--
-- Who runs it: archive_audit, after aside.sql and keep.sql in one transaction, once it has compared what is there with its
-- files; install/34_guards.sql and install/90_ownership.sql follow. Needs to be a member of the owner of the
-- audit, and to own the schema.
-- Why it is safe: it waits for the locks for 200 ms at most, since everybody waits behind, and then gives
-- up; nothing is dropped that reaches beyond user_state.until; and all of it is undone where anything fails.

set local lock_timeout = '200ms';

do $$
declare
  since     constant timestamptz := current_setting('user_state.since')::timestamptz;
  until     constant timestamptz := current_setting('user_state.until')::timestamptz;
  kept      constant text := 'public.user_state_audit_kept';
  partition regclass;
  ends      timestamptz;
  gone      regclass[] := '{}';
  counted   name;
  grantee   text;
begin
  -- In this order whoever writes takes them.
  lock table only public.user_state_audit in access exclusive mode;
  lock table public.user_state_audit_default in access exclusive mode;
  for partition, ends in
    select c.oid, substring(pg_get_expr(c.relpartbound, c.oid) from ' TO [(]''(.*)''[)]')::timestamptz
      from pg_catalog.pg_inherits i
      join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'public.user_state_audit'::regclass
       and (c.relname = 'user_state_audit_kept'
            or c.relname ~ '^user_state_audit_[0-9]{4}_(0[1-9]|1[0-2])$'
           and to_timestamp(right(c.relname, 7), 'YYYY_MM') < until)
     order by c.relname
  loop
    if (ends <= until) is not true then
      raise exception '% ends at %, and is to be dropped until %: nothing is archived.', partition, ends, until;
    end if;
    execute format('alter table public.user_state_audit detach partition %s', partition);
    gone := gone || partition;
  end loop;
  foreach partition in array gone loop
    execute format('drop table %s', partition);
  end loop;

  alter table user_state_maintenance.user_state_audit_kept set schema public;
  for counted in
    select s.stxname from pg_catalog.pg_statistic_ext s where s.stxrelid = kept::regclass
  loop
    execute format('alter statistics user_state_maintenance.%I set schema public', counted);
  end loop;
  drop schema user_state_maintenance;
  -- What the defaults of a role or schema grant: a partition is reached by the audit only.
  for grantee in
    select distinct case g.grantee when 0 then 'public' else g.grantee::regrole::text end
      from pg_catalog.pg_class c, aclexplode(c.relacl) g
     where c.oid = kept::regclass and g.grantee <> c.relowner
  loop
    execute format('revoke all on %s from %s', kept, grantee);
  end loop;
  execute format('comment on table %s is %L', kept,
                 'Of archived months, the last entry of each user: see user_state_archive.');
  execute format('alter table public.user_state_audit attach partition %s for values from (%L) to (%L)',
                 kept, since, until);
  alter table public.user_state_audit_kept drop constraint is_archived;
end
$$;
