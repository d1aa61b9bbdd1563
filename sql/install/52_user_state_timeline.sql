-- user_state_timeline: the changes, until when each of them held, and which of them are overrides.
--
--   select * from user_state_timeline where user_id = 42 order by id;
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks. Ask for one user, or a few: otherwise all entries are
-- sorted.
-- The entries of a user stand in the order in which they were written: see 51_user_state_now.sql.
-- What forget_user wrote is no change, and is not in it.
-- Safe to run again: it states what has to be true. A new column comes last.

create or replace view public.user_state_timeline with (security_invoker = true) as
select h.id, h.user_id, h.username, h.start_state, h.end_state, h.datetime, h.until, s.lasted, h.transition,
       h.transition is null and h.start_state <> 'new' and h.end_state <> 'deleted' as override,
       h.initiated_by, h.initiator_id, h.impersonator, h.ip_address, h.reason, h.request_id, h.db_user,
       h.application_name, h.client_addr, h.transaction_id
  from (select a.id, a.user_id, a.username, a.start_state, a.end_state, a.datetime, a.transition,
               a.initiated_by, a.initiator_id, a.impersonator, a.ip_address, a.reason, a.request_id,
               a.db_user, a.application_name, a.client_addr, a.transaction_id,
               lead(a.datetime) over (partition by a.user_id order by a.id) as until
          from public.user_state_audit a
         where (a.start_state = a.end_state and a.transition = 'forgotten') is not true) h
 cross join lateral (
   -- Between moments that no clock shows, which a forged entry may have, the nearest that are sensible
   -- count. Whoever is gone is in no state.
   select case when h.until is not null or h.end_state <> 'deleted' then
            greatest(greatest(least(coalesce(h.until, statement_timestamp()), '9999-12-29 00:00+00'),
                              '0001-01-03 00:00+00')
                     - greatest(least(h.datetime, '9999-12-29 00:00+00'), '0001-01-03 00:00+00'),
                     interval '0') end as lasted) s;

comment on view public.user_state_timeline is
  'The changes in user_state_audit, until when each held, and which are overrides. Ask for one user_id.';
comment on column public.user_state_timeline.id is
  'As in user_state_audit: for one user, the order in which their entries were written.';
comment on column public.user_state_timeline.until is
  'The moment of the user''s next entry. Null: there is none.';
comment on column public.user_state_timeline.lasted is
  'How long end_state held, until now where nothing came. Null: the user is gone, and was not made again.';
comment on column public.user_state_timeline.override is
  'Whether no transition of the state machine leads from start_state to end_state.';
