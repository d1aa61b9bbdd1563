-- Copies entries of the first release: the next hundred thousand; and once that is complete, those that
-- were committed since the last time.
--
-- Who runs it: migrate, after 10_aside.sql, again and again, each time in a transaction of its own;
-- and once more when nobody can write. Sets user_state.copied to how many there were.
-- Why it is safe: it reads the audit, and writes what nobody else reads. What is copied and how far
-- that went are committed together, so it goes on where it was ended. user_state.batch, where it is
-- set, is how many at once.

do $$
declare
  batch    constant integer :=
    coalesce(nullif(current_setting('user_state.batch', true), ''), '100000')::integer;
  progress user_state_conversion.progress;
  written  bigint;
begin
  select p.* into strict progress from user_state_conversion.progress p for update;

  with entry as materialized (
    (select a.*
       from public.user_state_audit a
      where not progress.complete and (progress.upto is null or a.id > progress.upto)
      order by a.id
      limit batch)
    union all
    select a.*
      from public.user_state_audit a
     where progress.complete
       and a.transaction_id >= pg_snapshot_xmin(progress.seen)::text::bigint
       -- What was restored from another server may have greater ones, and was there before.
       and a.transaction_id < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
       and not pg_visible_in_snapshot(greatest(a.transaction_id, 0)::text::xid8, progress.seen)
       -- "offset 0" has each looked up by its key, whatever is known of how large the table is.
       and not exists (select from user_state_conversion.user_state_audit c
                        where c.id = a.id and c.datetime = a.datetime offset 0)
  ),
  -- Each entry has two salts, the halves of a hash of this and of its id. It is stored nowhere.
  secret as materialized (select uuid_send(gen_random_uuid()) as bytes),
  salted as (
    select e.*, sha256(s.bytes || int8send(e.id)) as salts
      from entry e
     cross join secret s
  ),
  copied as (
    insert into user_state_conversion.user_state_audit
      (id, username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
       reason, request_id, db_user, application_name, client_addr, transaction_id,
       subject_salt, actor_salt)
    overriding system value
    select s.id, s.username, s.initiated_by, s.start_state, s.end_state, s.datetime, s.ip_address,
           s.user_id, s.transition, s.reason, s.request_id, s.db_user, s.application_name,
           s.client_addr, s.transaction_id, substr(s.salts, 1, 16), substr(s.salts, 17, 16)
      from salted s
    returning id
  ),
  counted as (select count(*) as entries, max(c.id) as last_id from copied c)
  update user_state_conversion.progress p
     set upto = case when p.complete then p.upto else coalesce(c.last_id, p.upto) end,
         copied = p.copied + c.entries,
         complete = p.complete or c.entries < batch,
         seen = case when p.complete then pg_current_snapshot() else p.seen end
    from counted c
  returning c.entries into written;
  perform set_config('user_state.copied', written::text, true);
end
$$;
