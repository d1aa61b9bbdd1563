-- user_state_overrides(): the entries of changes that no transition of the state machine makes.
--
--   select * from user_state_overrides(now() - interval '30 days') order by id desc limit 50;
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- Where entries are archived, those that are kept are in it.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_overrides(
  since timestamptz, until timestamptz default 'infinity'
)
returns setof public.user_state_audit
language sql
stable
security invoker
parallel safe
as $function$
  select a.*
    from public.user_state_audit a
   where a.datetime >= since and a.datetime < until
     and a.transition is null and a.start_state <> 'new' and a.end_state <> 'deleted'
$function$;

comment on function public.user_state_overrides(timestamptz, timestamptz) is
  'Entries of changes that no transition of the state machine makes.';
