-- verify_user_state_rights(): who owns what they should not, may do what they should not, or is preset
-- to be somebody else. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_protection().
-- Why it is safe: it reads the catalog and nothing else.
-- Superusers are not judged, nor who may create roles: PostgreSQL lets them do as they like.
-- But whoever serves the application is.

create or replace function public.verify_user_state_rights()
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $function$
with
audit_table (oid, name, relowner, relacl) as (
  select c.oid, c.relname::text, c.relowner, c.relacl
    from pg_class c
   where c.relnamespace = to_regnamespace('public')
     and c.relname in ('user_state_audit', 'user_state_transition', 'user_state_seal',
                       'user_state_audit_id_seq')
),
states (oid, relowner, relacl) as (
  select c.oid, c.relowner, c.relacl
    from pg_class c where c.oid = to_regclass('public.user_fsm')
),
-- What is ours, with its owner and with what others may do to it.
ours (object, object_kind, owner, acl) as (
  select case when t.name like '%\_seq' then 'sequence ' else 'table ' end || t.name,
         'table', t.relowner, t.relacl
    from audit_table t
  union all
  select 'function ' || p.proname, 'function', p.proowner,
         coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc p
   where p.pronamespace = to_regnamespace('public')
     and p.proname in ('record_user_state', 'refuse_rewriting', 'reconcile_user_state',
                       'user_state_seal_text', 'user_state_seal_reach', 'user_state_seal_digest',
                       'next_user_state_seal', 'user_state_steps', 'verify_user_state_tables',
                       'verify_user_state_triggers', 'verify_user_state_rights',
                       'verify_user_state_protection', 'verify_user_state_history',
                       'verify_user_state_seals', 'verify_user_state_audit')
),
-- The owner: the role without login, or in a deployment with one role whoever owns user_fsm too.
audit_owner (oid) as (
  select t.relowner from audit_table t
   where t.name = 'user_state_audit'
     and (t.relowner = to_regrole('user_state_audit_owner')
          or t.relowner = (select s.relowner from states s))
),
-- Who can switch the audit off, write its entries, or make themselves such a one.
powerful (oid, name) as (
  select r.oid, r.rolname
    from pg_roles r
   where r.oid in (select a.oid from audit_owner a union select s.relowner from states s)
      or r.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
),
judged (oid, name, serves) as (
  select r.oid, r.rolname, s.serves
    from pg_roles r
   cross join lateral (
     select to_regrole('user_state_audit_app') is not null
        and pg_has_role(r.oid, to_regrole('user_state_audit_app'), 'usage') as serves) s
   where not r.rolsuper
     and r.rolname !~ '^pg_'
     and (s.serves or not r.rolcreaterole)
     and r.oid not in (select a.oid from audit_owner a)
     -- Who owns the states migrates, and so may own the audit; or its members, where that is a group.
     and (s.serves or not exists (
       select from states
         join pg_roles migrates on migrates.oid = states.relowner
        where r.oid = migrates.oid
           or not migrates.rolcanlogin and pg_has_role(r.oid, migrates.oid, 'member')))
)

select 'owner', o.object, null::bigint, null::bigint, 'belongs to ' || pg_get_userbyid(o.owner)
  from ours o
 where o.owner not in (select a.oid from audit_owner a)
    or not exists (select from audit_owner)

union all
select 'owner', 'table user_fsm', null, null,
       'belongs to ' || j.name || ', who serves the application and can switch its triggers off'
  from states s
  join judged j on j.oid = s.relowner and j.serves

union all
select 'grant', o.object, null, null,
       case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
       || ' has ' || lower(g.privilege_type)
  from ours o
 cross join aclexplode(o.acl) g
 where g.grantee <> o.owner
   and case o.object_kind
         when 'table' then g.privilege_type <> 'SELECT'
           and not (g.privilege_type = 'INSERT' and o.object = 'table user_state_seal'
                    and g.grantee = to_regrole('user_state_audit_sealer'))
         else o.object in ('function record_user_state', 'function refuse_rewriting',
                           'function reconcile_user_state')
       end

union all
select 'grant', 'column ' || t.name || '.' || a.attname, null, null,
       case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
       || ' has ' || lower(g.privilege_type)
  from audit_table t
  join pg_attribute a on a.attrelid = t.oid and a.attacl is not null
 cross join aclexplode(a.attacl) g
 where g.grantee <> t.relowner and g.privilege_type <> 'SELECT'

union all
select 'grant', 'table user_fsm', null, null,
       case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
       || ' may add triggers'
  from states s
 cross join aclexplode(s.relacl) g
 where g.grantee <> s.relowner and g.privilege_type = 'TRIGGER'

union all
select 'grant', 'role ' || p.name, null, null, j.name || ' is a member'
  from powerful p
  join judged j on j.oid <> p.oid and pg_has_role(j.oid, p.oid, 'member')

union all
select 'grant', 'role ' || r.rolname, null, null, 'serves the application, and may create roles'
  from pg_roles r
  join judged j on j.oid = r.oid and j.serves
 where r.rolcreaterole

union all
select 'grant', 'role user_state_audit_owner', null, null, 'can sign in'
  from pg_roles r
 where r.rolname = 'user_state_audit_owner' and (r.rolcanlogin or r.rolsuper)

union all
select 'setting', case when s.setrole = 0 then 'database ' || current_database()
                       else 'role ' || pg_get_userbyid(s.setrole) end, null, null,
       'presets ' || setting
  from pg_db_role_setting s
 cross join unnest(s.setconfig) as setting
 where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
   and lower(setting) ~ '^(app\.(user|ip|reason|request_id)|session_replication_role)='
$function$;

comment on function public.verify_user_state_rights() is
  'Finds who may do to the audit what they should not.';

-- NOTE: no execute for anybody: verify_user_state_protection() asks, as the owner.
revoke execute on function public.verify_user_state_rights() from public;
