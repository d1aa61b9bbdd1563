-- Makes public.user_state_audit_YYYY_MM_archived, named by user_state.restored: a table of its own for the
-- entries of an archived month, which readers may read and nobody may write. By its comment,
-- user_state.comment, restore_audit knows it again.
--
-- Who runs it: restore_audit, which fills it in the same transaction; guard_restored.sql follows.
-- Why it is safe: it touches neither user_state_audit nor anything else that is there.

do $$
declare
  restored constant text := format('public.%I', current_setting('user_state.restored'));
begin
  execute format('create table %s (like public.user_state_audit)', restored);
  execute format('comment on table %s is %L', restored,
                 current_setting('user_state.comment'));
end
$$;
