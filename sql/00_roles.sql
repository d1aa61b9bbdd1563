-- The role that owns the audit: the table, its functions, and nothing else.
--
-- Who runs it: migrate, or a DBA, before the other files.
-- Needs CREATEROLE to make the role; without it nothing is made, a notice says so, and the
-- audit belongs to the role that migrates: complete, but not protected from that role.
-- Safe to run again: it makes only what is missing.

do $$
begin
  if to_regrole('user_state_audit_owner') is null then
    create role user_state_audit_owner nologin;
    comment on role user_state_audit_owner is
      'Owns user_state_audit and the functions that write it. Nobody signs in as this role.';
    -- Who migrates must be able to replace the functions later. A superuser may anyway.
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
      execute format('grant user_state_audit_owner to %I', current_user);
    end if;
  end if;
exception
  when insufficient_privilege then
    raise notice 'No role user_state_audit_owner: % may not create roles.', current_user;
  when duplicate_object or unique_violation then
    null; -- another database of this cluster made it in the same moment
end
$$;

-- NOTE: no login, no password, no membership for anybody but the migrating role: nobody
-- reaches the audit through this role by accident.
