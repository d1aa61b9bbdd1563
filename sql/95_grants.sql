-- What the application, the readers and the sealer may do; and what nobody else shall.
--
-- Who runs it: migrate each time, or a DBA, last. Each part needs to own what it is about, or to be
-- superuser; where that is not so, a warning says what was left, and all else is done.
-- Safe to run again: it states what shall be true.

do $$
declare
  name text;
begin
  if to_regrole('user_state_audit_app') is null
     or to_regrole('user_state_audit_reader') is null
     or to_regrole('user_state_audit_sealer') is null then
    raise warning 'The roles of 00_roles.sql are not there: nothing is granted.';
    return;
  end if;
  if not (select pg_has_role(current_user, c.relowner, 'usage')
            from pg_catalog.pg_class c where c.oid = to_regclass('public.user_fsm')) then
    raise warning 'The tables of the application are not granted: they are not %''s.', current_user;
    return;
  end if;

  -- The application: its own tables, row by row.
  foreach name in array array[
    'user_fsm', 'accounts_user', 'accounts_user_groups', 'accounts_user_user_permissions',
    'accounts_budget', 'auth_group', 'auth_group_permissions', 'django_admin_log',
    'django_session'
  ]
  loop
    if to_regclass('public.' || name) is not null then
      execute format(
        'grant select, insert, update, delete on public.%I to user_state_audit_app', name);
    end if;
  end loop;
  foreach name in array array['auth_permission', 'django_content_type']
  loop
    if to_regclass('public.' || name) is not null then
      execute format('grant select on public.%I to user_state_audit_app', name);
    end if;
  end loop;
  -- By which each of their programs knows whether the database is of its version.
  if to_regclass('public.django_migrations') is not null then
    grant select on public.django_migrations
      to user_state_audit_app, user_state_audit_reader, user_state_audit_sealer;
  end if;
  -- Whose number is in an entry.
  grant select (id, username) on public.accounts_user to user_state_audit_reader;
  -- NOTE: no truncate, trigger or references anywhere: nothing goes round the triggers.
  -- NOTE: no writing of permissions, contents and migrations: migrate does that.
exception
  when insufficient_privilege then
    raise warning 'The tables of the application are not granted: %.', sqlerrm;
end
$$;

do $$
declare
  reader text;
begin
  if to_regrole('user_state_audit_app') is null
     or to_regrole('user_state_audit_reader') is null
     or to_regrole('user_state_audit_sealer') is null
     or to_regclass('public.user_state_seal') is null
     or to_regprocedure('public.reconcile_user_state(text)') is null then
    return;
  end if;
  if not (select pg_has_role(current_user, c.relowner, 'usage')
            from pg_catalog.pg_class c where c.oid = to_regclass('public.user_state_audit')) then
    raise warning 'The audit is not granted: it is not %''s.', current_user;
    return;
  end if;
  revoke all on public.user_state_audit, public.user_state_transition, public.user_state_seal
    from public;
  foreach reader in array array[
    'user_state_audit_app', 'user_state_audit_reader', 'user_state_audit_sealer'
  ]
  loop
    execute format(
      'grant select on public.user_state_audit, public.user_state_transition,'
      ' public.user_state_seal to %I', reader);
  end loop;
  -- NOTE: no insert, update or delete of entries: the trigger writes them, as their owner.
  foreach reader in array array['user_state_audit_app', 'user_state_audit_reader']
  loop
    execute format(
      'grant execute on function public.verify_user_state_protection(),'
      ' public.verify_user_state_history(timestamptz, bigint),'
      ' public.verify_user_state_seals(timestamptz),'
      ' public.verify_user_state_audit(timestamptz, bigint) to %I', reader);
  end loop;
  grant insert on public.user_state_seal to user_state_audit_sealer;
  -- NOTE: no update or delete of seals; and the application adds none.
exception
  when insufficient_privilege then
    raise warning 'The audit is not granted: %.', sqlerrm;
end
$$;

do $$
begin
  if (select pg_has_role(current_user, d.datdba, 'usage')
        from pg_catalog.pg_database d where d.datname = current_database()) then
    -- A temporary table goes before all others of its name, and so would be shown instead.
    execute format('revoke temporary on database %I from public', current_database());
  else
    raise warning 'Everybody may still make temporary tables: % does not own the database.',
      current_user;
  end if;
  if (select pg_has_role(current_user, n.nspowner, 'usage')
        from pg_catalog.pg_namespace n where n.nspname = 'public') then
    revoke create on schema public from public;
    if to_regrole('user_state_audit_app') is not null
       and to_regrole('user_state_audit_reader') is not null
       and to_regrole('user_state_audit_sealer') is not null then
      grant usage on schema public
        to user_state_audit_app, user_state_audit_reader, user_state_audit_sealer;
    end if;
  else
    raise warning 'Whether everybody may create in the schema public is left: % does not own it.',
      current_user;
  end if;
end
$$;
