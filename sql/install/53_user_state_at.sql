-- user_state_at(): in which state everybody was at a moment, since when, and by which entry.
--
--   select * from user_state_at('2026-01-31 12:00+00') where user_id = 42;
--
-- Who runs it: the desk, and members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks. It starts with the newest quarter before the moment
-- in user_state_carried, or with the first entry.
-- Whoever was not there yet, or was deleted, has no row. Before the first entry nobody has; at a moment that
-- is still to come, everybody is as they are.
-- The last entry of a user counts that was written: see 51_user_state_now.sql.
-- Where the entries of then are archived, nobody has a row.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_at(moment timestamptz)
returns table (user_id bigint, username text, state text, since timestamptz, entry_id bigint)
language sql
stable
security invoker
parallel safe
as $function$
  select l.user_id, l.username, l.state, l.since, l.entry_id
    from (select distinct on (h.user_id) h.user_id, h.username, h.state, h.since, h.entry_id
            from (select c.user_id, c.username, c.state, c.since, c.entry_id
                    from public.user_state_carried c
                   where c.quarter_end = (select max(q.quarter_end)
                                            from public.user_state_carried q
                                           where q.quarter_end <= moment)
                  union all
                  select a.user_id, a.username, a.end_state, a.datetime, a.id
                    from public.user_state_audit a
                   where a.datetime <= moment
                     and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
                     and a.datetime >= (select coalesce(max(q.quarter_end), '-infinity')
                                          from public.user_state_carried q
                                         where q.quarter_end <= moment)) h
           order by h.user_id, h.entry_id desc) l
   where l.state <> 'deleted'
     and moment >= (select coalesce(max(t.until), '-infinity') from public.user_state_archive t)
$function$;

comment on function public.user_state_at(timestamptz) is
  'In which state everybody was at that moment, since when, and by which entry; named as then.';
