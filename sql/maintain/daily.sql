-- Counts the entries of each day that has ended and is not in user_state_daily yet. Sets
-- user_state.counted, the last day that was counted, or '' where there was none.
--
-- Who runs it: maintain_audit, or sql/maintain.sql, after settled.sql. Needs to be a member of the owner
-- of the audit.
-- Why it is safe: it keeps nobody from reading, and only another one of its kind from writing. All
-- days are counted in one transaction: if it is broken off, it begins again.

lock table public.user_state_daily in share row exclusive mode;

with bounds as materialized (
  select coalesce(max(d.day) + 1, '-infinity') as first_day,
         (nullif(current_setting('user_state.settled'), '')::timestamptz at time zone 'UTC')::date
           as end_day
    from public.user_state_daily d
),
counted as (
  insert into public.user_state_daily
    (day, start_state, end_state, transition, actor_claimed, db_user, application_name, entries)
  select (a.datetime at time zone 'UTC')::date, a.start_state, a.end_state, coalesce(a.transition, ''),
         a.initiated_by <> 'CLI', a.db_user, coalesce(a.application_name, ''), count(*)
    from public.user_state_audit a
   where a.datetime > '-infinity'
     and a.datetime >= (select b.first_day::timestamp at time zone 'UTC' from bounds b)
     and a.datetime < (select b.end_day::timestamp at time zone 'UTC' from bounds b)
   group by 1, 2, 3, 4, 5, 6, 7
  returning day
)
select set_config('user_state.counted', coalesce(max(c.day)::text, ''), true) is not null as is_set
  from counted c;
