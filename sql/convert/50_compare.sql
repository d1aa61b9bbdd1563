-- How many entries of the former table are not the same in the audit, or only in one of them.
--
-- Who runs it: migrate, after the exchange, outside of any lock.
-- Why it is safe: it only reads. Ids after the last one of the former table were given since.

with former_ids as materialized (
  select case when s.is_called then s.last_value else 0 end as greatest_id
    from user_state_first_release.user_state_audit_id_seq s
)
select count(*) as differing, min(coalesce(f.id, a.id)) as first_id
  from user_state_first_release.user_state_audit f
  full join public.user_state_audit a on a.id = f.id and a.datetime = f.datetime
 where case
         when f.id is null then a.id <= (select greatest_id from former_ids)
         else (f.username, f.initiated_by, f.start_state, f.end_state, f.datetime, f.ip_address,
               f.user_id, f.transition, f.reason, f.request_id, f.db_user, f.application_name,
               f.client_addr, f.transaction_id)
              is distinct from
              (a.username, a.initiated_by, a.start_state, a.end_state, a.datetime, a.ip_address,
               a.user_id, a.transition, a.reason, a.request_id, a.db_user, a.application_name,
               a.client_addr, a.transaction_id)
       end;
