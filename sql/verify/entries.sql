-- Whether every entry has an id of its own and a month, whether the next ones will have a month, and
-- whether the states have names that the audit can tell from its own words.
-- One row for each finding.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql.
-- Why it is safe: it only reads.

select 'entry' as kind, 'entry ' || a.id as object, a.user_id, a.id as entry_id,
       'is there more than once, as after a restore with the triggers on: see docs/restore.md'
         as detail
  from public.user_state_audit a
 where a.id in (select twice.id from public.user_state_audit twice group by twice.id
                having count(*) > 1)
union all
select 'entry', 'entry without an id', a.user_id, null, 'has no place in a history or in a seal'
  from public.user_state_audit a
 where a.id is null
union all
select 'entry', 'entry ' || a.id, a.user_id, a.id, 'has an id that was never given'
  from public.user_state_audit a
 where a.id < 1 or a.id >= current_setting('user_state.no_id_from')::bigint
union all
select 'state', 'user ' || f.user_id, f.user_id, null,
       format('is %s, which the audit takes for a word of its own',
              coalesce(nullif(f.current_state, ''), 'in a state without a name'))
  from public.user_fsm f
 where f.current_state in ('', 'new', 'deleted')
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
