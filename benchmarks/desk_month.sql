-- Writes the entries of one month, as the trigger would have written them. Their keys are in the order
-- of time whichever month is written first.
--
-- Who runs it: desk.py, as the owner, after desk_events.sql. Settings: desk.since and desk.until.

with event as (
  select e.entry, e.id, e.number, e.moment, u.username,
         case e.number when 0 then 'new'
                       else desk_state(e.id, e.number - 1, u.changes, u.mass_number) end as start_state,
         desk_state(e.id, e.number, u.changes, u.mass_number) as end_state,
         e.moment = u.mass as is_mass,
         desk_hash(e.id * 16384 + e.number, 4) as dice
    from desk_event e
    join desk_user u using (id)
   where e.moment >= current_setting('desk.since')::timestamptz
     and e.moment < current_setting('desk.until')::timestamptz
),
acting as (
  select e.*, t.name as transition,
         case
           when e.is_mass or e.dice % 4000 = 0 then 'dba'
           when e.end_state = 'locked' and e.dice % 5 > 0 then 'lockout'
           when e.end_state = 'active' and e.dice % 10 < 7 then 'self'
           when e.end_state = 'deactivated' and e.dice % 10 < 4 or e.dice % 50 = 0 then 'job'
           else 'person' end as kind
    from event e
    left join public.user_state_transition t
      on t.start_state = e.start_state and t.end_state = e.end_state
)
insert into public.user_state_audit
  (id, username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition, reason,
   request_id, initiator_id, db_user, application_name, client_addr, transaction_id, subject_salt,
   actor_salt)
overriding system value
select a.entry, a.username,
       case a.kind when 'dba' then 'CLI' when 'lockout' then 'system:lockout' when 'self' then a.username
                   when 'job' then (array['nightly-cleanup', 'hr-import', 'contract-end'])[1 + a.dice % 3]
                   else 'manager' || a.dice % 50 end,
       a.start_state, a.end_state, a.moment,
       case when a.kind in ('dba', 'job') then 'CLI'
            when a.kind = 'person' then '203.0.113.' || a.dice % 50
            -- A fifth of the lockouts comes from a few addresses.
            when a.kind = 'lockout' and a.dice % 25 < 5 then '198.51.100.' || a.dice % 20
            else host('10.0.0.0'::inet + a.id + a.dice % 3) end,
       a.id, a.transition,
       case a.kind when 'lockout' then 'too many wrong passwords' when 'job' then 'contract has ended'
                   when 'person' then 'ticket ' || a.dice % 100000 end,
       case when a.kind not in ('dba', 'job') then md5(a.id || '.' || a.number) end,
       case a.kind when 'self' then a.id when 'person' then 2 + a.dice % 50 end,
       case when a.kind <> 'dba' then 'web'
            else (array['dba_peter', 'dba_vera'])[1 + a.is_mass::integer] end,
       case when a.kind <> 'dba' then 'user-state-audit' else 'psql' end,
       case when a.kind <> 'dba' then inet '192.0.2.10' end,
       (extract(epoch from a.moment) * 1000)::bigint,
       substr(sha256(int8send(a.dice)), 1, 16), substr(sha256(int8send(a.dice)), 17, 16)
  from acting a
 order by a.entry;
