-- user_state_time_in_state(): how long users were in each state within a window.
--
--   select * from user_state_time_in_state('2026-01-01', '2026-02-01');
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks. It begins with user_state_at(since), and reads the
-- entries of the window.
-- NOTE: since alone would be the column of user_state_at().
-- A stay counts as far as it is within the window, and until now at most.
-- Of a window that begins where the entries are archived, there is no row.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_time_in_state(
  since timestamptz, until timestamptz default 'infinity'
)
returns table (state text, users bigint, stays bigint, days numeric, average interval, longest interval)
language sql
stable
security invoker
parallel safe
as $function$
  select s.state, count(distinct s.user_id), count(*),
         round(sum(extract(epoch from s.lasted)) / 86400, 3), avg(s.lasted), max(s.lasted)
    from (select h.user_id, h.state,
                 greatest(coalesce(lead(h.begins) over (partition by h.user_id order by h.entry_id),
                                   least(until, statement_timestamp()))
                          - h.begins, interval '0') as lasted
            from (select t.user_id, t.entry_id, t.state, user_state_time_in_state.since as begins
                    from public.user_state_at(user_state_time_in_state.since) t
                  union all
                  select a.user_id, a.id, a.end_state, a.datetime
                    from public.user_state_audit a
                   where a.datetime > since
                     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
                     and a.datetime < least(until, statement_timestamp())) h
           where isfinite(h.begins)) s
   where since < until and since < statement_timestamp()
     and s.state <> 'deleted'
     and since >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
   group by s.state
   order by s.state
$function$;

comment on function public.user_state_time_in_state(timestamptz, timestamptz) is
  'How long users were in each state within a window: users, stays, days of all, average and longest stay.';
