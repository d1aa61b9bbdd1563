-- Puts the table of months in the place of the first release's, and removes what that one had besides.
--
-- Who runs it: migrate, after 30_lock.sql and a last 20_copy.sql, in one transaction; install.sql follows in
-- it, and makes functions, triggers and grants again.
-- Why it is safe: nobody else is at the audit. No entry is touched, and the former table stays, in
-- the schema user_state_first_release, until it was compared.

create schema user_state_first_release;

-- Ids go on.
select setval('user_state_conversion.user_state_audit_id_seq', s.last_value, s.is_called)
  from public.user_state_audit_id_seq s;

alter table public.user_state_audit set schema user_state_first_release;

do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_class c
     where c.relnamespace = 'user_state_conversion'::regnamespace
       and c.relname ~ '^user_state_audit' and c.relkind in ('p', 'r')
  loop
    execute format('alter table user_state_conversion.%I set schema public', name);
  end loop;
end
$$;

-- Every transition that an entry may name has a version.
alter table public.user_state_transition
  add column version integer not null default 1,
  alter column name drop not null,
  drop constraint user_state_transition_pkey,
  add primary key (start_state, end_state, version);
alter table public.user_state_transition alter column version drop default;

-- What verified, sealed and reconciled in the database. It is sent today.
do $$
declare
  routine regprocedure;
begin
  for routine in
    select p.oid
      from pg_proc p
     where p.pronamespace = 'public'::regnamespace
       and p.proname in (
         'next_user_state_seal', 'reconcile_user_state', 'user_state_seal_digest',
         'user_state_seal_reach', 'user_state_seal_text', 'user_state_steps',
         'verify_user_state_audit', 'verify_user_state_history', 'verify_user_state_protection',
         'verify_user_state_rights', 'verify_user_state_seals', 'verify_user_state_tables',
         'verify_user_state_triggers')
  loop
    execute format('drop function %s', routine);
  end loop;
end
$$;

-- NOTE: of format 1, which was never released; format 2 seals every entry again.
drop table if exists public.user_state_seal;
