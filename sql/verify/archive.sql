-- Whether what is archived is what the tombstones of user_state_archive say, each chained to the one
-- before. One row for each finding.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql. Who has signed them only verify_audit can
-- tell; which entries of which seals are archived, and what is kept, seals.sql looks at.
-- Why it is safe: it only reads.

with tombstone as materialized (
  select t.*, r.field[3] as site, r.field[13] as days, r.field[14] as digest, r.field[15] as previous,
         r.field is not null as legible,
         (t.number::text, t.last_id::text,
          to_char(t.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          to_char(t.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
           is distinct from (r.field[4], r.field[9], r.field[6], r.field[7]) as is_other,
         lag(t.number, 1, 0::bigint) over w as number_before,
         coalesce(lag(encode(sha256(convert_to(split_part(t.receipt, ' signature=', 1), 'UTF8')), 'hex'))
                    over w, repeat('0', 64)) as digest_before,
         coalesce(t.until <= lag(t.until) over w or t.last_id < lag(t.last_id) over w
                  or t.since > lag(t.since) over w, false) as is_less,
         t.number = max(t.number) over () as is_last
    from public.user_state_archive t
   cross join lateral (
     select case when t.receipt ~ (
              '^user-state-archive v=1 site=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
              || ' number=[1-9][0-9]{0,18} at=[0-9]{4}-[0-9]{2}-[0-9]{2}T'
              || '[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z since=[0-9]{4}-[0-9]{2}-01T00:00:00Z'
              || ' until=[0-9]{4}-[0-9]{2}-01T00:00:00Z entries=(?:0|[1-9][0-9]{0,18})'
              || ' last=(?:0|[1-9][0-9]{0,18}) kept=(?:0|[1-9][0-9]{0,18})'
              || ' erased=(?:0|[1-9][0-9]{0,18}) root=[0-9a-f]{64}'
              || ' days=[0-9a-f]{64} contents=[0-9a-f]{64} previous=[0-9a-f]{64}'
              || ' key=[0-9a-f]{16} signature=[0-9a-f]{128}$')
            then string_to_array(regexp_replace(t.receipt, ' [a-z]+=', ' ', 'g'), ' ') end as field) r
  window w as (order by t.number)
),
last as (
  select t.since, t.until, t.days from tombstone t where t.is_last
),
kept as (
  select (select pg_get_expr(c.relpartbound, c.oid)
            from pg_inherits i
            join pg_class c on c.oid = i.inhrelid
           where i.inhparent = to_regclass('public.user_state_audit')
             and c.oid = to_regclass('public.user_state_audit_kept')) as present,
         (select format('FOR VALUES FROM (%L) TO (%L)', l.since, l.until) from last l) as expected
),
-- As in archive/days.sql.
days as (
  select encode(sha256(convert_to(coalesce(string_agg(d.line, ',' order by d.line collate "C"), ''),
                                  'UTF8')), 'hex') as digest
    from (select array_to_json(array[to_char(k.day, 'YYYY-MM-DD'), k.start_state, k.end_state,
                                     k.transition, sum(k.entries)::text])::text as line
            from public.user_state_daily k
           where k.day < (select l.until at time zone 'UTC' from last l)
           group by k.day, k.start_state, k.end_state, k.transition) d
)
select 'archive' as kind, 'archive ' || t.number as object, null::bigint as user_id,
       null::bigint as entry_id, f.detail
  from tombstone t
  join lateral (values
    (not t.legible, 'can''t be read'),
    (t.legible and t.is_other, 'says otherwise in its columns than in its receipt'),
    (t.legible and t.digest <> encode(sha256(convert_to(t.contents, 'UTF8')), 'hex'),
     'has other contents than were signed'),
    (t.number <> t.number_before + 1,
     case t.number_before when 0 then 'is no first' else 'follows on archive ' || t.number_before end),
    (t.legible and t.previous <> t.digest_before, 'is not chained to the one before it'),
    (t.is_less, 'archives less than the one before it'),
    (t.legible and t.site is distinct from (
       select s.site::text from public.user_state_site s where s.number = 1),
     'is of another site, ' || t.site)) as f (is_wrong, detail) on f.is_wrong
union all
select 'archive', 'table user_state_audit_kept', null, null,
       case when k.expected is null then 'is there, and nothing is archived: a tombstone was removed'
            when k.present is null then 'is missing, where the last entries of archived months are kept'
            else 'is of other months than are archived: ' || k.present end
  from kept k
 where k.present is distinct from k.expected
union all
select 'archive', 'table user_state_daily', null, null,
       format('is not as it was before %s, of which the entries are archived',
              to_char(l.until at time zone 'UTC', 'YYYY-MM-DD'))
  from last l, days d
 where l.days is distinct from d.digest;
