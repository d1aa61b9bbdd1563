-- The roles of the audit: who owns it, who serves the application, who reads, who seals.
--
-- Who runs it: migrate, or a DBA, before the other files of install.sql.
-- Needs CREATEROLE to make the roles; without it nothing is made, a warning says so, and the
-- audit belongs to the role that migrates: complete, but not protected from that role.
-- Safe to run again: it makes only what is missing.

do $$
declare
  wanted record;
begin
  for wanted in
    select role.name, role.meaning
      from (values
        ('user_state_audit_owner',
         'Owns user_state_audit and the functions that write it. Nobody signs in as this role.'),
        ('user_state_audit_app',
         'The application: changes users and their states, and reads the audit.'),
        ('user_state_audit_reader',
         'Auditors and their tools: read the audit, and verify it.'),
        ('user_state_audit_sealer',
         'Reads the audit, and adds seals.')
      ) as role (name, meaning)
     where to_regrole(role.name) is null
  loop
    begin
      execute format('create role %I nologin', wanted.name);
      execute format('comment on role %I is %L', wanted.name, wanted.meaning);
      -- Who migrates must be able to replace the functions later. A superuser may anyway.
      if wanted.name = 'user_state_audit_owner'
         and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        execute format('grant user_state_audit_owner to %I', current_user);
      end if;
    exception
      when insufficient_privilege then
        raise warning 'No role %: % may not create roles.', wanted.name, current_user;
      when duplicate_object or unique_violation then
        null; -- another database of this cluster made it in the same moment
    end;
  end loop;
end
$$;

-- NOTE: no login, no password, no members but the migrating role in the owner: nobody reaches
-- the audit through these roles by accident. People and programs get roles of their own, which
-- are members of one of the other three.
