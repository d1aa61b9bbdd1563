-- Forgets the user user_state.user_id: erases the subject's part of their entries, and the actor's part
-- of those in which they were the actor, and leaves the hashes of what was there. user_state.reason says
-- why. One row: the id of the entry that records it, null where there was nothing to erase; how many entries
-- were erased of each kind; and what the user was called, for the record must not say so.
--
-- Who runs it: forget_user, in a transaction of its own, which is read committed. Needs to be a member of
-- user_state_audit_owner.
-- Why it is safe: the guards of the audit allow nothing else (install/30_refuse_all_but_erasure.sql), and
-- all of it is done in one statement, with the entry that says so. Nobody who changes a state waits, but who
-- changes that of this user: what else is locked are old entries, and what maintain_audit writes.
--
-- Whose entry it is, as an actor, their key says: initiator_id. An entry without one, and an impersonator,
-- have only a name. That is theirs from one moment at which they are known to be called so to the next, where
-- nobody else is known to be in between, nor they otherwise: what might be of somebody else is left. Where a
-- system or nobody who is signed in has changed them from an address, as after wrong passwords, it is
-- theirs, most likely.

with asked as materialized (
  select current_setting('user_state.user_id')::bigint as user_id
),
-- Who is known to be called what: the subject of an entry, an actor who has a key, and who has an account,
-- after all entries. A key is a claim, and sure only where the application has signed in.
called as not materialized (
  select a.username as name, a.user_id, a.id, true as is_sure
    from public.user_state_audit a
   where a.subject_digest is null
   union all
  select a.initiated_by, a.initiator_id, a.id,
         a.db_user = any ((select public.user_state_roles())::text[])
    from public.user_state_audit a
   where a.initiator_id is not null
   union all
  select u.username::text, u.id::bigint, 9223372036854775807, true
    from public.accounts_user u
),
theirs as materialized (
  select c.name, c.id
    from called c
   where c.user_id = (select k.user_id from asked k) and c.is_sure
     -- Whom the audit calls so is no user.
     and c.name <> '#' || c.user_id
     and c.name !~* '^(cli|anonymous|unknown|unreadable|system:.*)$'
),
name as materialized (
  select distinct t.name from theirs t
),
others as materialized (
  select c.name, c.id
    from called c
   where c.name = any (array(select n.name from name n))
     and c.user_id <> (select k.user_id from asked k)
),
-- What says of each name whether it was theirs, in order. An entry that an earlier run has erased does not any
-- more: the last of them counts for the names that nobody else had before it, so that what was written
-- since is theirs.
moment as (
  select m.name, m.id, bool_and(m.is_theirs) as is_theirs
    from (select n.name, t.id, t.name = n.name as is_theirs
            from name n
           cross join theirs t
           union all
          select o.name, o.id, false
            from others o
           union all
          select n.name, e.id, true
            from name n
           cross join (select a.id
                         from public.user_state_audit a
                        where a.user_id = (select k.user_id from asked k) and a.subject_digest is not null
                        order by a.id desc
                        limit 1) e
           where not exists (select from others o where o.name = n.name and o.id < e.id)) m
   group by m.name, m.id
),
borne as materialized (
  select r.name, min(r.id) as first_id, max(r.id) as last_id
    from (select m.*, count(*) filter (where not m.is_theirs) over (partition by m.name order by m.id) as run
            from moment m) r
   where r.is_theirs
   group by r.name, r.run
),
found as materialized (
  select f.id, f.datetime, f.start_state, f.end_state, coalesce(f.transition, '') as transition,
         f.initiated_by <> 'CLI' as actor_claimed, f.db_user,
         coalesce(f.application_name, '') as application_name, f.is_subject, f.is_actor
    from (
      select a.*,
             a.user_id = k.user_id and octet_length(a.subject_salt) = 16
             -- The record of an earlier time stays.
             and (a.start_state = a.end_state and a.transition = 'forgotten') is not true as is_subject,
             octet_length(a.actor_salt) = 16
             and (a.initiator_id = k.user_id
                  -- As in verify/erased.sql.
                  or a.user_id = k.user_id and a.initiator_id is null and a.ip_address <> 'CLI'
                     and a.initiated_by ~ '^(anonymous$|system:)'
                     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
                  or exists (select from borne b
                              where (a.initiator_id is null and b.name = a.initiated_by
                                     or b.name = a.impersonator)
                                and a.id between b.first_id and b.last_id)) as is_actor
        from public.user_state_audit a
       cross join asked k
       where a.user_id = k.user_id
          or a.initiator_id = k.user_id
          or a.initiated_by = any (array(select n.name from name n))
          or a.impersonator = any (array(select n.name from name n))
    ) f
   where f.is_subject or f.is_actor
),
erased as (
  update public.user_state_audit a
     set username       = case when f.is_subject then 'erased' else a.username end,
         reason         = case when f.is_subject then null else a.reason end,
         subject_salt   = case when f.is_subject then null else a.subject_salt end,
         subject_digest = case when f.is_subject then
           sha256(decode('02', 'hex') || a.subject_salt || convert_to(
             array_to_json(array[a.username, a.reason])::text, 'UTF8')) else a.subject_digest end,
         initiated_by     = case when f.is_actor then 'erased' else a.initiated_by end,
         initiator_id     = case when f.is_actor then null else a.initiator_id end,
         impersonator     = case when f.is_actor then null else a.impersonator end,
         ip_address       = case when f.is_actor then 'erased' else a.ip_address end,
         request_id       = case when f.is_actor then null else a.request_id end,
         db_user          = case when f.is_actor then 'erased' else a.db_user end,
         application_name = case when f.is_actor then null else a.application_name end,
         client_addr      = case when f.is_actor then null else a.client_addr end,
         actor_salt       = case when f.is_actor then null else a.actor_salt end,
         actor_digest     = case when f.is_actor then
           sha256(decode('03', 'hex') || a.actor_salt || convert_to(
             array_to_json(array[
               a.initiated_by, a.initiator_id::text, a.impersonator, a.ip_address, a.request_id,
               a.db_user, a.application_name, a.client_addr::text])::text, 'UTF8'))
           else a.actor_digest end
    from found f
   where a.id = f.id and a.datetime = f.datetime
),
carried as (
  update public.user_state_carried c
     set username = 'erased'
   where c.user_id = (select k.user_id from asked k)
     and c.entry_id in (select f.id from found f where f.is_subject)
),
-- What is counted is counted otherwise now. An entry that a wrong clock has dated into a day after that was
-- counted is not among it, so no more than was counted is taken away.
uncounted as materialized (
  select d.day, d.start_state, d.end_state, d.transition, d.actor_claimed, d.db_user, d.application_name,
         least(d.entries, count(*)) as entries
    from found f
    join public.user_state_daily d
      on (d.day, d.start_state, d.end_state, d.transition, d.actor_claimed, d.db_user, d.application_name)
         = ((f.datetime at time zone 'UTC')::date, f.start_state, f.end_state, f.transition,
            f.actor_claimed, f.db_user, f.application_name)
   where f.is_actor
   group by 1, 2, 3, 4, 5, 6, 7, d.entries
),
recounted as materialized (
  select u.day, u.start_state, u.end_state, u.transition, k.actor_claimed, k.db_user, k.application_name,
         sum(k.entries) as entries
    from uncounted u
   cross join lateral (values (u.actor_claimed, u.db_user, u.application_name, -u.entries),
                              (true, 'erased', '', u.entries))
           as k (actor_claimed, db_user, application_name, entries)
   group by 1, 2, 3, 4, 5, 6, 7
),
none_left as (
  select r.day, r.start_state, r.end_state, r.transition, r.actor_claimed, r.db_user, r.application_name
    from recounted r
    join public.user_state_daily d
   using (day, start_state, end_state, transition, actor_claimed, db_user, application_name)
   where d.entries + r.entries = 0
),
emptied as (
  delete from public.user_state_daily d
   using none_left n
   where (d.day, d.start_state, d.end_state, d.transition, d.actor_claimed, d.db_user,
          d.application_name)
         = (n.day, n.start_state, n.end_state, n.transition, n.actor_claimed, n.db_user,
            n.application_name)
),
counted as (
  insert into public.user_state_daily as d
    (day, start_state, end_state, transition, actor_claimed, db_user, application_name, entries)
  select r.*
    from recounted r
   where (r.day, r.start_state, r.end_state, r.transition, r.actor_claimed, r.db_user,
          r.application_name) not in (select * from none_left)
  on conflict (day, start_state, end_state, transition, actor_claimed, db_user, application_name)
     do update set entries = d.entries + excluded.entries
),
total as materialized (
  select count(*) filter (where f.is_subject) as as_subject,
         count(*) filter (where f.is_actor) as as_actor
    from found f
),
-- No change of state: from the present one to the same.
record as (
  insert into public.user_state_audit
    (username, initiated_by, start_state, end_state, datetime, ip_address, user_id,
     transition, reason, request_id, initiator_id, impersonator, db_user, application_name,
     client_addr, transaction_id, subject_salt, actor_salt)
  select '#' || k.user_id, coalesce(nullif(left(current_setting('app.user', true), 300), ''), 'CLI'),
         s.state, s.state, clock_timestamp(),
         coalesce(nullif(left(current_setting('app.ip', true), 64), ''), 'CLI'), k.user_id, 'forgotten',
         format('%s as subject, %s as actor: %s', t.as_subject, t.as_actor,
                current_setting('user_state.reason')),
         nullif(left(current_setting('app.request_id', true), 200), ''),
         substring(current_setting('app.user_id', true) from '^[0-9]{1,18}$')::bigint,
         nullif(left(current_setting('app.impersonator', true), 300), ''),
         session_user, current_setting('application_name', true), inet_client_addr(),
         pg_current_xact_id()::text::bigint, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
    from total t
   cross join asked k
   cross join lateral (
     select coalesce((select f.current_state from public.user_fsm f where f.user_id = k.user_id),
                     'deleted') as state) s
   where t.as_subject + t.as_actor > 0
  returning id
)
select (select r.id from record r) as record, t.as_subject, t.as_actor,
       array(select n.name from name n) as names
  from total t;
