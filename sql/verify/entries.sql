-- Whether every entry has an id of its own and a month, and whether the next ones will.
-- One row for each finding.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql.
-- Why it is safe: it only reads.

select 'entry' as kind, 'entry ' || d.id as object, d.user_id, d.id as entry_id,
       'is there more than once, as after a restore with the triggers on: see docs/restore.md'
         as detail
  from (select a.id, a.user_id, lag(a.id) over (order by a.id) as before
          from public.user_state_audit a) d
 where d.id = d.before
union all
select 'month', 'table user_state_audit_default', null, null,
       format('%s without a month, from %s on: maintain_audit moves them',
              case count(*) when 1 then '1 entry is' else count(*) || ' entries are' end,
              min(a.datetime))
  from public.user_state_audit_default a
having count(*) > 0
union all
select 'month', 'table user_state_audit', null, null,
       'has no partition for this month: maintain_audit makes it'
 where to_regclass('public.user_state_audit_'
                   || to_char(clock_timestamp() at time zone 'UTC', 'YYYY_MM')) is null
union all
select 'sequence', 'sequence user_state_audit_id_seq', null, null,
       format('is at %s, and the greatest id is %s: the next changes would have ids that are taken',
              s.last_value, m.greatest)
  from (select pg_sequence_last_value(to_regclass('public.user_state_audit_id_seq')) as last_value) s,
       (select max(a.id) as greatest from public.user_state_audit a) m
 where coalesce(s.last_value, 0) < m.greatest
   and has_sequence_privilege('public.user_state_audit_id_seq', 'select')
union all
select 'site', 'table user_state_site', null, null,
       'has ' || count(*) || ' rows; there has to be one'
  from public.user_state_site
having count(*) <> 1;
