-- The leaves of the Merkle tree, of the entries from user_state.first_id to user_state.last_id, in
-- order of id. One row: their ids and transactions, 8 bytes each, and the leaves, 32 bytes each.
-- docs/seals.md has the bytes that are hashed.
--
-- Who runs it: seal_audit, verify_audit and prove_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads. Nothing that a session can set enters a hash.
-- A digest counts only in a part that was erased, as its columns say: else whoever puts the true
-- digest beside a forged name would not be found.
-- Of archived months the last entry of each user is kept, and its seal knows it as archived: those
-- are left out, and are all that there is where user_state.kept is on.
-- An entry without a transaction_id, where somebody has let that be null, gets one that no seal takes.
-- They are sent as one row: to take one for each entry would keep the reader as busy as the hashing
-- keeps PostgreSQL.

select coalesce(string_agg(int8send(l.id), ''), '') as ids,
       coalesce(string_agg(int8send(l.transaction_id), ''), '') as transactions,
       coalesce(string_agg(l.leaf, ''), '') as leaves
  from (
    select e.id::bigint, coalesce(e.transaction_id::bigint, -1) as transaction_id,
           sha256(decode('00', 'hex') || convert_to(array_to_json(array[
             e.id::text, e.user_id::text, e.start_state, e.end_state, e.transition,
             extract(epoch from e.datetime)::text, e.transaction_id::text,
             encode(e.subject, 'hex'), encode(e.actor, 'hex')])::text, 'UTF8')) as leaf
      from (
        select a.*,
               case
                 when octet_length(a.subject_salt) = 16 then
                   sha256(decode('02', 'hex') || a.subject_salt || convert_to(
                     array_to_json(array[a.username, a.reason])::text, 'UTF8'))
                 when a.subject_salt is null and octet_length(a.subject_digest) = 32
                  and a.username = 'erased' and a.reason is null then a.subject_digest
               end as subject,
               case
                 when octet_length(a.actor_salt) = 16 then
                   sha256(decode('03', 'hex') || a.actor_salt || convert_to(
                     array_to_json(array[
                       a.initiated_by, a.initiator_id::text, a.impersonator, a.ip_address,
                       a.request_id, a.db_user, a.application_name, a.client_addr::text])::text,
                     'UTF8'))
                 when a.actor_salt is null and octet_length(a.actor_digest) = 32
                  and a.initiated_by = 'erased' and a.initiator_id is null
                  and a.impersonator is null and a.ip_address = 'erased'
                  and a.request_id is null and a.db_user = 'erased'
                  and a.application_name is null and a.client_addr is null then a.actor_digest
               end as actor
          from public.user_state_audit a
         where a.id between current_setting('user_state.first_id')::bigint
                        and current_setting('user_state.last_id')::bigint
            and ((a.datetime < (select max(t.until) from public.user_state_archive t)
                  and a.id <= (select max(t.last_id) from public.user_state_archive t)) is true)
                = current_setting('user_state.kept')::boolean
         order by a.id
      ) e
  ) l;
