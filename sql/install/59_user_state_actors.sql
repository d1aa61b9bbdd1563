-- user_state_actors(): who changed states, by the claim and by the facts beside it: the busiest first.
--
--   select * from user_state_actors(now() - interval '30 days') limit 20;
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- Of a window that begins where the entries are archived, there is no row.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_actors(
  since timestamptz, until timestamptz default 'infinity'
)
returns table (initiated_by text, initiator_id bigint, db_user text, application_name text,
               entries bigint, users bigint, overrides bigint, first timestamptz, last timestamptz)
language sql
stable
security invoker
parallel safe
as $function$
  select a.initiated_by, a.initiator_id, a.db_user, a.application_name, count(*),
         count(distinct a.user_id),
         count(*) filter (where a.transition is null and a.start_state <> 'new'
                                and a.end_state <> 'deleted'),
         min(a.datetime), max(a.datetime)
    from public.user_state_audit a
   where a.datetime >= since and a.datetime < until
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
     and since >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
   group by a.initiated_by, a.initiator_id, a.db_user, a.application_name
   order by count(*) desc, a.initiated_by, a.initiator_id, a.db_user, a.application_name
$function$;

comment on function public.user_state_actors(timestamptz, timestamptz) is
  'Who changed states: the claim, the facts beside it, how many entries, users and overrides, and when.';
