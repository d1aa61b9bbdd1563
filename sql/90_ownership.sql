-- Hands the audit over to its owner, and gives the owner what the trigger has to read.
--
-- Who runs it: migrate, or a DBA, after what it hands over. Needs to be superuser, or a member
-- of the owner that may grant on schema public; otherwise all stays as it is, and a notice says so.
-- Safe to run again: it states what shall be true of what is there.

do $$
declare
  object text;
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
  foreach object in array array[
    'table public.user_state_audit',
    'table public.user_state_transition',
    'table public.user_state_seal',
    'function public.record_user_state()',
    'function public.refuse_rewriting()',
    'function public.user_state_seal_text(public.user_state_seal)',
    'function public.user_state_seal_reach(bigint)',
    'function public.user_state_seal_digest(public.user_state_seal)',
    'function public.next_user_state_seal(text,boolean)',
    'function public.verify_user_state_protection()',
    'function public.verify_user_state_history(timestamp with time zone,bigint)',
    'function public.verify_user_state_seals(timestamp with time zone)',
    'function public.verify_user_state_audit(timestamp with time zone,bigint)',
    'function public.reconcile_user_state(text)'
  ]
  loop
    if coalesce(
         case when object like 'table %' then to_regclass(substr(object, 7))::oid end,
         case when object like 'function %' then to_regprocedure(substr(object, 10))::oid end
       ) is not null then
      execute format('alter %s owner to user_state_audit_owner', object);
    end if;
  end loop;
  revoke create on schema public from user_state_audit_owner;

  grant select (id, username) on public.accounts_user to user_state_audit_owner;
  -- For TRUNCATE, and to verify.
  grant select on public.user_fsm to user_state_audit_owner;
end
$$;

-- NOTE: not the rest of accounts_user: the owner never sees a password hash.
-- NOTE: no insert, update or delete on user_fsm: the audit changes nobody's state.
