-- user_state_daily: how many entries of each kind there were on each day, so that nobody has to count
-- the entries of years.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql. sql/maintain/daily.sql fills it, never the trigger:
-- all changes would wait for today's row.
-- It may be empty or behind: whoever reads it counts the entries of the days after its last one.
-- NOTE: no guards against rewriting: it can be emptied and made again. verify_audit compares it with
-- the entries.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_daily (
  day              date    not null,
  start_state      text    not null,
  end_state        text    not null,
  transition       text    not null,
  actor_claimed    boolean not null,
  db_user          text    not null,
  application_name text    not null,
  entries          bigint  not null,
  primary key (day, start_state, end_state, transition, actor_claimed, db_user, application_name)
);

comment on table public.user_state_daily is
  'Entries of user_state_audit for each day (UTC) that has ended, and kind. Written by maintain_audit.';
comment on column public.user_state_daily.day is
  'All days up to the last one are complete; one without entries has no row.';
comment on column public.user_state_daily.transition is
  'As in user_state_audit; empty where that is null.';
comment on column public.user_state_daily.actor_claimed is
  'Whether somebody was named as the actor: initiated_by is not CLI.';
comment on column public.user_state_daily.application_name is
  'As in user_state_audit; empty where that is null.';
