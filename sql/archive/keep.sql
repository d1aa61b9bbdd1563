-- Copies the entries whose ids are in user_state_maintenance.kept_id into user_state_audit_kept beside it.
--
-- Who runs it: archive_audit, after aside.sql in the same transaction, once the ids are there.
-- Why it is safe: nobody else knows the schema.

analyze user_state_maintenance.kept_id;

insert into user_state_maintenance.user_state_audit_kept
select a.*
  from public.user_state_audit a
  join user_state_maintenance.kept_id k on k.id = a.id
 where a.datetime < current_setting('user_state.until')::timestamptz;

drop table user_state_maintenance.kept_id;

-- Statistics move with the table.
analyze user_state_maintenance.user_state_audit_kept;
