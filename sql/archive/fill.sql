-- Writes entries, which user_state.entries has as a JSON array with moments in microseconds since 1970 UTC
-- and bytes in hexadecimal, into the table that restore.sql has made.
--
-- Who runs it: restore_audit, after restore.sql in the same transaction.
-- Why it is safe: nobody knows the table yet.

do $$
begin
  execute format($insert$
    insert into public.%I (id, username, initiated_by, start_state, end_state, datetime, ip_address,
      user_id, transition, reason, request_id, initiator_id, impersonator, db_user, application_name,
      client_addr, transaction_id, subject_salt, subject_digest, actor_salt, actor_digest)
    select e.id, e.username, e.initiated_by, e.start_state, e.end_state,
           timestamptz 'epoch' + e.datetime * interval '1 microsecond', e.ip_address, e.user_id,
           e.transition, e.reason, e.request_id, e.initiator_id, e.impersonator, e.db_user,
           e.application_name, e.client_addr, e.transaction_id, decode(e.subject_salt, 'hex'),
           decode(e.subject_digest, 'hex'), decode(e.actor_salt, 'hex'), decode(e.actor_digest, 'hex')
      from json_to_recordset(current_setting('user_state.entries')::json) as e (
        id bigint, username text, initiated_by text, start_state text, end_state text, datetime bigint,
        ip_address text, user_id bigint, transition text, reason text, request_id text,
        initiator_id bigint, impersonator text, db_user text, application_name text, client_addr inet,
        transaction_id bigint, subject_salt text, subject_digest text, actor_salt text,
        actor_digest text)
    $insert$, current_setting('user_state.restored'));
end
$$;
