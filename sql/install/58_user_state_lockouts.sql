-- user_state_lockouts(): from which addresses users were locked, how often, and how many: the most first.
--
--   select * from user_state_lockouts(now() - interval '30 days') limit 20;
--
-- Who runs it: the desk, and members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- Where the actor was erased, so was the address: all of those are one, which is called erased.
-- Of a window that begins where the entries are archived, there is no row.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_lockouts(
  since timestamptz, until timestamptz default 'infinity'
)
returns table (ip_address text, lockouts bigint, users bigint, last timestamptz)
language sql
stable
security invoker
parallel safe
as $function$
  select a.ip_address, count(*), count(distinct a.user_id), max(a.datetime)
    from public.user_state_audit a
   where a.datetime >= since and a.datetime < until
     and a.end_state = 'locked'
     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
     and since >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
   group by a.ip_address
   order by count(*) desc, a.ip_address
$function$;

comment on function public.user_state_lockouts(timestamptz, timestamptz) is
  'From which addresses, as they were claimed, users were locked, how often, how many, and when last.';
