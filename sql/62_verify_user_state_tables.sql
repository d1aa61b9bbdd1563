-- verify_user_state_tables(): what is missing, changed or added among the tables of the audit.
-- One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_protection().
-- Why it is safe: it reads the catalog and nothing else.
-- Whatever runs when an entry is written runs as the owner of the audit. So no constraint, default
-- or index may stand there that is not ours: the function that it calls could be anybody's.

create or replace function public.verify_user_state_tables()
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $function$
with
-- What shall be there. Of the users, only that they are an ordinary table.
wanted_table (name, columns) as (values
  ('accounts_user', null),
  ('user_fsm',
   'current_state character varying(32) not null, id bigint identity d not null,'
   ' user_id bigint not null'),
  ('user_state_audit',
   'application_name text, client_addr inet, datetime timestamp with time zone not null,'
   ' db_user text not null, end_state text not null, id bigint identity a not null,'
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
-- Without parentheses and casts, which a dump writes otherwise.
wanted_constraint (on_table, definition) as (values
  ('user_fsm', 'PRIMARY KEY id'),
  ('user_fsm', 'UNIQUE user_id'),
  ('user_fsm',
   'CHECK current_state = ANY ARRAY[''invited'', ''active'', ''locked'', ''deactivated'']'),
  ('user_state_audit', 'PRIMARY KEY id'),
  ('user_state_transition', 'PRIMARY KEY start_state, end_state'),
  ('user_state_seal', 'PRIMARY KEY number'),
  ('user_state_seal', 'CHECK number > 0 AND lines >= 0 AND isfinite sealed_at')
),
-- What is there.
present_table as (
  select w.name, w.columns as wanted, c.*,
         (select string_agg(
                   a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                   || case when a.attcollation not in (0, t.typcollation)
                           then ' collate ' || a.attcollation::regcollation else '' end
                   || case when a.attidentity <> '' then ' identity ' || a.attidentity::text else '' end
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
present_constraint as (
  select t.name as on_table, c.*,
         regexp_replace(
           regexp_replace(replace(pg_get_constraintdef(c.oid), 'isfinite(', 'isfinite ('),
                          '::(text|character varying)(\[\])?', '', 'g'),
           '[()]', '', 'g') as definition
    from present_table t
    join pg_constraint c on c.conrelid = t.oid
),
-- What runs as the owner of the audit, when something is written there.
ours as (
  select t.* from present_table t where t.name not in ('accounts_user', 'user_fsm')
)

select 'table', 'table ' || t.name, null::bigint, null::bigint,
       case
         when t.oid is null then 'is missing'
         when t.relkind <> 'r' then 'is no ordinary table'
         when t.relpersistence <> 'p' then 'is not kept in the write-ahead log'
         when t.relrowsecurity or t.relforcerowsecurity then 'hides rows: row security is on'
         when t.columns <> t.wanted
           then 'has other columns: ' || t.columns || '; should be: ' || t.wanted
         else 'has its triggers switched off in the catalog'
       end
  from present_table t
 where t.oid is null or t.relkind <> 'r' or t.relpersistence <> 'p'
    or t.relrowsecurity or t.relforcerowsecurity
    or t.columns <> t.wanted
    or not t.relhastriggers and t.name <> 'user_state_transition'

union all
select 'table', (case when c.relkind in ('r', 'p') then 'table ' else 'relation ' end)
       || n.nspname || '.' || c.relname, null, null,
       'is taken for public.' || c.relname || ' by whoever looks into its schema first'
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relname in (select w.name from wanted_table w)
   and n.nspname <> 'public' and n.nspname !~ '^pg_(temp|toast)'

union all
select 'constraint', 'table ' || w.on_table, null, null, 'is without ' || w.definition
  from wanted_constraint w
  join present_table t on t.name = w.on_table and t.relkind = 'r'
 where not exists (
   select from present_constraint c
    where c.on_table = w.on_table and c.definition = w.definition)

union all
select 'constraint', 'constraint ' || c.conname || ' on ' || c.on_table, null, null,
       'is not ours, and may stop or run what it likes: ' || pg_get_constraintdef(c.oid)
  from present_constraint c
 where c.on_table in (select t.name from ours t)
   and not exists (
     select from wanted_constraint w
      where w.on_table = c.on_table and w.definition = c.definition)
   -- PostgreSQL 18 lists what the columns say too.
   and (c.contype <> 'n' or not c.convalidated)

union all
select 'constraint', 'index ' || i.indexrelid::regclass || ' on ' || t.name, null, null,
       'has an expression, which may run what it likes: ' || pg_get_indexdef(i.indexrelid)
  from ours t
  join pg_index i on i.indrelid = t.oid
 where i.indexprs is not null or i.indpred is not null

union all
select 'constraint', 'column ' || t.name || '.' || a.attname, null, null,
       'has a default, which may run what it likes: ' || pg_get_expr(d.adbin, d.adrelid)
  from ours t
  join pg_attrdef d on d.adrelid = t.oid
  join pg_attribute a on a.attrelid = t.oid and a.attnum = d.adnum

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
$function$;

comment on function public.verify_user_state_tables() is
  'Finds what is missing, changed or added among the tables of the audit.';

-- NOTE: no execute for anybody: verify_user_state_protection() asks, as the owner.
revoke execute on function public.verify_user_state_tables() from public;
