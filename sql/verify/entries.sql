-- Whether every entry has an id of its own and a month, and whether the next ones will have a month.
-- One row for each finding.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql.
-- Why it is safe: it only reads.

select 'entry' as kind, 'entry ' || a.id as object, a.user_id, a.id as entry_id,
       'is there more than once' as detail
  from public.user_state_audit a
 where a.id in (select twice.id from public.user_state_audit twice group by twice.id
                having count(*) > 1)
union all
select 'entry', 'entry without an id', a.user_id, null, 'has no place in a history or in a seal'
  from public.user_state_audit a
 where a.id is null
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
select 'site', 'table user_state_site', null, null,
       'has ' || count(*) || ' rows; there has to be one'
  from public.user_state_site
having count(*) <> 1;
