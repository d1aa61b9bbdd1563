-- Makes the partitions of user_state_audit that are missing: the default one, this month and the next
-- twelve.
--
-- Who runs it: migrate, maintain_audit, or a DBA; cron or pg_cron each night, where nobody migrates for
-- a year. Needs to be a member of the owner of the audit, and to own the schema.
-- Why it is safe: a month is made apart and then attached, which waits for a second at most: only
-- whoever reads the default partition is in the way, and nobody who writes waits.
-- Where every month is there, it looks at their names and does nothing else.
--
-- Settings, for tables that are filled before they are exchanged: user_state.schema, where the table
-- is that gets partitions; user_state.first_month, from when on. For all others ahead.sql comes first.
-- It sets user_state.made, the names of what it made, and user_state.missing, of what it could not.

do $$
declare
  months_ahead constant integer   := 12;
  this_month   constant timestamp := date_trunc('month', clock_timestamp() at time zone 'UTC');
  schema_name  constant text := coalesce(nullif(current_setting('user_state.schema', true), ''),
                                         'public');
  first_month  constant timestamp := coalesce(
    nullif(current_setting('user_state.first_month', true), '')::timestamp, this_month);
  parent       constant text := format('%I.user_state_audit', schema_name);
  audit_owner  constant name := (select pg_catalog.pg_get_userbyid(c.relowner)
                                   from pg_catalog.pg_class c
                                  where c.oid = 'public.user_state_audit'::regclass);
  kept_bounds  constant text := (select pg_catalog.pg_get_expr(c.relpartbound, c.oid)
                                   from pg_catalog.pg_class c
                                  where c.oid = to_regclass('public.user_state_audit_kept'));
  archived_since constant timestamptz := substring(kept_bounds from 'FROM \(''([^'']+)')::timestamptz;
  archived_until constant timestamptz := substring(kept_bounds from 'TO \(''([^'']+)')::timestamptz;
  partition    record;
  apart        text;
  grantee      text;
  counted      name;
  made         text[] := '{}';
  missing      text[] := '{}';
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('lock_timeout', '1s', true);
  for partition in
    select 'user_state_audit_default' as name, 'default' as bounds
    union all
    select m.name, format('for values from (%L) to (%L)', m.first_day || '+00',
                          m.first_day + interval '1 month' || '+00')
      from (select first_day, 'user_state_audit_' || to_char(first_day, 'YYYY_MM')
              from generate_series(first_month, this_month + make_interval(months => months_ahead),
                                   interval '1 month') as first_day) as m (first_day, name)
     where to_regclass('public.' || m.name) is null
       -- What was written in an archived month, by a clock that was wrong, comes beside what is kept of it.
       and (m.first_day at time zone 'UTC' >= archived_since
            and m.first_day at time zone 'UTC' < archived_until) is not true
  loop
    apart := format('%I.%I', schema_name, partition.name);
    continue when to_regclass(apart) is not null;
    begin
      execute format('create table %s (like %s including all excluding identity excluding comments)',
                     apart, parent);
      -- As in install/34_guards.sql.
      execute format('create trigger refuse_rewriting before delete on %s'
                     ' for each row execute function public.refuse_rewriting()', apart);
      execute format('create trigger refuse_all_but_erasure after update on %s'
                     ' for each row execute function public.refuse_all_but_erasure()', apart);
      execute format('create trigger refuse_truncate before truncate on %s'
                     ' for each statement execute function public.refuse_rewriting()', apart);
      execute format('alter table %s enable always trigger refuse_rewriting,'
                     ' enable always trigger refuse_all_but_erasure,'
                     ' enable always trigger refuse_truncate', apart);
      -- What the defaults of a role or schema grant: a partition is reached by the audit only.
      for grantee in
        select distinct case g.grantee when 0 then 'public' else g.grantee::regrole::text end
          from pg_class c, aclexplode(c.relacl) g
         where c.oid = to_regclass(apart) and g.grantee <> c.relowner
      loop
        execute format('revoke all on %s from %s', apart, grantee);
      end loop;
      if audit_owner <> current_user then
        -- An owner of tables needs to be able to create them, for the moment of the change.
        execute format('grant usage, create on schema %I to %I', schema_name, audit_owner);
        execute format('alter table %s owner to %I', apart, audit_owner);
        for counted in select s.stxname from pg_statistic_ext s where s.stxrelid = to_regclass(apart) loop
          execute format('alter statistics %I.%I owner to %I', schema_name, counted, audit_owner);
        end loop;
        execute format('revoke create on schema %I from %I', schema_name, audit_owner);
      end if;
      execute format('alter table %s attach partition %s %s', parent, apart, partition.bounds);
      made := made || partition.name;
    exception
      when check_violation then
        missing := missing || partition.name;
        raise warning 'Entries of % are in user_state_audit_default: run maintain_audit.',
          partition.name;
      when lock_not_available then
        missing := missing || partition.name;
        raise warning 'Not attached yet, for somebody reads user_state_audit_default: %. Run'
          ' maintain_audit.', partition.name;
        exit;
    end;
  end loop;
  perform set_config('user_state.made', array_to_string(made, ' '), true),
          set_config('user_state.missing', array_to_string(missing, ' '), true);
end
$$;
