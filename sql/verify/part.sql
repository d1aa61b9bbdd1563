-- Runs one file of verify.sql, whose name is in the variable part, and counts what it finds. That it
-- could not look, since a table or a column is gone, is a finding too.
--
-- Who runs it: verify.sql.
-- Why it is safe: it does nothing but that.

\echo '--' :part
\ir :part.sql
\if :ERROR
  select 'table' as kind, :'part' as object, null::bigint as user_id, null::bigint as entry_id,
         'could not be looked at: ' || :'LAST_ERROR_MESSAGE' as detail;
\endif
select :found + :ROW_COUNT as found \gset
