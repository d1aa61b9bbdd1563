-- user_state_audit_default: the partition of whatever belongs to no month, so that a write never fails
-- for want of one.
--
-- Who runs it: migrate, or a DBA, after 25_user_state_audit_indexes.sql, whose indexes it gets.
-- Safe to run again: it makes only what is missing and repeats the comment.

create table if not exists public.user_state_audit_default
  partition of public.user_state_audit default;

-- As each month gets it.
create statistics if not exists
  public.user_state_audit_default_start_state_end_state_transition_stat (mcv)
  on start_state, end_state, transition from public.user_state_audit_default;

comment on table public.user_state_audit_default is
  'Entries for which there is no month. verify_audit finds them, maintain_audit moves them.';
