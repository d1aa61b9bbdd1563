-- Days of user_state_daily that are not as the entries are. One row for each.
--
-- Who runs it: verify_audit and verify.sql, after settings.sql. user_state.since, a time, narrows it. Of
-- days whose entries are archived the last tombstone has the digest: see archive.sql.
-- Why it is safe: it only reads, and all of it in one snapshot.

with bounds as materialized (
  select coalesce(greatest((nullif(current_setting('user_state.since', true), '')::timestamptz
                              at time zone 'UTC')::date,
                           (select max(t.until) at time zone 'UTC'
                              from public.user_state_archive t)::date), '-infinity') as first_day,
         max(d.day) as last_day
    from public.user_state_daily d
),
-- As in maintain/daily.sql.
entries as (
  select (a.datetime at time zone 'UTC')::date as day, a.start_state, a.end_state,
         coalesce(a.transition, '') as transition, a.initiated_by <> 'CLI' as actor_claimed, a.db_user,
         coalesce(a.application_name, '') as application_name, count(*) as entries
    from public.user_state_audit a
   where a.datetime > '-infinity'
     and a.datetime >= (select b.first_day::timestamp at time zone 'UTC' from bounds b)
     and a.datetime < (select (b.last_day + 1)::timestamp at time zone 'UTC' from bounds b)
   group by 1, 2, 3, 4, 5, 6, 7
),
counted as (
  select d.*
    from public.user_state_daily d
   where d.day >= (select b.first_day from bounds b)
)
select 'day' as kind, 'day ' || day as object, null::bigint as user_id, null::bigint as entry_id,
       format('is not counted as it was: its entries are %s, counted were %s',
              coalesce(sum(e.entries), 0), coalesce(sum(c.entries), 0)) as detail
  from entries e
  full join counted c using (day, start_state, end_state, transition, actor_claimed, db_user,
                             application_name)
 group by day
having bool_or(c.entries is distinct from e.entries)
 order by day;
