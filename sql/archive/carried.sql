-- Carries everybody's state over user_state.until in user_state_carried, from what is kept, and forgets the
-- quarters before, of which no entry is there any more. Later ones name the entries that are kept.
--
-- Who runs it: archive_audit, between keep.sql and exchange.sql in one transaction.
-- Why it is safe: it only writes there. Whoever reads or changes states does not wait for it.

lock table public.user_state_carried in share row exclusive mode;

delete from public.user_state_carried c
 where c.quarter_end <= current_setting('user_state.until')::timestamptz;

insert into public.user_state_carried (quarter_end, user_id, username, state, since, entry_id)
select current_setting('user_state.until')::timestamptz, a.user_id, a.username, a.end_state, a.datetime, a.id
  from user_state_maintenance.user_state_audit_kept a
 where a.end_state <> 'deleted'
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true;

-- Of entries of one transaction in another order than their changes, the one with the greatest id was named,
-- be it that the user was gone, or there again, at the end of it.
delete from public.user_state_carried c
 using user_state_maintenance.user_state_audit_kept a
 where c.user_id = a.user_id and a.end_state = 'deleted'
   and c.since < current_setting('user_state.until')::timestamptz
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true;

update public.user_state_carried c
   set username = a.username, state = a.end_state, since = a.datetime, entry_id = a.id
  from user_state_maintenance.user_state_audit_kept a
 where c.user_id = a.user_id and c.entry_id <> a.id
   and c.since < current_setting('user_state.until')::timestamptz
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true;

insert into public.user_state_carried (quarter_end, user_id, username, state, since, entry_id)
select q.quarter_end, a.user_id, a.username, a.end_state, a.datetime, a.id
  from user_state_maintenance.user_state_audit_kept a
 cross join (select distinct c.quarter_end from public.user_state_carried c
              where c.quarter_end > current_setting('user_state.until')::timestamptz) q
 where a.end_state <> 'deleted'
   and (a.start_state = a.end_state and a.transition = 'forgotten') is not true
   and not exists (select from public.user_state_carried c
                    where c.quarter_end = q.quarter_end and c.user_id = a.user_id)
   and not exists (select from public.user_state_audit b
                    where b.user_id = a.user_id and b.datetime < q.quarter_end
                      and b.datetime >= current_setting('user_state.until')::timestamptz
                      and (b.start_state = b.end_state and b.transition = 'forgotten') is not true);
