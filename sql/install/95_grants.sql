-- What the application, the readers and the sealer may do, and what nobody else may.
--
-- Who runs it: migrate, or a DBA, last. Each part needs to own what it is about, or to be superuser;
-- where that is not so, a warning says what was left, and all else is done.
-- Safe to run again: it states what has to be true.

do $$
declare
  name text;
begin
  if to_regrole('user_state_audit_app') is null
     or to_regrole('user_state_audit_reader') is null
     or to_regrole('user_state_audit_sealer') is null then
    raise warning 'The roles of 10_roles.sql are not there: nothing is granted.';
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
    'accounts_budget', 'audit_lastlook', 'audit_savedview', 'auth_group', 'auth_group_permissions',
    'django_admin_log', 'django_session'
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
  -- Whose key is in an entry, and what state they are in.
  grant select (id, username) on public.accounts_user to user_state_audit_reader;
  grant select on public.user_fsm to user_state_audit_reader;
  -- NOTE: no truncate, trigger or references anywhere: nothing goes round the triggers.
  -- NOTE: no writing of permissions, contents and migrations: migrate does that.
  -- NOTE: of user_fsm the readers see every column: who may not, may not lock it to verify.
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
     or to_regclass('public.user_state_site') is null
     or to_regclass('public.user_state_daily') is null
     or to_regclass('public.user_state_carried') is null
     or to_regclass('public.user_state_verification') is null
     or to_regclass('public.user_state_archive') is null
     or to_regclass('public.user_state_export') is null then
    return;
  end if;
  if not (select pg_has_role(current_user, c.relowner, 'usage')
            from pg_catalog.pg_class c where c.oid = to_regclass('public.user_state_audit')) then
    raise warning 'The audit is not granted: it is not %''s.', current_user;
    return;
  end if;
  revoke all on public.user_state_audit, public.user_state_transition, public.user_state_site,
    public.user_state_seal, public.user_state_verification, public.user_state_daily,
    public.user_state_carried, public.user_state_archive, public.user_state_export
    from public;
  foreach reader in array array[
    'user_state_audit_app', 'user_state_audit_reader', 'user_state_audit_sealer'
  ]
  loop
    execute format(
      'grant select on public.user_state_audit, public.user_state_transition,'
      ' public.user_state_audit_default, public.user_state_site, public.user_state_seal,'
      ' public.user_state_verification, public.user_state_daily, public.user_state_carried,'
      ' public.user_state_archive, public.user_state_export to %I',
      reader);
    -- To see whether it is behind the entries.
    execute format('grant select on sequence public.user_state_audit_id_seq to %I', reader);
  end loop;
  -- NOTE: no insert, update or delete of entries: the trigger writes them, as their owner. Nor of what
  -- is counted and carried: maintain_audit writes that, as the same.
  -- NOTE: nothing on the months by themselves: they are read as the audit. The default partition is
  -- looked at for what should not be there.
  -- NOTE: no insert of tombstones: whoever drops months writes them, as the owner.
  grant insert on public.user_state_seal to user_state_audit_sealer;
  -- NOTE: no update or delete of seals; and the application adds none.
  grant insert (findings, entries, users, seals, unsealed, signatures_checked, migration)
    on public.user_state_verification to user_state_audit_reader;
  -- NOTE: not verified_at and db_user, which say who wrote it and when: they are facts. The
  -- application, which shows the result, can't write it; nor the sealer, who can't look at states.
  grant insert (ends, format, filter, entries) on public.user_state_export to user_state_audit_app;
  -- NOTE: not the other columns: who exported, when and from where is not for the exporter to say.
exception
  when insufficient_privilege then
    raise warning 'The audit is not granted: %.', sqlerrm;
end
$$;

-- The questions that the views and functions answer.

do $$
declare
  question record;
begin
  if to_regrole('user_state_audit_app') is null
     or to_regrole('user_state_audit_reader') is null
     or to_regrole('user_state_audit_sealer') is null then
    return;
  end if;
  for question in
    select q.privilege, q.name, q.roles, q.owner
      from (
        select 'select' as privilege, c.oid::regclass::text as name, c.relowner as owner,
               'user_state_audit_reader' as roles
          from pg_catalog.pg_class c
         where c.oid in (to_regclass('public.user_state_now'), to_regclass('public.user_state_timeline'))
        union all
        select 'execute', 'function ' || p.oid::regprocedure::text, p.proowner,
               'user_state_audit_reader' || f.and_others
          from (values
            ('user_state_present()', ''),
            ('user_state_at(timestamptz)', ', user_state_audit_app'),
            ('user_state_roles()', ', user_state_audit_app'),
            ('user_state_outside(timestamptz, timestamptz, text[])', ''),
            ('user_state_overrides(timestamptz, timestamptz)', ''),
            ('user_state_mass(timestamptz, bigint, timestamptz)', ''),
            ('user_state_lockouts(timestamptz, timestamptz)', ', user_state_audit_app'),
            ('user_state_actors(timestamptz, timestamptz)', ''),
            ('user_state_time_in_state(timestamptz, timestamptz)', ''),
            ('user_state_seal_waits()', ', user_state_audit_sealer')) as f (name, and_others)
          join pg_catalog.pg_proc p on p.oid = to_regprocedure('public.' || f.name)) q
  loop
    if pg_has_role(current_user, question.owner, 'usage') then
      execute format('revoke all on %s from public', question.name);
      execute format('grant %s on %s to %s', question.privilege, question.name, question.roles);
    else
      raise warning '% is not granted: it is not %''s.', question.name, current_user;
    end if;
  end loop;
  -- NOTE: all of them run as whoever asks: who may not read the tables is told nothing.
end
$$;

-- What everybody may is taken from those who read and serve, and given back to those who have
-- nothing to do with the audit. A temporary table goes before all others of its name, and so would
-- be shown instead; and whoever makes tables in public may make one of a name that is looked for.

do $$
declare
  strangers constant name[] := array(
    select r.rolname
      from pg_catalog.pg_roles r
     where r.rolname !~ '^pg_' and not r.rolsuper
       and not exists (select from pg_catalog.pg_roles ours
                        where ours.rolname ~ '^user_state_audit_(owner|app|reader|sealer)$'
                          and pg_has_role(r.oid, ours.oid, 'member')));
  privilege text;
  owner     oid;
  acl       aclitem[];
  stranger  name;
begin
  foreach privilege in array array[
    format('temporary on database %I', current_database()), 'create on schema public'
  ]
  loop
    if privilege like 'temporary%' then
      select d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)) into owner, acl
        from pg_catalog.pg_database d where d.datname = current_database();
    else
      select n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) into owner, acl
        from pg_catalog.pg_namespace n where n.nspname = 'public';
    end if;
    continue when not exists (
      select from aclexplode(acl) g
       where g.grantee = 0 and privilege like lower(g.privilege_type) || ' %');
    if not pg_has_role(current_user, owner, 'usage') then
      raise warning 'Everybody has % still: it is not %''s to revoke.', privilege, current_user;
      continue;
    end if;
    execute format('revoke %s from public', privilege);
    foreach stranger in array strangers loop
      execute format('grant %s to %I', privilege, stranger);
    end loop;
  end loop;
end
$$;

do $$
begin
  if to_regrole('user_state_audit_app') is not null
     and to_regrole('user_state_audit_reader') is not null
     and to_regrole('user_state_audit_sealer') is not null
     and (select pg_has_role(current_user, n.nspowner, 'usage')
            from pg_catalog.pg_namespace n where n.nspname = 'public') then
    grant usage on schema public
      to user_state_audit_app, user_state_audit_reader, user_state_audit_sealer;
  end if;
end
$$;
