-- Has nobody write the table user_state.restored any more, not even its owner, and readers read it.
--
-- Who runs it: restore_audit, after restore.sql, once the table is filled.
-- Why it is safe: nobody knows the table yet.

do $$
declare
  restored    constant text := format('public.%I', current_setting('user_state.restored'));
  audit_owner constant name := (select pg_catalog.pg_get_userbyid(c.relowner)
                                  from pg_catalog.pg_class c
                                 where c.oid = 'public.user_state_audit'::regclass);
  reader      text;
begin
  execute format('create index on %s (id)', restored);
  execute format('create index on %s (user_id, id)', restored);
  execute format('create trigger refuse_rewriting before insert or update or delete on %s'
                 ' for each row execute function public.refuse_rewriting()', restored);
  execute format('create trigger refuse_truncate before truncate on %s'
                 ' for each statement execute function public.refuse_rewriting()', restored);
  execute format('alter table %s enable always trigger refuse_rewriting,'
                 ' enable always trigger refuse_truncate', restored);
  for reader in
    select distinct case g.grantee when 0 then 'public' else g.grantee::regrole::text end
      from pg_catalog.pg_class c, aclexplode(c.relacl) g
     where c.oid = restored::regclass and g.grantee <> c.relowner
  loop
    execute format('revoke all on %s from %s', restored, reader);
  end loop;
  for reader in
    select r.rolname from pg_catalog.pg_roles r
     where r.rolname in ('user_state_audit_app', 'user_state_audit_reader')
  loop
    execute format('grant select on %s to %I', restored, reader);
  end loop;
  if audit_owner <> current_user then
    -- An owner of tables needs to be able to create them, for the moment of the change.
    execute format('grant create on schema public to %I', audit_owner);
    execute format('alter table %s owner to %I', restored, audit_owner);
    execute format('revoke create on schema public from %I', audit_owner);
  end if;
end
$$;
