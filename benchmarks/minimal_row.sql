-- The least that writes the entry of a row: no protection, no truncate, no user who is gone.
--
-- The measure for record_user_state(): see README.md. The salts are those of the audit.

create function public.minimal() returns trigger language plpgsql as $$
declare
  salts bytea := sha256(uuid_send(gen_random_uuid()));
begin
  insert into public.user_state_audit
    (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
     reason, request_id, initiator_id, impersonator, db_user, application_name, client_addr,
     transaction_id, subject_salt, actor_salt)
  select u.username, current_setting('app.user', true), OLD.current_state, NEW.current_state,
         clock_timestamp(), current_setting('app.ip', true), NEW.user_id, t.name,
         current_setting('app.reason', true), current_setting('app.request_id', true),
         nullif(current_setting('app.user_id', true), '')::bigint,
         current_setting('app.impersonator', true), session_user,
         current_setting('application_name'), inet_client_addr(),
         pg_current_xact_id()::text::bigint, substr(salts, 1, 16), substr(salts, 17, 16)
    from public.accounts_user u
    left join public.user_state_transition t
      on t.start_state = OLD.current_state and t.end_state = NEW.current_state
   where u.id = NEW.user_id;
  return null;
end
$$;

create trigger minimal after update on public.user_fsm
  for each row when (OLD.current_state is distinct from NEW.current_state)
  execute function public.minimal();
