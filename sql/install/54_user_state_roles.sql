-- user_state_roles(): as which roles the application signs in. Whoever else changes states is outside of it.
--
-- Who runs it: the desk, and user_state_outside for members of user_state_audit_reader.
-- Why it is safe: it reads the catalog and nothing else, as whoever asks.
-- Entries keep the name that a role had: once it is renamed, or may no longer sign in, they are outside.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_roles()
returns text[]
language sql
stable
security invoker
parallel safe
as $function$
  -- Where one role does everything, it is the one that owns the states.
  select case when cardinality(m.roles) > 0 then m.roles
              else array(select pg_catalog.pg_get_userbyid(c.relowner)::text
                           from pg_catalog.pg_class c
                          where c.oid = pg_catalog.to_regclass('public.user_fsm')) end
    from (select array(select r.rolname::text
                         from pg_catalog.pg_roles r
                        where r.rolcanlogin and not r.rolsuper
                          and pg_catalog.to_regrole('user_state_audit_app') is not null
                          and (pg_catalog.pg_has_role(r.oid, 'user_state_audit_app', 'usage')
                               -- Not who has only made it: they may not become it.
                               or pg_catalog.pg_has_role(r.oid, 'user_state_audit_app',
                                    case when current_setting('server_version_num')::integer < 160000
                                         then 'member' else 'set' end))
                        order by r.rolname)) m (roles)
$function$;

comment on function public.user_state_roles() is
  'As which roles the application signs in: the members of user_state_audit_app.';
