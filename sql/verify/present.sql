-- What is there of all that keeps the audit: one line for each table, column, constraint, index,
-- trigger, function, owner and grant, and for each right, preset and piece of code that could get
-- round them. Sets user_state.present; expected.sql is made from it, catalog.sql compares the two.
--
-- Who runs it: verify_audit, verify.sql, /readyz, migrate and the checks, after settings.sql.
-- Why it is safe: it reads the catalog and nothing else, so no code of anybody's runs.
--
-- A line has: kind and object, by which it is found again; definition, where null is as good as
-- anything; month, of which partition of the audit it is, the default one included; and code: whether reading its table would
-- run what it says. Of user_fsm and accounts_user only what recording depends on has a line.

select set_config('user_state.present', (
with recursive
watched (oid, name, month, ours) as (
  select c.oid, c.relname::text, null, c.relname like 'user\_state\_%'
    from pg_class c
   where c.relnamespace = to_regnamespace('public')
     and c.relname in ('user_fsm', 'accounts_user', 'user_state_audit', 'user_state_transition',
                       'user_state_site', 'user_state_seal', 'user_state_verification',
                       'user_state_daily', 'user_state_carried', 'user_state_archive',
                       'user_state_export', 'django_migrations')
  union all
  select c.oid, c.relname::text, c.relname::text, true
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   where i.inhparent = to_regclass('public.user_state_audit')
),
ours as (
  select w.*, c.relowner as owner, c.relacl as acl, c.relispartition
    from watched w
    join pg_class c on c.oid = w.oid
   where w.ours
),
our_function as (
  select p.oid, p.proowner as owner, p.prokind, p.proacl, p.prosqlbody,
         p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name
    from pg_proc p
   where p.pronamespace = to_regnamespace('public')
     and p.proname in ('record_user_state', 'refuse_rewriting', 'refuse_all_but_erasure',
                       'user_state_last_username')
),
-- What answers a DBA's questions: all views and functions whose names begin so, and are not ours above.
question as (
  select p.oid, p.proowner as owner, p.prokind <> 'f' as odd, p.prosqlbody is not null as has_body,
         p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, 'execute' as privilege
    from pg_proc p
   where p.pronamespace = to_regnamespace('public') and p.proname like 'user\_state\_%'
     and p.oid not in (select f.oid from our_function f)
  union all
  select c.oid, c.relowner, c.relkind <> 'v', false, c.relname::text, 'select'
    from pg_class c
   where c.relnamespace = to_regnamespace('public') and c.relname like 'user\_state\_%'
     and c.relkind in ('v', 'm', 'f')
     and c.oid not in (select w.oid from watched w)
),
states as (
  select c.oid, c.relowner as owner, c.relacl as acl
    from pg_class c where c.oid = to_regclass('public.user_fsm')
),
-- The role without login; or, in a deployment with one role, whoever owns user_fsm too.
audit_owner (oid) as (
  select o.owner from ours o
   where o.name = 'user_state_audit'
     and (o.owner = to_regrole('user_state_audit_owner') or o.owner = (select s.owner from states s))
),
audit_sequence as (
  select c.oid, c.relname::text as name, c.relowner as owner, c.relacl as acl,
         c.relpersistence as kept
    from pg_class c where c.oid = to_regclass('public.user_state_audit_id_seq')
),
-- What a function says, with the defaults of its arguments and what is set for it. One in a language
-- that can't be read here may run anything; what is in C a superuser has made.
source (oid, in_c, text) as not materialized (
  select p.oid, l.lanname in ('internal', 'c'),
         concat_ws(' set ', pg_get_function_arguments(p.oid) || ' '
                            || coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
                   array_to_string(p.proconfig, ' set '))
         || case when l.lanname in ('internal', 'c', 'sql', 'plpgsql') then '' else ' execute' end
    from pg_proc p
    join pg_language l on l.oid = p.prolang
),
-- What separates words in a text, comments among it; and names, without those in quotes.
gap (between_words, between_names) as (
  values ('(\s|/\*.*\*/|--[^\n]*)', '[\x01-#%-/:-@[-^`{-\x7f]+')
),
-- What a text can name: a table has a type of its name. A function that is called like a word of SQL
-- is named only where it is called.
named (class, oid, name, is_word, is_keyword) as materialized (
  select n.*, n.name !~ gap.between_names,
         n.class = 'pg_proc'::regclass and n.name in (select k.word from pg_get_keywords() k)
    from gap
   cross join (
      select 'pg_proc'::regclass::oid, p.oid, p.proname::text from pg_proc p
      union all
      select 'pg_type'::regclass, t.oid, t.typname from pg_type t
      union all
      select 'pg_operator'::regclass, o.oid, o.oprname from pg_operator o) n (class, oid, name)
   where n.oid >= 16384
),
-- Whatever may run when one of Django's tables is written, since it hangs on the table (that is first),
-- by what the catalog knows or a function names. within: it is a function that runs it.
runs (class, oid, within, written, first_class, first) as (
  select 'pg_class'::regclass::oid, w.oid, false, w.name, null::oid, null::oid
    from watched w
   where not w.ours
  union
  select n.class, n.oid, r.within or r.class = 'pg_proc'::regclass, r.written,
         coalesce(r.first_class, n.class), coalesce(r.first, n.oid)
    from runs r
   cross join lateral (
     select d.refclassid, d.refobjid
       from pg_depend d
      where d.classid = r.class and d.objid = r.oid and d.deptype in ('n', 'i')
        and d.refclassid = any (array['pg_proc', 'pg_operator', 'pg_type', 'pg_class']::regclass[])
        and not (r.class = any (array['pg_class', 'pg_constraint']::regclass[])
                 and d.refclassid = 'pg_class'::regclass)
     union all
     select d.classid, d.objid
       from pg_depend d
      where d.refclassid = r.class and d.refobjid = r.oid
        and r.class in ('pg_class'::regclass, 'pg_type'::regclass)
        and (d.deptype in ('a', 'i', 'P', 'S') or d.classid = 'pg_cast'::regclass)
     union all
     -- Where a foreign key changes rows.
     select r.class, c.conrelid
       from pg_depend d
       join pg_constraint c on c.oid = d.objid and c.confrelid = r.oid
      where d.classid = 'pg_constraint'::regclass
        and d.refclassid = r.class and d.refobjid = r.oid and r.class = 'pg_class'::regclass
        and (c.confdeltype in ('c', 'n', 'd') or c.confupdtype in ('c', 'n', 'd'))
     union all
     select n.class, n.oid
       from source s
      cross join gap
      cross join regexp_split_to_table(s.text || ' ' || lower(s.text collate "C"), gap.between_names) word
       join named n on n.name = word
      where r.class = 'pg_proc'::regclass and s.oid = r.oid
        and (not n.is_keyword
             or s.text ~* replace(format('\. *"?%1$s\M|\m%1$s\M"? *\(', n.name), ' ', gap.between_words))
     union all
     -- Some operators run without being named.
     select n.class, n.oid
       from source s
       join named n on not n.is_word
                   and (strpos(s.text, replace(n.name, '"', '""')) > 0 or n.name ~ '^[=<>!~*]+$')
      where r.class = 'pg_proc'::regclass and s.oid = r.oid
   ) n (class, oid)
   where n.oid >= 16384
     and (n.class, n.oid) not in (select 'pg_class'::regclass::oid, w.oid from watched w
                                  union all
                                  select 'pg_proc'::regclass, f.oid from our_function f)
),
-- user_state.serving names who is to be judged as if the application were served as them. Whoever can
-- set the role is as good as a member that has its rights; what a group may, by whoever signs in.
judged as (
  select r.oid, r.rolname as name, r.rolcreaterole, s.serves
    from pg_roles r
   cross join lateral (
     select r.rolname = current_setting('user_state.serving')
            or coalesce(pg_has_role(r.oid, to_regrole('user_state_audit_app'), 'usage')
                        or pg_has_role(r.oid, to_regrole('user_state_audit_app'),
                             case when current_setting('server_version_num')::integer < 160000
                                  then 'member' else 'set' end), false) as serves) s
   where not r.rolsuper
     and (r.rolcanlogin or r.rolname in ('user_state_audit_app', current_setting('user_state.serving')))
     and (s.serves or r.oid not in (select a.oid from audit_owner a))
),
-- Superusers are not judged, nor who may create roles: PostgreSQL lets them do as they like. Nor who
-- owns the states, for they migrate; or the members of a group that does. But who serves is.
suspect as (
  select j.* from judged j
   where j.serves
      or not j.rolcreaterole and not exists (
           select from states s
             join pg_roles migrates on migrates.oid = s.owner
            where j.oid = migrates.oid
               or not migrates.rolcanlogin and pg_has_role(j.oid, migrates.oid, 'member'))
),
-- Whoever is one of these can switch the audit off, write its entries, or have others do so.
powerful (oid, name) as (
  select r.oid, r.rolname
    from pg_roles r
   where r.oid in (select a.oid from audit_owner a union select s.owner from states s)
      or r.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program',
                       'pg_create_subscription')
),
acls (object, owner, acl) as (
  select 'table ' || o.name, o.owner, o.acl from ours o
  union all
  select 'sequence ' || s.name, s.owner, s.acl from audit_sequence s
  union all
  select 'column ' || o.name || '.' || a.attname, o.owner, a.attacl
    from ours o
    join pg_attribute a on a.attrelid = o.oid and a.attacl is not null
  union all
  select 'function ' || f.name, f.owner, coalesce(f.proacl, acldefault('f', f.owner))
    from our_function f
),
presets (whose, setting) as (
  select case when s.setrole = 0 then 'database ' || current_database()
              else 'role ' || pg_get_userbyid(s.setrole) end, setting
    from pg_db_role_setting s
   cross join unnest(s.setconfig) as setting
   where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
),

line (kind, object, definition, month, code) as (

  select 'table', 'table ' || w.name,
         concat_ws(', ',
           case c.relkind when 'r' then 'ordinary' when 'p' then pg_get_partkeydef(c.oid)
                          else 'no table, but of the kind ' || c.relkind::text end,
           case c.relpersistence when 'p' then 'logged' else 'not kept in the write-ahead log' end,
           case when c.relrowsecurity or c.relforcerowsecurity then 'hides rows: row security is on' end,
           case when not c.relhastriggers
                 and w.name not in ('accounts_user', 'user_state_daily', 'user_state_carried')
             then 'has its triggers switched off in the catalog' end,
           -- Of what, user_state_archive says: verify/archive.sql looks whether it is so.
           case when w.month is not null and w.month <> 'user_state_audit_kept' and pg_get_expr(c.relpartbound, c.oid) is distinct from
                  case w.month when 'user_state_audit_default' then 'DEFAULT' else format('FOR VALUES FROM (''%s 00:00:00+00'') TO (''%s 00:00:00+00'')',
                         m.first_day, (m.first_day + interval '1 month')::date) end
             then pg_get_expr(c.relpartbound, c.oid) end),
         w.month,
         c.relkind <> case when w.name = 'user_state_audit' then 'p' else 'r' end
    from watched w
    join pg_class c on c.oid = w.oid and (w.name <> 'django_migrations' or c.relkind <> 'r')
    left join lateral (
      select case when w.month ~ '_[0-9]{4}_(0[1-9]|1[0-2])$'
               then to_date(right(w.month, 7), 'YYYY_MM') end as first_day) m on true

  union all
  -- Only where somebody looks there first: their own schema, or one of a preset.
  select 'table', (case when c.relkind in ('r', 'p') then 'table ' else 'relation ' end)
         || n.nspname || '.' || c.relname,
         'is taken for public.' || c.relname || ' by whoever looks into its schema first', null, false
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where c.relname in (select w.name from watched w where w.name <> 'django_migrations')
     and n.nspname <> 'public' and n.nspname !~ '^pg_(temp|toast)'
     and (exists (select from pg_roles r where r.rolname = n.nspname)
          or exists (select from presets p
                      where p.setting ~* '^search_path=' and position(n.nspname in p.setting) > 0))

  union all
  select 'column', 'column ' || w.name || '.' || a.attname,
         concat_ws(' ',
           case when w.ours or t.typtype <> 'b' then format_type(a.atttypid, a.atttypmod)
                when t.typcategory = 'S' then 'text'
                when t.oid in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then 'integer'
                else format_type(a.atttypid, a.atttypmod) end,
           case when a.attcollation not in (0, t.typcollation) and w.name <> 'accounts_user'
             then 'collate ' || a.attcollation::regcollation end,
           case when a.attidentity <> '' and w.ours and not c.relispartition
             then 'identity ' || a.attidentity::text end,
           case when a.attgenerated <> '' then 'generated' end,
           case when a.attnotnull then 'not null' end,
           case when d.oid is not null and w.ours and a.attgenerated = ''
             then 'default ' || pg_get_expr(d.adbin, d.adrelid) end),
         w.month,
         -- Only a superuser makes a base type, whose functions are in C.
         t.oid >= 16384 and t.typtype <> 'b' or a.attgenerated <> ''
    from watched w
    join pg_class c on c.oid = w.oid
    join pg_attribute a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = w.oid and d.adnum = a.attnum
   where w.ours or (w.name, a.attname) in (('user_fsm', 'user_id'), ('user_fsm', 'current_state'),
                                           ('accounts_user', 'id'), ('accounts_user', 'username'))

  union all
  select 'constraint', 'constraint ' || c.conname || ' on ' || o.name, pg_get_constraintdef(c.oid),
         o.month, c.contype in ('c', 'x')
    from ours o
    join pg_constraint c on c.conrelid = o.oid
   -- PostgreSQL 18 lists what the columns say too.
   where c.contype <> 'n' or not c.convalidated

  union all
  select 'constraint', 'constraint of one state for each user on user_fsm', 'unique (user_id)', null,
         false
    from states s
   where exists (
     select from pg_index i
       join pg_attribute a on a.attrelid = s.oid and a.attname = 'user_id'
      where i.indrelid = s.oid and i.indisunique and i.indisvalid and i.indpred is null
        and i.indkey::text = a.attnum::text)

  union all
  select 'index', 'index ' || x.relname || ' on ' || o.name,
         pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' (not valid)' end,
         o.month,
         i.indexprs is not null or i.indpred is not null
         or exists (select from unnest(i.indclass::oid[]) as class where class >= 16384)
    from ours o
    join pg_index i on i.indrelid = o.oid
    join pg_class x on x.oid = i.indexrelid

  union all
  select 'statistics', 'statistics ' || s.stxname || ' on ' || o.name,
         'have expressions, which planning computes: ' || pg_get_statisticsobjdef(s.oid), o.month, true
    from ours o
    join pg_statistic_ext s on s.stxrelid = o.oid
   where s.stxexprs is not null

  union all
  select distinct 'code', f.type || ' ' || f.identity,
         'calls ' || r.oid::regprocedure || ', which would run as whoever reads ' || r.written, null, true
    from runs r
    join source s on s.oid = r.oid and not s.in_c
    left join pg_attrdef d on r.first_class = 'pg_attrdef'::regclass and d.oid = r.first
    left join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   cross join lateral pg_identify_object(r.first_class, r.first, 0) f
   where r.class = 'pg_proc'::regclass and not r.within
     and (r.first_class = any (array['pg_class', 'pg_constraint', 'pg_statistic_ext']::regclass[])
          or a.attgenerated <> '')

  union all
  select 'trigger', 'trigger ' || t.tgname || ' on ' || w.name,
         case t.tgenabled when 'A' then 'always: ' when 'D' then 'is disabled: '
                          else 'is not ENABLE ALWAYS: ' end || pg_get_triggerdef(t.oid),
         w.month, false
    from watched w
    join pg_trigger t on t.tgrelid = w.oid and not (t.tgisinternal and t.tgfoid < 16384)
   where w.ours or t.tgname like 'pgtrigger\_record\_%'
      or t.tgfoid in (select f.oid from our_function f)

  union all
  select 'function', 'function ' || f.name,
         case when f.prokind in ('f', 'p')
           then regexp_replace(pg_get_functiondef(f.oid), ' (COST|ROWS) [0-9.e+]+', '')
           else 'no function' end
         || case when f.prosqlbody is null then '' else 'and a body beside this text' end,
         null, false
    from our_function f

  union all
  select 'question', 'question ' || q.name,
         case when q.odd then 'no function or view'
              when q.privilege = 'execute'
              then regexp_replace(pg_get_functiondef(q.oid), ' (COST|ROWS) [0-9.e+]+', '')
                   || case when q.has_body then 'and a body beside this text' else '' end
              else concat_ws(E'\n', array_to_string(c.reloptions, ', '), pg_get_viewdef(q.oid)) end,
         null, false
    from question q
    left join pg_class c on q.privilege = 'select' and c.oid = q.oid

  union all
  select 'sequence', 'sequence ' || s.name,
         format('%s%s from %s by %s to %s%s cache %s of %s',
                case s.kept when 'p' then '' else 'not kept in the write-ahead log: ' end, format_type(q.seqtypid, null), q.seqmin,
                q.seqincrement, q.seqmax, case when q.seqcycle then ', and again,' else '' end,
                q.seqcache, coalesce((select 'column ' || d.refobjid::regclass || '.' || a.attname
                                        from pg_depend d
                                        join pg_attribute a on a.attrelid = d.refobjid
                                                           and a.attnum = d.refobjsubid
                                       where d.classid = 'pg_class'::regclass and d.objid = s.oid
                                         and d.deptype = 'i'), 'no column')),
         null, false
    from audit_sequence s
    join pg_sequence q on q.seqrelid = s.oid

  union all
  select 'rule', 'rule ' || r.rulename || ' on ' || w.name, 'diverts what is written: '
         || pg_get_ruledef(r.oid), w.month, true
    from watched w
    join pg_class c on c.oid = w.oid and c.relkind in ('r', 'p')
    join pg_rewrite r on r.ev_class = w.oid

  union all
  select 'policy', 'policy ' || p.polname || ' on ' || w.name, 'hides rows', w.month, true
    from watched w
    join pg_policy p on p.polrelid = w.oid

  union all
  select 'child', 'table ' || i.inhrelid::regclass,
         case when i.inhparent = w.oid
           then 'is a child of ' || w.name || ': its rows are shown there, and not recorded'
           else 'has the parent ' || i.inhparent::regclass || ': what is done there is not recorded' end,
         null, i.inhparent = w.oid
    from watched w
    join pg_inherits i on w.oid in (i.inhparent, i.inhrelid)
   where i.inhparent is distinct from to_regclass('public.user_state_audit')

  union all
  select 'owner', 'owner of ' || o.object,
         case when o.owner in (select a.oid from audit_owner a) then 'the owner of the audit'
              else pg_get_userbyid(o.owner) end,
         o.month, false
    from (select 'table ' || name, owner, month from ours
          union all select 'sequence ' || name, owner, null from audit_sequence
          union all select 'function ' || name, owner, null from our_function
          union all select 'question ' || name, owner, null from question) o (object, owner, month)

  -- Only where whoever migrates could hand it over, or somebody asks what a deployment lacks.
  union all
  select 'owner', 'owner of the audit',
         case when current_setting('user_state.serving') <> ''
                or pg_has_role((select s.owner from states s), to_regrole('user_state_audit_owner'),
                               'usage')
           then (select pg_get_userbyid(o.owner) from ours o where o.name = 'user_state_audit') end,
         null, false

  -- Only for whoever could make it.
  union all
  select 'role', 'role ' || name,
         case when to_regrole(name) is not null then 'there'
              when (select r.rolsuper or r.rolcreaterole from pg_roles r where r.rolname = current_user)
              then 'not there' end,
         null, false
    from unnest(array['user_state_audit_owner', 'user_state_audit_app', 'user_state_audit_reader',
                      'user_state_audit_sealer']) as name

  union all
  select 'owner', 'owner of table user_fsm',
         j.name || ', who serves the application and can switch its triggers off', null, false
    from states s
    join judged j on j.oid = s.owner and j.serves

  union all
  select 'owner', 'owner of table accounts_user',
         j.name || ', who serves the application and can have code run as the audit''s owner', null, false
    from pg_class c
    join judged j on j.serves and pg_has_role(j.oid, c.relowner, 'member')
   where c.oid = to_regclass('public.accounts_user')

  union all
  select 'owner', 'owner of schema public',
         j.name || ', who serves the application and can drop its tables', null, false
    from pg_namespace n
    join judged j on j.serves and pg_has_role(j.oid, n.nspowner, 'member')
   where n.nspname = 'public'

  -- What each role has to be granted. Where there is no such role or table, that is as good.
  union all
  select 'grant', 'grant to ' || g.role || ' on ' || g.name,
         case when to_regrole(g.role) is not null and to_regclass('public.' || g.name) is not null
           then (select coalesce(string_agg(p, ', '), '')
                   from unnest(g.privileges) as p
                  where has_table_privilege(to_regrole(g.role), to_regclass('public.' || g.name), p))
         end,
         null, false
    from (
      select 'user_state_audit_app', name, array['select', 'insert', 'update', 'delete']
        from unnest(array['user_fsm', 'accounts_user', 'accounts_user_groups',
                          'accounts_user_user_permissions', 'accounts_budget', 'audit_lastlook',
                          'audit_savedview', 'auth_group', 'auth_group_permissions',
                          'django_admin_log', 'django_session']) as name
      union all
      select 'user_state_audit_app', name, array['select']
        from unnest(array['auth_permission', 'django_content_type']) as name
      union all
      select 'user_state_audit_reader', 'user_fsm', array['select']
      union all
      select role, name, case when role = 'user_state_audit_sealer' and name = 'user_state_seal'
                              then array['select', 'insert'] else array['select'] end
        from unnest(array['user_state_audit_app', 'user_state_audit_reader',
                          'user_state_audit_sealer']) as role
       cross join unnest(array['user_state_audit', 'user_state_audit_default',
                               'user_state_transition', 'user_state_site', 'user_state_seal',
                               'user_state_verification', 'user_state_daily',
                               'user_state_carried', 'user_state_archive', 'user_state_export',
                               'django_migrations']) as name
    ) as g (role, name, privileges)

  union all
  select 'grant', 'grant to ' || g.role || ' on sequence user_state_audit_id_seq',
         case when to_regrole(g.role) is not null and s.oid is not null
           then case when has_sequence_privilege(to_regrole(g.role), s.oid, 'select') then 'select'
                     else '' end end,
         null, false
    from unnest(array['user_state_audit_app', 'user_state_audit_reader', 'user_state_audit_sealer'])
           as g (role)
    left join audit_sequence s on true

  union all
  select 'grant', 'grant to user_state_audit_reader on the claims of user_state_verification',
         case when to_regrole('user_state_audit_reader') is not null
           then (select coalesce('insert of ' || string_agg(a.attname, ', ' order by a.attname), '')
                   from pg_attribute a
                  where a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped
                    and has_column_privilege(to_regrole('user_state_audit_reader'), v.oid, a.attnum,
                                             'insert')) end,
         null, false
    from watched v
   where v.name = 'user_state_verification'

  union all
  select 'grant', 'grant to ' || g.role || ' on the names of accounts_user',
         case when g.oid is not null and to_regclass('public.accounts_user') is not null
           then (select coalesce(string_agg(a.attname, ', ' order by a.attname), '')
                   from pg_attribute a
                  where a.attrelid = to_regclass('public.accounts_user')
                    and a.attname in ('id', 'username')
                    and has_column_privilege(g.oid, a.attrelid, a.attnum, 'select')) end,
         null, false
    from (select 'the owner of the audit', (select a.oid from audit_owner a)
          union all
          select 'user_state_audit_reader', to_regrole('user_state_audit_reader')) as g (role, oid)

  union all
  select 'grant', 'grant to user_state_audit_app on what it says of an export',
         case when to_regrole('user_state_audit_app') is not null
                   and to_regclass('public.user_state_export') is not null
           then (select coalesce(string_agg(a.attname, ', ' order by a.attname), '')
                   from pg_attribute a
                  where a.attrelid = to_regclass('public.user_state_export')
                    and a.attnum > 0 and not a.attisdropped
                    and has_column_privilege(to_regrole('user_state_audit_app'), a.attrelid, a.attnum,
                                             'insert')) end,
         null, false

  -- Whoever else may ask learns nothing that they may not read.
  union all
  select 'grant', 'grant to ' || g.role || ' on question ' || q.name,
         case when to_regrole(g.role) is not null
           then case when case q.privilege
                            when 'execute' then has_function_privilege(to_regrole(g.role), q.oid, 'execute')
                            else has_table_privilege(to_regrole(g.role), q.oid, 'select') end
                     then q.privilege else '' end end,
         null, false
    from unnest(array['user_state_audit_app', 'user_state_audit_reader', 'user_state_audit_sealer'])
           as g (role)
   cross join question q

  -- The trigger works with these.
  union all
  select 'grant', 'grant to the owner of the audit on ' || g.what,
         case when g.so then g.privileges else '' end, null, false
    from audit_owner a
   cross join lateral (values
     ('the states of user_fsm', 'select',
      has_table_privilege(a.oid, to_regclass('public.user_fsm'), 'select')),
     ('user_state_audit', 'insert, select',
      has_table_privilege(a.oid, to_regclass('public.user_state_audit'), 'insert')
      and has_table_privilege(a.oid, to_regclass('public.user_state_audit'), 'select')),
     ('user_state_transition', 'select',
      has_table_privilege(a.oid, to_regclass('public.user_state_transition'), 'select')),
     ('schema public', 'usage', has_schema_privilege(a.oid, 'public', 'usage'))) as g (what, privileges, so)
   where g.so is not null

  -- And what nobody may have beside that.
  union all
  select 'grant', a.object,
         case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
         || ' has ' || string_agg(lower(g.privilege_type), ', ' order by g.privilege_type),
         null, false
    from acls a
   cross join aclexplode(a.acl) g
   where g.grantee <> a.owner and g.privilege_type <> 'SELECT'
     and not (g.privilege_type = 'INSERT' and a.object = 'table user_state_seal'
              and g.grantee = to_regrole('user_state_audit_sealer'))
     -- Of which columns is said above.
     and not (g.privilege_type = 'INSERT' and a.object ~ '^column user_state_verification\.'
              and g.grantee = to_regrole('user_state_audit_reader'))
     and not (g.privilege_type = 'INSERT'
              and a.object ~ '^column user_state_export\.(ends|format|filter|entries)$'
              and g.grantee = to_regrole('user_state_audit_app'))
   group by a.object, g.grantee

  union all
  select 'grant', 'table user_fsm',
         case when g.grantee = 0 then 'everybody' else pg_get_userbyid(g.grantee) end
         || ' may add triggers', null, false
    from states s
   cross join aclexplode(s.acl) g
   where g.grantee <> s.owner and g.privilege_type = 'TRIGGER'

  union all
  select 'grant', 'role ' || p.name, s.name || ' is a member', null, false
    from powerful p
    join suspect s on s.oid <> p.oid and pg_has_role(s.oid, p.oid, 'member')

  union all
  -- Nor whoever they may become.
  select distinct 'grant', 'role ' || j.name, 'serves the application, and ' || may.what, null, false
    from judged j
    join pg_roles r on pg_has_role(j.oid, r.oid, 'member')
   cross join lateral (values
     (r.rolsuper, 'may become a superuser'),
     (r.rolcreaterole, 'may create roles'),
     (r.rolreplication, 'may replicate'),
     (has_database_privilege(r.oid, current_database(), 'temporary'), 'may make temporary tables'),
     (has_database_privilege(r.oid, current_database(), 'create'), 'may make schemas'),
     (has_schema_privilege(r.oid, 'public', 'create'), 'may make tables')) as may (so, what)
   where j.serves and may.so
     and to_regnamespace('public') is not null

  union all
  select 'grant', 'role user_state_audit_owner', 'can sign in', null, false
    from pg_roles r
   where r.rolname = 'user_state_audit_owner' and (r.rolcanlogin or r.rolsuper)

  -- States and entries come in one transaction, but for the copy that a subscription begins with.
  union all
  select 'subscription', 'subscription ' || s.subname,
         'copies ' || string_agg(w.name, ', ' order by w.name)
         || ' still: until then, states and entries differ', null, false
    from pg_subscription s
    join pg_subscription_rel r on r.srsubid = s.oid and r.srsubstate <> 'r'
    join watched w on w.oid = r.srrelid
   where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
   group by s.subname

  -- What says who it is, without being asked.
  union all
  select 'setting', p.whose, 'presets ' || p.setting, null, false
    from presets p
   where lower(p.setting) ~ '^(app\.(user|user_id|impersonator|ip|reason|request_id)|session_replication_role)='

  union all
  select 'setting', p.whose, 'presets ' || p.setting || ', where pg_catalog does not come first', null,
         false
    from presets p
   where lower(p.setting) ~ '^search_path=.*[ ,"]pg_catalog("|,|$| )'
     and lower(p.setting) !~ '^search_path= *"?pg_catalog("|,|$| )'

  -- What a file of the server presets is in no table. Null sets it back to that, here and now.
  union all
  select 'setting', 'setting of the server, or of this connection',
         'presets ' || claim || '=' || nullif(set_config(claim, null, true), ''), null, false
    from unnest(array['app.user', 'app.user_id', 'app.impersonator', 'app.ip', 'app.reason',
                      'app.request_id']) as claim
   where set_config(claim, null, true) <> ''

  union all
  select 'setting', 'event trigger ' || e.evtname,
         'runs ' || e.evtfoid::regprocedure || ' at each sign-in, which may say who it is', null, false
    from pg_event_trigger e
   where e.evtevent = 'login' and e.evtenabled <> 'D'

  union all
  select distinct 'setting', o.type || ' ' || o.identity,
         'is run by ' || case when r.oid = r.first then 'changes of ' || r.written
                              else f.type || ' ' || f.identity end || ', and ' || may.what,
         null, false
    from runs r
   cross join lateral pg_identify_object(r.class, r.oid, 0) o
   cross join lateral pg_identify_object(r.first_class, r.first, 0) f
   cross join lateral (select case r.class
     when 'pg_proc'::regclass then (select s.text from source s where s.oid = r.oid)
     when 'pg_attrdef'::regclass then (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.oid = r.oid)
     when 'pg_policy'::regclass then (
       select concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
         from pg_policy p where p.oid = r.oid)
     when 'pg_constraint'::regclass then pg_get_constraintdef(r.oid)
     when 'pg_class'::regclass then pg_get_indexdef(r.oid)
     when 'pg_rewrite'::regclass then pg_get_ruledef(r.oid)
     when 'pg_statistic_ext'::regclass then pg_get_statisticsobjdef(r.oid)
     when 'pg_trigger'::regclass then
       substring(pg_get_triggerdef(r.oid) from ' WHEN (.*) EXECUTE (?:FUNCTION|PROCEDURE)') end) t (text)
   cross join gap
   cross join lateral (select case
     when t.text ~* replace('set_config|pg_settings|\mset\M([^;]| )*\mapp"? *\.', ' ', gap.between_words)
       then 'may say who it is'
     when t.text ~* replace('session_replication_role|\m(en|dis)able +((always|replica) +)?trigger\M', ' ', gap.between_words)
       then 'may switch triggers off'
     when t.text ~* replace('\mexecute\M|\mu&"|\mdo *(language|[en]?''|u&''|\$)|\m(function|procedure)\M'
                            '|\m(query|table|cursor|schema|database)_to_xml'
                            '|\mts_(stat|rewrite)\M|crosstab|connectby|dblink', ' ', gap.between_words)
       then 'runs SQL that can''t be read here'
   end) as may (what)
   where may.what is not null
)

select coalesce(jsonb_agg(jsonb_build_object(
         'kind', l.kind, 'object', l.object, 'month', l.month, 'code', l.code,
         'definition', replace(l.definition, coalesce(l.month, ''), 'month')) order by l.object), '[]')::text
  from line l
), true) is not null as is_set;
