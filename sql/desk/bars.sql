-- Entries, lockouts and overrides of each day (UTC) with any, from :since up to :until. Where a window begins
-- or ends within a day that is archived, of its part of that day only what is kept.
--
--   psql -v since='2026-01-01' -v until='2026-02-01' -f sql/desk/bars.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads. Whole days are taken from user_state_daily, as far as it goes; the rest
-- is counted.

with given as materialized (
  select w.since, w.until,
         date_trunc('day', w.since at time zone 'UTC' + interval '1 day' - interval '1 microsecond')
           at time zone 'UTC' as first_whole,
         greatest(w.since, least(date_trunc('day', w.until at time zone 'UTC') at time zone 'UTC',
                                 d.end_day::timestamp at time zone 'UTC')) as last_whole
    from (select :'since'::timestamptz as since, :'until'::timestamptz as until) w
   cross join (select coalesce(max(day) + 1, '-infinity') as end_day from public.user_state_daily) d
),
kind as (
  select d.day, d.end_state, d.start_state, d.transition, d.entries
    from public.user_state_daily d
   where d.day >= (select (g.first_whole at time zone 'UTC')::date from given g)
     and d.day < (select (g.last_whole at time zone 'UTC')::date from given g)
  union all
  select (a.datetime at time zone 'UTC')::date, a.end_state, a.start_state, coalesce(a.transition, ''), 1
    from public.user_state_audit a
   where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
     and a.datetime < (select g.first_whole from given g)
  union all
  select (a.datetime at time zone 'UTC')::date, a.end_state, a.start_state, coalesce(a.transition, ''), 1
    from public.user_state_audit a
   where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
     and a.datetime >= (select greatest(g.first_whole, g.last_whole) from given g)
)
select k.day, sum(k.entries)::bigint as entries,
       coalesce(sum(k.entries) filter (where k.end_state = 'locked'
                                             and (k.start_state, k.transition) <> ('locked', 'forgotten')),
                0)::bigint as lockouts,
       coalesce(sum(k.entries) filter (where k.transition = '' and k.start_state <> 'new'
                                             and k.end_state <> 'deleted'), 0)::bigint as overrides
  from kind k
 group by k.day
 order by k.day;
