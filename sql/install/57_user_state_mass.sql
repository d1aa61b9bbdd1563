-- user_state_mass(): the statements that changed many users, the newest first.
--
--   select * from user_state_mass(now() - interval '30 days', 100);
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- All entries of a statement have one transaction and one moment. The moment alone is looked for first, for
-- that can be done in the index of the primary key. A join then takes each entry once, however many moments
-- there are; between the first and the last of them, the entries are found by their index.
-- Entries are counted, what forget_user wrote too: a user counts twice whom one statement changed twice.
-- Of a window that begins where the entries are archived, there is no row.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_mass(
  since timestamptz, at_least bigint default 100, until timestamptz default 'infinity'
)
returns table (transaction_id bigint, datetime timestamptz, users bigint, first_id bigint, last_id bigint,
               changes text[], initiated_by text, db_user text, application_name text)
language sql
stable
security invoker
parallel safe
as $function$
  with moment as materialized (
    select a.datetime
      from public.user_state_audit a
     where a.datetime >= since and a.datetime < until
     group by a.datetime
    having count(*) >= at_least
  )
  select a.transaction_id, a.datetime, count(*), min(a.id), max(a.id),
         array_agg(distinct a.start_state || ' ' || a.end_state),
         min(a.initiated_by), min(a.db_user), min(a.application_name)
    from public.user_state_audit a
    join moment m on m.datetime = a.datetime
   where a.datetime >= since and a.datetime < until
     and a.datetime between (select min(m.datetime) from moment m) and (select max(m.datetime) from moment m)
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
     and since >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
   group by a.transaction_id, a.datetime
  having count(*) >= at_least
   order by a.datetime desc, a.transaction_id desc
$function$;

comment on function public.user_state_mass(timestamptz, bigint, timestamptz) is
  'The statements that changed at least so many users; what all their entries have in common, once.';
