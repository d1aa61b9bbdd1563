-- How what is there (present.sql) differs from what is expected (expected.sql). Sets
-- user_state.differences.
--
-- Who runs it: whoever ran the two, in the same transaction.
-- Why it is safe: it reads the two settings and nothing else.
--
-- A difference has: kind, object and detail; missing: whether it is expected and not so; code:
-- whether reading the tables would run code of somebody else's; recording: whether a change could go
-- unrecorded, or fail, or an entry be lost; in_any_release: whether that is so even if the database is
-- of a newer release, which may have changed the audit.

select set_config('user_state.differences', (
with
present as (
  select p.kind, p.object, p.definition, p.month, p.code
    from jsonb_to_recordset(current_setting('user_state.present')::jsonb)
      as p (kind text, object text, definition text, month text, code boolean)
),
-- A definition of several lines is an array of them. What is expected of a month is of each.
expected as (
  select split_part(e.key, ' ', 1) as kind, replace(e.key, 'month', coalesce(m.month, 'month')) as object,
         m.month,
         case jsonb_typeof(e.value)
           when 'array' then (select string_agg(l.text, E'\n' order by l.number)
                                from jsonb_array_elements_text(e.value) with ordinality as l (text, number))
           else e.value #>> '{}' end as definition
    from jsonb_each(current_setting('user_state.expected')::jsonb -> 'objects') e
    join lateral (
      select 'user_state_audit_default'
       union select p.month from present p where p.kind = 'table') m (month)
      on (m.month is not null) = (e.key ~ '\mmonth(\M|_)')
),
differs as (
  select coalesce(e.kind, p.kind) as kind, coalesce(e.object, p.object) as object,
         coalesce(e.month, p.month) as month,
         coalesce(p.code, false) and e.object is null
         or p.code and p.definition is distinct from e.definition as code,
         e.object is not null as missing,
         p.kind = 'trigger'
         and p.definition ~ '^always: .* EXECUTE FUNCTION public\.record_user_state\(\)$' as records,
         case
           when p.object is null then 'is missing'
           when e.object is null and p.kind in ('constraint', 'index', 'column', 'trigger', 'function', 'question')
             then 'is not expected' || case when p.kind in ('function', 'question') then '' else ': ' || p.definition end
           when e.object is null then p.definition
           when p.kind in ('function', 'question') then 'is not as expected'
           when p.kind = 'trigger' and p.definition !~ '^always: '
             and (e.definition is null or split_part(p.definition, ': ', 2) = split_part(e.definition, ': ', 2))
             then split_part(p.definition, ':', 1)
           when p.kind = 'owner' then 'is ' || p.definition || ', not ' || e.definition
           when p.kind = 'grant' then 'is ' || coalesce(nullif(p.definition, ''), 'nothing')
                                   || ', not ' || coalesce(nullif(e.definition, ''), 'nothing')
           else 'is ' || p.definition || '; expected: ' || e.definition
         end as detail
    from expected e
    full join present p on p.kind = e.kind and p.object = e.object
   where (e.definition is distinct from p.definition or e.object is null or p.object is null)
     -- Where there is no such role or table, or nobody who could do something about it.
     and not (p.object is not null and p.definition is null)
     -- Whose a question is that is too many does not matter, nor who may ask it.
     and not (e.object is null and p.kind in ('owner', 'grant') and p.object ~ ' question user_state_')
     -- An index on columns runs nothing; but one that is unique, or too wide, has changes refused.
     and not (e.object is null and p.kind = 'index' and not p.code
              and p.definition !~ '^CREATE UNIQUE'
              and split_part(p.definition, ' USING ', 2) !~ (
                '\mreason\M|((username|initiated_by|impersonator|request_id).*){3}'))
)
-- What differs in the audit differs in each of its months.
select coalesce(jsonb_agg(jsonb_build_object(
         'kind', d.kind, 'object', d.object, 'detail', d.detail, 'missing', d.missing, 'code', d.code,
         'recording',
         case d.kind
           when 'column' then d.missing or d.detail ~ ' not null' and d.detail !~ ' default '
           when 'index' then not d.missing
           when 'trigger' then d.object !~ ' on user_state_transition$'
           when 'grant' then d.object ~ '^grant to the owner'
           else d.kind in ('table', 'constraint', 'function', 'rule', 'policy', 'child', 'sequence')
         end and d.object !~ 'user_state_(seal|site|verification|daily|carried|archive|export)',
         -- No release does without one of the four triggers, nor has rows hidden or diverted.
         'in_any_release',
         d.kind = 'trigger' and d.missing and d.object ~ ' on user_fsm$' and d.records is not true
         or d.kind in ('rule', 'policy', 'child')
            and d.object !~ 'user_state_(seal|site|verification|daily|carried|archive|export)'
         or d.kind = 'table' and d.object !~ 'user_state_'
       ) order by d.kind, d.object), '[]')::text
  from differs d
 where d.month is null
    or not exists (select from differs parent
                    where parent.month is null and parent.kind = d.kind
                      and parent.object = replace(d.object, d.month, 'user_state_audit'))
), true) is not null as is_set;
