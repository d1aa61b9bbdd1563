-- Hands the audit over to its owner, and gives the owner what the trigger has to read.
--
-- Who runs it: migrate, or a DBA, after what it hands over. Needs to be superuser, or to own all of
-- it, to be a member of the owner, and to be allowed to grant on the schema public. Otherwise all
-- stays as it is, and a warning says so. Nor is it done where the owner of user_fsm is no member of
-- the owner of the audit: they migrate, and could not do so again.
-- Safe to run again: it touches only what belongs to somebody else.

do $$
declare
  object   record;
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
  for object in
    select 'table' as kind, c.oid::regclass::text as name, c.relowner as owner
      from pg_class c
     where c.oid in (
       select to_regclass('public.' || t)
         from unnest(array['user_state_audit', 'user_state_transition', 'user_state_site',
                           'user_state_seal', 'user_state_verification', 'user_state_daily',
                           'user_state_carried', 'user_state_export', 'user_state_archive']) as t
       union all
       select i.inhrelid from pg_inherits i where i.inhparent = to_regclass('public.user_state_audit'))
    union all
    select 'statistics', format('%I.%I', s.stxnamespace::regnamespace, s.stxname), s.stxowner
      from pg_statistic_ext s
     where s.stxrelid in (select t.relid from pg_partition_tree(to_regclass('public.user_state_audit')) t)
    union all
    select 'view', c.oid::regclass::text, c.relowner
      from pg_class c
     where c.oid in (to_regclass('public.user_state_now'), to_regclass('public.user_state_timeline'))
    union all
    select 'function', p.oid::regprocedure::text, p.proowner
      from pg_proc p
     where p.oid in (
       select to_regprocedure('public.' || f)
         from unnest(array['record_user_state()', 'refuse_rewriting()', 'refuse_all_but_erasure()',
                           'user_state_last_username(bigint)', 'user_state_present()',
                           'user_state_at(timestamptz)', 'user_state_roles()',
                           'user_state_outside(timestamptz, timestamptz, text[])',
                           'user_state_overrides(timestamptz, timestamptz)',
                           'user_state_mass(timestamptz, bigint, timestamptz)',
                           'user_state_lockouts(timestamptz, timestamptz)',
                           'user_state_actors(timestamptz, timestamptz)',
                           'user_state_time_in_state(timestamptz, timestamptz)',
                           'user_state_seal_waits()', 'user_state_acting_as(text, text)']) as f)
  loop
    if object.owner <> 'user_state_audit_owner'::regrole then
      execute format('alter %s %s owner to user_state_audit_owner', object.kind, object.name);
    end if;
  end loop;
  revoke create on schema public from user_state_audit_owner;

  grant select (id, username) on public.accounts_user to user_state_audit_owner;
  -- For TRUNCATE, which has no rows to look at.
  grant select on public.user_fsm to user_state_audit_owner;
  -- What an owner has without a grant, unless it was taken from them.
  grant insert, select on public.user_state_audit to user_state_audit_owner;
  grant select on public.user_state_transition to user_state_audit_owner;
exception
  when insufficient_privilege then
    raise warning 'The audit is not handed over to user_state_audit_owner: %.', sqlerrm;
end
$$;

-- NOTE: not the rest of accounts_user: the owner never sees a password hash.
-- NOTE: no insert, update or delete on user_fsm: the audit changes nobody's state.
