-- What was erased without an entry that records it, and what such an entry records and is not so; and what
-- has no salt, though it was not erased. One row for each.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql. user_state.since, a time, narrows it.
-- Why it is safe: it only reads, and all of it in one snapshot.
--
-- A record is a later entry of the user, from a state to the same, by the transition forgotten. Of whom an
-- entry is, it says still where its subject was erased. Where its actor was, that is gone: so as many as
-- all later records account for may be erased, and none more; and of all, as many as all records account
-- for, those that are archived included, which the newest tombstone counts.
-- A part that was erased says so in its columns, and has a digest of 32 bytes; any other has a salt of 16.

with asked as materialized (
  select coalesce(nullif(current_setting('user_state.since', true), '')::timestamptz, '-infinity') as since
),
concerned as materialized (
  select a.id, a.user_id, a.subject_digest is not null as is_subject_erased,
         a.actor_digest is not null as is_actor_erased,
         a.start_state = a.end_state and a.transition = 'forgotten' as is_record,
         (octet_length(a.subject_salt) = 16
          or (a.subject_salt is null and octet_length(a.subject_digest) = 32
              and a.username = 'erased' and a.reason is null)) is true
         and
         (octet_length(a.actor_salt) = 16
          or (a.actor_salt is null and octet_length(a.actor_digest) = 32
              and a.initiated_by = 'erased' and a.initiator_id is null and a.impersonator is null
              and a.ip_address = 'erased' and a.request_id is null and a.db_user = 'erased'
              and a.application_name is null and a.client_addr is null)) is true as is_whole,
         substring(a.reason from '^[0-9]{1,18} as subject, ([0-9]{1,18}) as actor: ')::numeric as as_actor
    from public.user_state_audit a
   where a.datetime >= (select k.since from asked k)
     and (a.subject_digest is not null or a.actor_digest is not null or a.transition = 'forgotten'
          or (octet_length(a.subject_salt) = 16 and octet_length(a.actor_salt) = 16) is not true)
),
-- From the newest on: what the records so far account for, less what was erased.
balance as (
  select c.*, sum(case when c.is_record then coalesce(c.as_actor, 0) else 0 end
                  - c.is_actor_erased::integer) over (order by c.id desc) as accounted_for
    from concerned c
),
total as (
  select coalesce(sum(c.as_actor), 0) as recorded,
         count(*) filter (where c.is_actor_erased)
           + coalesce((select substring(t.receipt from ' erased=([0-9]{1,18}) ')::bigint
                         from public.user_state_archive t order by t.number desc limit 1), 0) as erased
    from concerned c
),
record as materialized (
  select c.user_id, max(c.id) as last_id
    from concerned c
   where c.is_record and c.as_actor is not null
   group by c.user_id
)
select 'entry' as kind, 'entry ' || c.id as object, c.user_id, c.id as entry_id,
       'has a part with neither a salt of 16 bytes nor the digest of what was erased' as detail
  from concerned c
 where not c.is_whole
union all
select 'erased', 'entry ' || c.id, c.user_id, c.id,
       'is erased about its subject, and no later entry records why'
  from concerned c
  left join record r on r.user_id = c.user_id
 where c.is_subject_erased and c.id < r.last_id is not true
union all
select 'erased', 'entry ' || b.id, b.user_id, b.id,
       'is erased about its actor, which no later entry accounts for'
  from balance b
 where b.is_actor_erased and b.accounted_for < 0
union all
select 'erased', 'entries', null, null,
       format('of %s the actor is erased, and the records of who was forgotten account for %s',
              t.erased, t.recorded)
  from total t
 where t.erased <> t.recorded and (select k.since from asked k) = '-infinity'
   and not exists (select 1 from balance b where b.is_actor_erased and b.accounted_for < 0)
union all
select 'erased', 'entry ' || c.id, c.user_id, c.id,
       'records that a user was forgotten, but not how many entries were erased'
  from concerned c
 where c.is_record and c.as_actor is null
union all
select 'erased', 'entry ' || a.id, a.user_id, a.id,
       'tells of its subject, who was forgotten later: run forget_user again'
  from record r
  join public.user_state_audit a on a.user_id = r.user_id and a.id < r.last_id
 where a.datetime >= (select k.since from asked k)
   and a.subject_salt is not null
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
union all
select 'erased', 'entry ' || a.id, a.user_id, a.id,
       'tells of its actor, who was forgotten later: run forget_user again'
  from record r
  join public.user_state_audit a on a.initiator_id = r.user_id and a.id < r.last_id
 where a.datetime >= (select k.since from asked k)
   and a.actor_salt is not null
union all
select 'erased', 'entry ' || a.id, a.user_id, a.id,
       'tells from where its subject, who was forgotten later, came: run forget_user again'
  from record r
  join public.user_state_audit a on a.user_id = r.user_id and a.id < r.last_id
 where a.datetime >= (select k.since from asked k)
   and a.actor_salt is not null
   -- As in forget.sql.
   and a.initiator_id is null and a.ip_address <> 'CLI' and a.initiated_by ~ '^(anonymous$|system:)'
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
 order by entry_id;
