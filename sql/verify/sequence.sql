-- Whether the next entries will have ids of their own: after a restore of the data alone, or where a
-- subscription has filled the audit, the sequence is behind; and somebody may have set it to where
-- it ends. One row, where that is so.
--
-- Who runs it: verify_audit, verify.sql, /readyz, migrate and the checks, after settings.sql.
-- Why it is safe: it only reads, and of the entries no more than the last one of each month.

select 'sequence' as kind, 'sequence user_state_audit_id_seq' as object, null::bigint as user_id,
       null::bigint as entry_id,
       format('is at %s, and the greatest id is %s: ', s.last_value, coalesce(m.greatest, 0))
       || case when s.last_value < m.greatest then 'the next changes would have ids that are taken'
               else 'changes come to where there are no more ids' end as detail
  from (select case when has_sequence_privilege(q.oid, 'select')
                 then coalesce(pg_sequence_last_value(q.oid), 0) end as last_value
          from (select to_regclass('public.user_state_audit_id_seq')::oid) q (oid)) s,
       -- What no sequence comes to is a finding of entries.sql.
       (select max(a.id) as greatest
          from public.user_state_audit a where a.id < current_setting('user_state.no_id_from')::bigint) m
 where s.last_value < m.greatest or s.last_value >= current_setting('user_state.no_id_from')::bigint;
