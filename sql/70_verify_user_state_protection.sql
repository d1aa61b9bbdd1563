-- verify_user_state_protection(): what is missing, changed or added among the tables, triggers,
-- functions and grants that keep the audit. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_audit(), /readyz, or whoever wants to know.
-- Why it is safe: it reads the catalog and nothing else, and runs as its owner, so that every
-- reader may ask. It cannot vouch for itself: verify_audit compares it with this file first.

create or replace function public.verify_user_state_protection()
returns table (kind text, object text, user_id bigint, line_id bigint, detail text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $function$
with
-- What shall be there.
wanted_table (name, columns) as (values
  ('user_fsm',
   'current_state character varying(32) not null, id bigint not null, user_id bigint not null'),
  ('user_state_audit',
   'application_name text, client_addr inet, datetime timestamp with time zone not null,'
   ' db_user text not null, end_state text not null, id bigint not null,'
   ' initiated_by text not null, ip_address text not null, reason text, request_id text,'
   ' start_state text not null, transaction_id bigint not null, transition text,'
   ' user_id bigint not null, username text not null'),
  ('user_state_transition',
   'end_state text not null, name text not null, start_state text not null'),
  ('user_state_seal',
   'after_id bigint not null, digest text not null, first_id bigint not null,'
   ' from_transaction bigint not null, key_id text not null, last_id bigint not null,'
   ' lines bigint not null, number bigint not null, previous text not null,'
   ' sealed_at timestamp with time zone not null, signature text not null,'
   ' system_id bigint not null, upto_transaction bigint not null')
),
wanted_trigger (on_table, name, definition) as (values
  ('user_fsm', 'pgtrigger_record_insert_dd5c0',
   'AFTER INSERT ON public.user_fsm REFERENCING NEW TABLE AS new_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_update_0cacf',
   'AFTER UPDATE ON public.user_fsm REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_delete_d6efa',
   'AFTER DELETE ON public.user_fsm REFERENCING OLD TABLE AS old_rows'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_fsm', 'pgtrigger_record_truncate_0957c',
   'BEFORE TRUNCATE ON public.user_fsm'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.record_user_state()'),
  ('user_state_audit', 'refuse_rewriting',
   'BEFORE DELETE OR UPDATE ON public.user_state_audit'
   ' FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_audit', 'refuse_truncate',
   'BEFORE TRUNCATE ON public.user_state_audit'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_seal', 'refuse_rewriting',
   'BEFORE DELETE OR UPDATE ON public.user_state_seal'
   ' FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting()'),
  ('user_state_seal', 'refuse_truncate',
   'BEFORE TRUNCATE ON public.user_state_seal'
   ' FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting()')
),
-- What writes and what guards, by the digest of its text.
wanted_function (name, definer, settings, digest) as (values
  ('record_user_state()', true,
   '{"search_path=pg_catalog, pg_temp",enable_seqscan=off,plan_cache_mode=force_generic_plan}',
   'a8b1b5b9bb041278'),
  ('refuse_rewriting()', false, '{"search_path=pg_catalog, pg_temp"}',
   '0d2f8f8bf4540591')
),
-- What is there.
present_table as (
  select w.name, w.columns as wanted, c.*,
         (select string_agg(
                   a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                   || case when a.attcollation not in (0, t.typcollation)
                           then ' collate ' || a.attcollation::regcollation else '' end
                   || case when a.attgenerated <> '' then ' generated' else '' end
                   || case when a.attnotnull then ' not null' else '' end,
                   ', ' order by a.attname)
            from pg_attribute a
            join pg_type t on t.oid = a.atttypid
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from wanted_table w
    left join pg_class c
      on c.relname = w.name and c.relnamespace = to_regnamespace('public')
),
present_function as (
  select w.name, w.definer, w.settings, w.digest, p.*
    from wanted_function w
    left join pg_proc p on p.oid = to_regprocedure('public.' || w.name)
),
-- What is ours, with its owner and with what others may do to it.
ours (object, object_kind, owner, acl) as (
  select 'table ' || t.name, 'table', t.relowner, t.relacl
    from present_table t where t.name <> 'user_fsm' and t.oid is not null
  union all
  select 'function ' || p.proname, 'function', p.proowner,
         coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc p
   where p.pronamespace = to_regnamespace('public')
     and p.proname in ('record_user_state', 'refuse_rewriting', 'reconcile_user_state',
                       'user_state_seal_text', 'user_state_seal_reach', 'user_state_seal_digest',
                       'next_user_state_seal', 'verify_user_state_protection',
                       'verify_user_state_history', 'verify_user_state_seals',
                       'verify_user_state_audit')
),
-- The owner: the role without login, or in a deployment with one role whoever owns user_fsm too.
audit_owner (oid) as (
  select t.relowner from present_table t
   where t.name = 'user_state_audit'
     and (t.relowner = to_regrole('user_state_audit_owner')
          or t.relowner = (select f.relowner from present_table f where f.name = 'user_fsm'))
)

select 'table', 'table ' || t.name, null::bigint, null::bigint,
       case
         when t.oid is null then 'is missing'
         when t.relkind <> 'r' then 'is no ordinary table'
         when t.relpersistence <> 'p' then 'is not kept in the write-ahead log'
         else 'has other columns: ' || t.columns || '; should be: ' || t.wanted
       end
  from present_table t
 where t.oid is null or t.relkind <> 'r' or t.relpersistence <> 'p' or t.columns <> t.wanted

union all
select 'table', 'table ' || t.name, null, null, 'hides rows: row security is on'
  from present_table t
 where t.relrowsecurity or t.relforcerowsecurity

union all
select 'rule', 'rule ' || r.rulename || ' on ' || t.name, null, null,
       'diverts what is written: ' || pg_get_ruledef(r.oid)
  from present_table t
  join pg_rewrite r on r.ev_class = t.oid
 where t.relkind = 'r'

union all
select 'child', 'table ' || i.inhrelid::regclass, null, null,
       case when i.inhparent = t.oid
         then 'is a child of ' || t.name || ': its rows are shown there, and not recorded'
         else 'has the parent ' || i.inhparent::regclass || ': what is done there is not recorded'
       end
  from present_table t
  join pg_inherits i on t.oid in (i.inhparent, i.inhrelid)

union all
select 'trigger', 'trigger ' || w.name || ' on ' || w.on_table, null, null,
       case
         when t.oid is null then 'is missing'
         when t.tgenabled = 'D' then 'is disabled'
         when t.tgenabled <> 'A' then 'is not ENABLE ALWAYS: a replica role skips it'
         else 'is another one: ' || pg_get_triggerdef(t.oid)
       end
  from wanted_trigger w
  left join pg_trigger t
    on t.tgrelid = to_regclass('public.' || w.on_table) and t.tgname = w.name
 where t.oid is null
    or t.tgenabled <> 'A'
    or pg_get_triggerdef(t.oid) <> 'CREATE TRIGGER ' || w.name || ' ' || w.definition

union all
select 'trigger', 'trigger ' || t.tgname || ' on ' || p.name, null, null,
       'is not ours, and may change or drop what is written: ' || pg_get_triggerdef(t.oid)
  from present_table p
  join pg_trigger t on t.tgrelid = p.oid and not t.tgisinternal
 where p.name in ('user_state_audit', 'user_state_seal', 'user_state_transition')
   and not exists (select from wanted_trigger w where w.on_table = p.name and w.name = t.tgname)

union all
select 'function', 'function ' || f.name, null, null,
       case
         when f.oid is null then 'is missing'
         when f.prosecdef <> f.definer or f.proconfig::text is distinct from f.settings
           then 'runs otherwise: security definer ' || f.prosecdef
             || ', settings ' || coalesce(f.proconfig::text, 'none')
         else 'has another text, with the digest '
           || left(encode(sha256(convert_to(f.prosrc, 'UTF8')), 'hex'), 16)
       end
  from present_function f
 where f.oid is null
    or f.prosecdef <> f.definer
    or f.proconfig::text is distinct from f.settings
    or left(encode(sha256(convert_to(f.prosrc, 'UTF8')), 'hex'), 16) <> f.digest

union all
select 'owner', o.object, null, null, 'belongs to ' || pg_get_userbyid(o.owner)
  from ours o
 where o.owner not in (select a.oid from audit_owner a)
    or not exists (select from audit_owner)

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
  from present_table t
  join pg_attribute a on a.attrelid = t.oid and a.attacl is not null
 cross join aclexplode(a.attacl) g
 where t.name <> 'user_fsm' and g.grantee <> t.relowner and g.privilege_type <> 'SELECT'

union all
select 'grant', 'table user_fsm', null, null,
       case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
       || ' may add triggers'
  from present_table t
 cross join aclexplode(t.relacl) g
 where t.name = 'user_fsm' and g.grantee <> t.relowner and g.privilege_type = 'TRIGGER'

union all
select 'grant', 'role ' || pg_get_userbyid(m.roleid), null, null,
       pg_get_userbyid(m.member) || ' is a member'
  from pg_auth_members m
  join pg_roles r on r.oid = m.member
 where m.roleid = to_regrole('user_state_audit_owner')
   and not r.rolsuper
   and m.member is distinct from (select t.relowner from present_table t where t.name = 'user_fsm')

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
   and lower(setting) ~ '^(app\.|session_replication_role=)'
$function$;

comment on function public.verify_user_state_protection() is
  'Finds what is missing, changed or added among what keeps the audit. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_protection() from public;
