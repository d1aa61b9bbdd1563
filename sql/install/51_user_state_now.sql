-- user_state_now: in which state everybody is, since when, by whom and why.
--
--   select username, state, since, initiated_by, db_user, reason from user_state_now where username = 'alice';
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- The last entry of a user is looked for behind the newest quarter of user_state_carried, which has it
-- where there is none since. Where it does not lead to the state in which they are, it is not said
-- since when they are in it. verify_audit finds those, but for entries that one transaction has written in
-- another order than its changes were made, as where a trigger on user_fsm changes what was just changed:
-- it puts them in order, and here the last one written counts.
-- Where a user was forgotten, they are in their state since what led to it before.
-- Safe to run again: it states what has to be true.

create or replace view public.user_state_now with (security_invoker = true) as
select p.user_id, p.username, p.state, l.since, a.initiated_by, a.initiator_id, a.impersonator, a.ip_address,
       a.db_user, a.application_name, a.client_addr, a.transition, a.reason, l.entry_id
  from public.user_state_present() p
  left join lateral (
    select h.entry_id, h.since, h.state
      from (select c.entry_id, c.since, c.state
              from public.user_state_carried c
             where c.user_id = p.user_id
               and c.quarter_end = (select max(q.quarter_end) from public.user_state_carried q)
            union all
            select e.id, e.datetime, e.end_state
              from public.user_state_audit e
             where e.user_id = p.user_id
               and (e.start_state = e.end_state and e.transition = 'forgotten') is not true
               and e.datetime >= (select coalesce(max(q.quarter_end), '-infinity')
                                    from public.user_state_carried q)) h
     order by h.entry_id desc
     limit 1) l on l.state = p.state
  left join public.user_state_audit a on a.id = l.entry_id and a.datetime = l.since;

comment on view public.user_state_now is
  'In which state everybody is, since when, by whom and why. Also those of whom the audit does not say it.';
comment on column public.user_state_now.user_id is
  'Key of the user.';
comment on column public.user_state_now.username is
  'What they are called today.';
comment on column public.user_state_now.state is
  'In which they are now.';
comment on column public.user_state_now.since is
  'When the entry was written that led to the state. Null, as all behind it: there is none.';
comment on column public.user_state_now.initiated_by is
  'Claim: who asked for it. CLI when nobody said so.';
comment on column public.user_state_now.initiator_id is
  'Claim: the key of the actor''s user. Null for jobs and SQL.';
comment on column public.user_state_now.impersonator is
  'Claim: who signed in as the actor.';
comment on column public.user_state_now.ip_address is
  'Claim: from which address. CLI when nobody said so.';
comment on column public.user_state_now.db_user is
  'Fact: the role that signed in to PostgreSQL.';
comment on column public.user_state_now.application_name is
  'Fact of the connection: the name that the program gave itself.';
comment on column public.user_state_now.client_addr is
  'Fact: the address that connected to PostgreSQL. Null: a local socket.';
comment on column public.user_state_now.transition is
  'The transition of the state machine. Null: they were made so, or it was an override.';
comment on column public.user_state_now.reason is
  'Claim: why.';
comment on column public.user_state_now.entry_id is
  'The entry that led to the state, in user_state_audit and user_state_timeline.';
