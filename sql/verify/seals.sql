-- Whether what was sealed is still what is there. One row for each finding.
--
-- Who runs it: verify.sql, after settings.sql; user_state.since narrows it, where it is set. Who
-- has signed the seals only verify_audit can tell: PostgreSQL knows no Ed25519. It finds all else
-- that this does, in one pass, without this file.
-- Why it is safe: it only reads.
-- docs/seals.md describes which seals count, which entries each takes, and what is hashed.

with recursive
seal as materialized (
  select s.number, s.format, p.receipt is not null as legible, p.*,
         p.upto = 9223372036854775807 as begins_epoch
    from public.user_state_seal s
   -- One pattern for all, and without groups: else it takes 30 ms for each. In a case, for nothing
   -- of what does not match it may be taken for a number.
   cross join lateral (
     select case
              when s.format = 2 and s.receipt ~ (
                '^user-state-seal v=2 site=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
                || ' number=[1-9][0-9]{0,18} at=[0-9]{4}-[0-9]{2}-[0-9]{2}T'
                || '[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z system=[0-9]{1,20}'
                || ' database=[0-9]{1,10} after=(?:0|[1-9][0-9]{0,18})'
                || ' from=(?:0|[1-9][0-9]{0,18}) upto=(?:0|[1-9][0-9]{0,18})'
                || ' lines=(?:0|[1-9][0-9]{0,18}) first=(?:0|[1-9][0-9]{0,18})'
                || ' last=(?:0|[1-9][0-9]{0,18}) root=[0-9a-f]{64} previous=[0-9a-f]{64}'
                || ' key=[0-9a-f]{16} signature=[0-9a-f]{128}$')
              then string_to_array(regexp_replace(s.receipt, ' [a-z]+=', ' ', 'g'), ' ')
            end as field
     offset 0) r
    left join lateral (
      select s.receipt, r.field[3] as site, r.field[5] as at, r.field[6] as system,
             r.field[8]::numeric as after, r.field[9]::numeric as start,
             r.field[10]::numeric as upto, r.field[11]::numeric as lines,
             r.field[12]::numeric as first, r.field[13]::numeric as last,
             r.field[14] as root, r.field[15] as previous,
             encode(sha256(convert_to(split_part(s.receipt, ' signature=', 1), 'UTF8')), 'hex')
               as digest
       where r.field[4] = s.number::text
         and greatest(r.field[8]::numeric, r.field[9]::numeric, r.field[10]::numeric,
                      r.field[11]::numeric, r.field[12]::numeric, r.field[13]::numeric)
             <= 9223372036854775807
    ) p on true
),

-- A seal that begins an epoch may step over those before it, to the one on which it follows. Told
-- from the newest on, so that what is void makes nothing void.
step as materialized (
  select e.number, coalesce(t.number, 0) as onto
    from seal e
    left join seal t on t.digest = e.previous and t.number < e.number
   where e.begins_epoch and (t.number is not null or e.previous = repeat('0', 64))
),
taken_step as (
  (select s.number, s.onto from step s order by s.number desc limit 1)
  union all
  select n.number, n.onto
    from taken_step k
   cross join lateral (
     select s.number, s.onto from step s where s.number <= k.onto order by s.number desc limit 1
   ) n
),
counted as materialized (
  select s.*, lag(s.number) over w as number_before,
         coalesce(lag(s.digest) over w,
                  case when lag(s.number) over w is null then repeat('0', 64) end) as digest_before,
         coalesce(max(s.after) filter (where s.begins_epoch)
                  over (w rows between unbounded preceding and 1 preceding), 0) as greatest_after
    from seal s
   where not exists (select from taken_step k where s.number > k.onto and s.number < k.number)
  window w as (order by s.number)
),

-- Epochs are counted by the seals that begin them; of the others, each begins where those before
-- it in its epoch end.
in_epoch as (
  select c.*, c.begins_epoch and c.start = 0 and c.after >= c.greatest_after as opens,
         count(*) filter (where c.begins_epoch and c.start = 0 and c.after >= c.greatest_after)
           over (order by c.number) as epoch
    from counted c
),
measured as (
  select i.*,
         coalesce(max(i.after) filter (where i.opens) over (partition by i.epoch), 0) as epoch_after,
         coalesce(max(i.upto) filter (where not i.begins_epoch)
                  over (partition by i.epoch order by i.number
                        rows between unbounded preceding and 1 preceding), 0) as reached
    from in_epoch i
),
placed as materialized (
  select m.*,
         coalesce(case when m.begins_epoch then m.opens
                       else m.start = m.reached and m.start <= m.upto
                        and m.after = m.epoch_after end, false) as is_placed
    from measured m
),
reach as materialized (
  select p.epoch, max(p.epoch_after) as after,
         greatest(max(p.epoch_after),
                  max(p.last) filter (where p.is_placed and not p.begins_epoch)) as mark,
         coalesce(max(p.upto) filter (where p.is_placed and not p.begins_epoch), 0) as horizon
    from placed p
   group by p.epoch
),
latest as materialized (
  select r.* from reach r order by r.epoch desc limit 1
),

-- What is archived: of some seals all entries; of others some, and in the place of these the nodes over the
-- largest subtrees that are gone. What is not as it was signed counts for nothing.
tombstone as materialized (
  select case when encode(sha256(convert_to(t.contents, 'UTF8')), 'hex')
                   = substring(t.receipt from ' contents=([0-9a-f]{64}) ')
              then t.contents::jsonb end as contents
    from public.user_state_archive t
),
whole as materialized (
  select (w.value ->> 0)::bigint as first, (w.value ->> 1)::bigint as last
    from tombstone t
   cross join jsonb_array_elements(t.contents -> 'whole') w
),
gone as materialized (
  select distinct (s.value ->> 'number')::bigint as number, (n.value ->> 0)::bigint as start,
         (n.value ->> 1)::bigint as size, decode(n.value ->> 2, 'hex') as hash
    from tombstone t
   cross join jsonb_array_elements(t.contents -> 'partly') s
   cross join jsonb_array_elements(s.value -> 'nodes') n
),
-- How many leaves are gone before those of which so many are there before.
shift as materialized (
  select g.number, (g.start - sum(g.size) over w + g.size)::bigint as present,
         (sum(g.size) over w)::bigint as gone
    from gone g
  window w as (partition by g.number order by g.start)
),
-- And what is kept, which a tombstone vouches for as a seal does.
kept as materialized (
  select t.until, t.last_id,
         coalesce(substring(t.receipt from ' kept=([0-9]{1,18}) ')::bigint, 0) as lines,
         coalesce(substring(t.receipt from ' root=([0-9a-f]{64}) '), '') as root
    from public.user_state_archive t
   order by t.number desc limit 1
),

-- Which entries a seal takes: of ids greater than low and up to high, those beyond mark, or of
-- transactions from start to before upto.
seal_range as materialized (
  select p.number, p.lines, p.first, p.last, p.root,
         p.at >= coalesce(
           to_char(nullif(current_setting('user_state.since', true), '')::timestamptz
                     at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '') as is_checked,
         case when p.begins_epoch then coalesce(b.after, 0) else p.after end as low,
         case when p.begins_epoch then p.after else coalesce(n.after, 9223372036854775807) end
           as high,
         case when p.begins_epoch then coalesce(b.mark, 0) else 9223372036854775807 end as mark,
         case when p.begins_epoch then coalesce(b.horizon, 0) else p.start end as start,
         case when p.begins_epoch then null else p.upto end as upto,
         exists (select from whole w where p.number between w.first and w.last) as is_whole,
         false as is_kept
    from placed p
    left join reach b on b.epoch = p.epoch - 1
    left join reach n on n.epoch = p.epoch + 1
   where p.is_placed
  union all
  select 0, k.lines, 0, k.last_id, k.root, true, 0, 9223372036854775807, 9223372036854775807,
         -9223372036854775808, null, false, true
    from kept k
),
span as materialized (
  select coalesce(min(r.first) filter (where r.is_checked and r.lines > 0),
                  least(max(r.last), 9223372036854775806) + 1)::bigint as first_id
    from seal_range r
   where not r.is_kept
  having count(*) > 0
),
taken as materialized (
  select r.number, a.id,
         row_number() over (partition by r.number order by a.id) - 1 as place,
         count(*) over (partition by r.number) as size,
         case when r.is_checked then
           sha256(decode('00', 'hex') || convert_to(array_to_json(array[
             a.id::text, a.user_id::text, a.start_state, a.end_state, a.transition,
             extract(epoch from a.datetime)::text, a.transaction_id::text,
             encode(case
               when octet_length(a.subject_salt) = 16 then
                 sha256(decode('02', 'hex') || a.subject_salt || convert_to(
                   array_to_json(array[a.username, a.reason])::text, 'UTF8'))
               when a.subject_salt is null and octet_length(a.subject_digest) = 32
                and a.username = 'erased' and a.reason is null then a.subject_digest
             end, 'hex'),
             encode(case
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
             end, 'hex')])::text, 'UTF8'))
         end as leaf
    from seal_range r
    join span s on r.last >= s.first_id or r.is_kept
   cross join lateral (
     select a.*
       from public.user_state_audit a
      where a.id between r.first::bigint and r.last::bigint
        and a.id > r.low and a.id <= r.high
        and (a.id > r.mark or a.transaction_id >= r.start)
        and (r.upto is null or a.transaction_id < r.upto)
        and ((a.datetime < (select k.until from kept k) and a.id <= (select k.last_id from kept k)) is true)
            = r.is_kept
   ) a
),
sized as materialized (
  select g.number, max(g.gone) + coalesce(max(t.present), 0) as size
    from (select s.number, max(s.gone) as gone from shift s group by s.number) g
    left join (select k.number, max(k.size) as present from taken k
                where k.number in (select s.number from shift s) group by k.number) t
      on t.number = g.number
   group by g.number
),

-- The Merkle trees of all seals, one level after the other: two nodes side by side become one, and
-- a last one without a partner goes up as it is. A node over what is gone waits for its level.
node as (
  select b.number, b.entries, b.entries as size, 0 as reached, b.level, b.place, b.hash
    from (
      select t.number,
             case when t.number in (select z.number from sized z)
                  then (select z.size from sized z where z.number = t.number) else t.size end as entries,
             0 as level,
             case when t.number in (select s.number from shift s)
                  then t.place + coalesce((select max(s.gone) from shift s
                                            where s.number = t.number and s.present <= t.place), 0)
                  else t.place end as place,
             t.leaf as hash
        from taken t
       where t.leaf is not null
      union all
      select g.number, z.size, l.level, g.start >> l.level, g.hash
        from gone g
        join sized z on z.number = g.number
       cross join lateral (select length(ltrim((g.size - 1)::bit(64)::text, '0')) as level) l
    ) b
  union all
  select l.number, l.entries, (l.size + 1) / 2, l.reached + 1, greatest(l.level, l.reached + 1),
         case when l.level > l.reached then l.place else l.place / 2 end,
         case when l.level > l.reached then l.hash
              else coalesce(sha256(decode('01', 'hex') || l.hash || l.beside), l.hash) end
    from (select n.*, lead(n.hash) over (partition by n.number, n.level order by n.place) as beside
            from node n
           where n.size > 1) l
   where l.level > l.reached or l.place % 2 = 0
),
-- Grouped and not joined, here and below: how many there are the planner can't know, and a loop in
-- a loop would take hours.
present as (
  select p.number, max(p.lines) as lines, max(p.first) as first, max(p.last) as last,
         max(p.root) as root,
         -- Where all is archived, whatever is there is more than that.
         coalesce(case when bool_or(p.is_whole) then sum(p.entries) else max(p.entries) end, 0) as size,
         coalesce(max(p.top), encode(sha256(''), 'hex')) as top
    from (select r.number, r.lines, r.first, r.last, r.root,
                 case when r.is_whole then r.lines end as entries,
                 case when r.is_whole then r.root end as top, r.is_whole
            from seal_range r
           where r.is_checked
          union all
          select n.number, null, null, null, null, n.entries, encode(n.hash, 'hex'), null
            from node n
           where n.size = 1) p
   group by p.number
),
late as (
  select a.id
    from public.user_state_audit a, span s, latest l
   where a.id >= s.first_id
     and (a.id <= l.after or a.transaction_id < l.horizon or a.transaction_id is null)
  except
  select t.id from taken t
   order by 1
   limit 100
),

finding as (
  select 'seal ' || p.number as object, null::bigint as user_id, null::bigint as entry_id,
         f.detail
    from placed p
   cross join lateral (
     select case when p.number_before is null then 'is no first'
                 else 'follows on seal ' || p.number_before end as detail
      where p.number <> coalesce(p.number_before, 0) + 1 and p.begins_epoch is not true
     union all
     select case p.format when 2 then 'can''t be read' else 'is of the format ' || p.format end
      where not p.legible
     union all
     select 'is not chained to the seal before it'
      where p.legible and p.previous is distinct from p.digest_before
     union all
     select 'is of another site, ' || p.site
      where p.legible and p.site is distinct from coalesce(
              (select s.site::text from public.user_state_site s where s.number = 1), 'unknown')
     union all
     select 'does not begin where the seals before it end' where p.legible and not p.is_placed
   ) f
  union all
  select case p.number when 0 then 'table user_state_audit_kept' else 'seal ' || p.number end, null, null,
         case when p.number = 0
              then 'is not what was kept: ' || p.lines || ' entries; now there are ' || p.size
              when p.size <> p.lines
              then 'sealed ' || p.lines || ' entries between ' || p.first || ' and ' || p.last
                   || '; now there are ' || p.size
              else 'is broken: the entries between ' || p.first || ' and ' || p.last
                   || ' are not what they were' end
    from present p
   where p.size <> p.lines or p.top <> p.root
  union all
  select 'entry ' || a.id, a.user_id, a.id,
         'says that it is of a transaction that was sealed without it: written later, or since a'
         ' restore'
    from public.user_state_audit a
    join late l on l.id = a.id
  union all
  (select 'entry ' || a.id, a.user_id, a.id,
          'says that it is of a transaction that has not been yet: forged, or of another server'
     from public.user_state_audit a, latest l
    where a.id > l.after
      and a.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      and (select c.system_identifier::text from pg_control_system() c)
          = (select p.system from placed p where p.is_placed order by p.number desc limit 1)
    order by a.id limit 100)
)
select 'seal' as kind, f.object, f.user_id, f.entry_id, f.detail from finding f;
