-- How many users were in each state at :moment: those who came into it, less those who left it. No row
-- where the entries of then are archived.
--
--   psql -v moment='2026-01-31 12:00+00' -f sql/desk/at_counts.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads. Whole days are taken from user_state_daily, as far as it goes; the rest
-- is counted.

with given as materialized (
  select least((:'moment'::timestamptz at time zone 'UTC')::date, coalesce(max(d.day) + 1, '-infinity'))
           as end_day
    from public.user_state_daily d
),
moved as (
  select s.state, s.users
    from public.user_state_daily d
   cross join lateral (values (d.end_state, d.entries), (d.start_state, -d.entries)) as s (state, users)
   where d.day < (select g.end_day from given g)
  union all
  select s.state, s.users
    from public.user_state_audit a
   cross join lateral (values (a.end_state, 1), (a.start_state, -1)) as s (state, users)
   where a.datetime <= :'moment'::timestamptz
     and a.datetime >= (select g.end_day::timestamp at time zone 'UTC' from given g)
)
select m.state, sum(m.users)::bigint as users
  from moved m
 where m.state not in ('new', 'deleted')
   and :'moment'::timestamptz >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
 group by m.state
having sum(m.users) <> 0
 order by m.state;
