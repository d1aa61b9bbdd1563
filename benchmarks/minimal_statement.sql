-- The least that writes the entries of a statement: no protection, no truncate, no user who is gone.
--
-- The measure for record_user_state(): see README.md. The salts are those of the audit.

create function public.minimal() returns trigger language plpgsql as $$
declare
  secret bytea := uuid_send(gen_random_uuid());
begin
  insert into public.user_state_audit
    (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
     reason, request_id, initiator_id, impersonator, db_user, application_name, client_addr,
     transaction_id, subject_salt, actor_salt)
  select u.username, current_setting('app.user', true), o.current_state, n.current_state,
         clock_timestamp(), current_setting('app.ip', true), n.user_id, t.name,
         current_setting('app.reason', true), current_setting('app.request_id', true),
         nullif(current_setting('app.user_id', true), '')::bigint,
         current_setting('app.impersonator', true), session_user,
         current_setting('application_name'), inet_client_addr(),
         pg_current_xact_id()::text::bigint,
         substr(sha256(secret || int8send(n.user_id)), 1, 16),
         substr(sha256(secret || int8send(n.user_id)), 17, 16)
    from old_rows o
    join new_rows n on n.user_id = o.user_id
    join public.accounts_user u on u.id = n.user_id
    left join public.user_state_transition t
      on t.start_state = o.current_state and t.end_state = n.current_state
   where n.current_state <> o.current_state;
  return null;
end
$$;

create trigger minimal after update on public.user_fsm
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.minimal();
