-- The values of the entry user_state.entry_id that are hashed, as texts: those that are always
-- shown, those about its subject, those about its actor; and the salts and digests of the two.
--
-- Who runs it: prove_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select array[a.id::text, a.user_id::text, a.start_state, a.end_state, a.transition,
             extract(epoch from a.datetime)::text, a.transaction_id::text],
       array[a.username, a.reason],
       array[a.initiated_by, a.initiator_id::text, a.impersonator, a.ip_address, a.request_id,
             a.db_user, a.application_name, a.client_addr::text],
       a.subject_salt, a.subject_digest, a.actor_salt, a.actor_digest
  from public.user_state_audit a
 where a.id = current_setting('user_state.entry_id')::bigint;
