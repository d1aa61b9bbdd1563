-- Entries from user_state.first_id on of which a part has neither a salt of 16 bytes nor was
-- properly erased: the seals do not hold what they say. At most a hundred.
--
-- Who runs it: verify_audit, where leaves.sql has met one, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select a.id, a.user_id
  from public.user_state_audit a
 where a.id >= current_setting('user_state.first_id')::bigint
   and (
     (octet_length(a.subject_salt) = 16
      or (a.subject_salt is null and octet_length(a.subject_digest) = 32
          and a.username = 'erased' and a.reason is null)) is not true
     or
     (octet_length(a.actor_salt) = 16
      or (a.actor_salt is null and octet_length(a.actor_digest) = 32
          and a.initiated_by = 'erased' and a.initiator_id is null and a.impersonator is null
          and a.ip_address = 'erased' and a.request_id is null and a.db_user = 'erased'
          and a.application_name is null and a.client_addr is null)) is not true
   )
 order by a.id
 limit 100;
