-- What there is before user_state.until: how many entries, the greatest id, and how many of which a part is
-- erased. By it archive_audit knows that nothing has changed since it wrote the files.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select count(*), max(a.id), count(*) filter (where a.subject_salt is null),
       count(*) filter (where a.actor_salt is null)
  from public.user_state_audit a
 where a.datetime < current_setting('user_state.until')::timestamptz;
