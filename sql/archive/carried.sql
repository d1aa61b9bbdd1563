-- Carries everybody's state over user_state.until in user_state_carried, from what is kept, and forgets the
-- quarters before, of which no entry is there any more.
--
-- Who runs it: archive_audit, after exchange.sql in one transaction.
-- Why it is safe: user_state_carried can be made again, and it only writes there.

lock table public.user_state_carried in share row exclusive mode;
delete from public.user_state_carried c
 where c.quarter_end <= current_setting('user_state.until')::timestamptz;
insert into public.user_state_carried (quarter_end, user_id, username, state, since, entry_id)
select current_setting('user_state.until')::timestamptz, a.user_id, a.username, a.end_state, a.datetime, a.id
  from public.user_state_audit_kept a
 where a.end_state <> 'deleted' and a.datetime < current_setting('user_state.until')::timestamptz;
