-- desk_event: what happened to whom and when, over ten years until now, from which desk_month.sql makes
-- entries. Always the same for the same number of entries, but for the date.
--
-- Who runs it: desk.py, as the owner of a temporary database. Settings: desk.entries, how many
-- to make, and desk.years, of history.
--
-- The number of users is a fiftieth of it. Each has a history of 2 to 98 changes, one of them of 10,000;
-- the time between their first day and now is divided evenly, and each change falls somewhere into its
-- part. Half of the users are in a part with an even number when the mass change comes; those it hits.

create function desk_hash(bigint, bigint) returns bigint
language sql immutable parallel safe
return hashint8extended($1, $2) & 2147483647;

-- The state that a change leads to: active after every second one. One change in a hundred of the others
-- leads back to invited, which is an override; of the users, one in twenty is gone in the end.
create function desk_state(id bigint, number integer, changes integer, mass_number integer) returns text
language sql immutable parallel safe
return case
  when number = 0 then 'invited'
  when number = mass_number then 'deactivated'
  when number = changes - 1 and id % 20 = 0 then 'deleted'
  when number % 2 = 1 then 'active'
  when desk_hash(id * 16384 + number, 5) % 100 = 0 then 'invited'
  when number % 6 = 0 then 'deactivated'
  else 'locked' end;

create table desk_user as
select u.n as id, 'user' || u.n as username, u.changes, u.since, u.until, u.mass,
       nullif(part.number, 0) as mass_number
  from (select n, until, until - interval '20 days' as mass,
               case when n = 1 then least(10000, entries / 10)
                    else 2 + desk_hash(n, 1) % 97 end::integer as changes,
               until - years
                 + case when n = 1 then 0 else desk_hash(n, 2) / 2147483648.0 end * (years - interval '1 year')
                 as since
          from (values (current_setting('desk.entries')::bigint, date_trunc('hour', now()),
                       make_interval(years => current_setting('desk.years')::integer)))
                 as given (entries, until, years)
         cross join generate_series(1, entries / 50) n) u
 cross join lateral (
   select floor(extract(epoch from u.mass - u.since) / extract(epoch from u.until - u.since)
                * u.changes)::integer) as slot (number)
 cross join lateral (select case slot.number % 2 when 0 then slot.number end) as part (number);

set work_mem = '1GB';
create unlogged table desk_event as
select row_number() over (order by e.moment, e.id) as entry, e.*
  from (select u.id, k as number,
               case when k = u.mass_number then u.mass
                    else u.since + (u.until - u.since)
                         * ((k + 0.1 + 0.8 * desk_hash(u.id * 16384 + k, 3) / 2147483648.0) / u.changes)
               end as moment
          from desk_user u
         cross join generate_series(0, u.changes - 1) k) e;

reset work_mem;
create index on desk_event (moment);
analyze desk_user, desk_event;
