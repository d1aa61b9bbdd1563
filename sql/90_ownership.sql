-- Hands the audit over to its owner, and gives the owner what the trigger has to read.
--
-- Who runs it: migrate each time, or a DBA, after what it hands over. Needs to be superuser, or to
-- own all of it, to be a member of the owner, and to be allowed to grant on the schema public.
-- Otherwise all stays as it is, and a warning says so. Nor is it done where who owns user_fsm is no
-- member of the owner: they migrate, and could not do so again.
-- Safe to run again: it states what shall be true of what is there.

do $$
declare
  object   text;
  migrates name := (select pg_catalog.pg_get_userbyid(c.relowner)
                      from pg_catalog.pg_class c where c.oid = to_regclass('public.user_fsm'));
begin
  if to_regrole('user_state_audit_owner') is null then
    return;
  end if;
  if not pg_has_role(migrates, 'user_state_audit_owner', 'usage') then
    raise warning 'The audit is not handed over to user_state_audit_owner: grant that role to %, who'
      ' migrates.', migrates;
    return;
  end if;
  if not pg_has_role(current_user, 'user_state_audit_owner', 'usage') then
    raise warning 'The audit is not handed over to user_state_audit_owner: % is no member of it.',
      current_user;
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
    'function public.user_state_steps(bigint)',
    'function public.verify_user_state_tables()',
    'function public.verify_user_state_triggers()',
    'function public.verify_user_state_rights()',
    'function public.verify_user_state_protection()',
    'function public.verify_user_state_history(timestamp with time zone,bigint)',
    'function public.verify_user_state_seals(timestamp with time zone)',
    'function public.verify_user_state_audit(timestamp with time zone,bigint)',
    'function public.reconcile_user_state(text)'
  ]
  loop
    -- PostgreSQL 15 does not say that there is no such function, where there is no such type.
    continue when object like '%user_state_seal)' and to_regclass('public.user_state_seal') is null;
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
exception
  when insufficient_privilege then
    raise warning 'The audit is not handed over to user_state_audit_owner: %.', sqlerrm;
end
$$;

-- NOTE: not the rest of accounts_user: the owner never sees a password hash.
-- NOTE: no insert, update or delete on user_fsm: the audit changes nobody's state.
