-- The entries from user_state.begins to before user_state.ends that are to be archived, in order of id, with
-- moments in microseconds since 1970 UTC and addresses as text. What is kept of an earlier archiving is left
-- out.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select a.id, a.username, a.initiated_by, a.start_state, a.end_state,
       (extract(epoch from a.datetime) * 1000000)::bigint as datetime, a.ip_address, a.user_id,
       a.transition, a.reason, a.request_id, a.initiator_id, a.impersonator, a.db_user,
       a.application_name, a.client_addr::text, a.transaction_id, a.subject_salt, a.subject_digest,
       a.actor_salt, a.actor_digest
  from public.user_state_audit a
 where a.datetime >= current_setting('user_state.begins')::timestamptz
   and a.datetime < current_setting('user_state.ends')::timestamptz
   and (a.datetime < (select max(t.until) from public.user_state_archive t)
        and a.id <= (select max(t.last_id) from public.user_state_archive t)) is not true
 order by a.id
