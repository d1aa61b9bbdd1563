-- Hands the audit over to its owner, and gives the owner what the trigger has to read.
--
-- Who runs it: migrate, or a DBA, last. Needs to be superuser, or a member of the owner that
-- may grant on schema public; otherwise all stays as it is, and a notice says so.
-- Safe to run again: it states what shall be true.

do $$
begin
  if to_regrole('user_state_audit_owner') is null
     or not pg_has_role(current_user, 'user_state_audit_owner', 'usage')
     or not has_schema_privilege('public', 'create with grant option') then
    raise notice 'The audit stays with %: it is no member of user_state_audit_owner, or may not'
      ' grant on the schema public.', current_user;
    return;
  end if;

  -- An owner of tables needs to be able to create them, for the moment of the change.
  grant usage, create on schema public to user_state_audit_owner;
  alter table public.user_state_audit owner to user_state_audit_owner;
  alter table public.user_state_transition owner to user_state_audit_owner;
  alter function public.record_user_state() owner to user_state_audit_owner;
  revoke create on schema public from user_state_audit_owner;

  grant select (id, username) on public.accounts_user to user_state_audit_owner;
  grant select on public.user_fsm to user_state_audit_owner; -- for TRUNCATE
end
$$;

-- NOTE: not the rest of accounts_user: the owner never sees a password hash.
-- NOTE: no insert, update or delete on user_fsm: the audit changes nobody's state.
