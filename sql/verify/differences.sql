-- What keeps the audit and is not as expected. One row for each finding.
--
-- Who runs it: verify.sql, after catalog.sql.
-- Why it is safe: it reads a setting.

select d.kind, d.object, null::bigint as user_id, null::bigint as entry_id, d.detail
  from jsonb_to_recordset(current_setting('user_state.differences')::jsonb)
    as d (kind text, object text, detail text)
 order by d.kind, d.object;
