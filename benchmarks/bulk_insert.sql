-- The entries of a change of every user, by hand: what a bulk change is measured by. See README.md.

insert into public.user_state_audit
  (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
   reason, request_id, initiator_id, impersonator, db_user, application_name, client_addr,
   transaction_id, subject_salt, actor_salt)
select u.username, 'bench', 'active', f.current_state, clock_timestamp(), '192.0.2.1', f.user_id,
       'lock', null, '0123456789abcdef0123456789abcdef', null, null, session_user,
       current_setting('application_name'), inet_client_addr(),
       (select pg_current_xact_id()::text::bigint), substr(f.salts, 1, 16), substr(f.salts, 17, 16)
  from (select s.user_id, s.current_state, sha256(secret.bytes || int8send(s.user_id)) as salts
          from public.user_fsm s,
               (select uuid_send(gen_random_uuid()) as bytes offset 0) as secret
        offset 0) as f
  join public.accounts_user u on u.id = f.user_id;
