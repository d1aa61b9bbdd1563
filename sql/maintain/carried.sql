-- Carries everybody's state over the end of each quarter that has ended and is not in user_state_carried
-- yet, from the quarter before and the entries since. Sets user_state.carried, the ends of these quarters.
--
-- Who runs it: maintain_audit, or sql/maintain.sql, after settled.sql. Needs to be a member of the owner
-- of the audit.
-- Why it is safe: it keeps nobody from reading, and only another one of its kind from writing. All
-- quarters are made in one transaction: if it is broken off, it begins again.

lock table public.user_state_carried in share row exclusive mode;

do $$
declare
  settled     constant timestamptz := nullif(current_setting('user_state.settled'), '');
  last_end    timestamptz := (select coalesce(max(c.quarter_end), '-infinity')
                                from public.user_state_carried c);
  next_end    timestamptz;
  made        timestamptz[] := '{}';
begin
  -- A quarter without entries needs no row: the one before says the same.
  for next_end in
    select distinct (date_trunc('quarter', a.datetime at time zone 'UTC') + interval '3 months')
                      at time zone 'UTC'
      from public.user_state_audit a
     where a.datetime >= last_end and a.datetime < settled
     order by 1
  loop
    exit when next_end > settled;
    insert into public.user_state_carried (quarter_end, user_id, username, state, since, entry_id)
    select next_end, h.user_id, h.username, h.state, h.since, h.entry_id
      from (select distinct on (h.user_id) h.*
              from (select c.user_id, c.username, c.state, c.since, c.entry_id
                      from public.user_state_carried c
                     where c.quarter_end = last_end
                    union all
                    select a.user_id, a.username, a.end_state, a.datetime, a.id
                      from public.user_state_audit a
                     where a.datetime >= last_end and a.datetime < next_end
                       and (a.start_state = a.end_state and a.transition = 'forgotten') is not true) as h
             order by h.user_id, h.entry_id desc) as h
     where h.state <> 'deleted';
    last_end := next_end;
    made := made || next_end;
  end loop;
  perform set_config('user_state.carried', array_to_string(made, ','), true);
end
$$;
