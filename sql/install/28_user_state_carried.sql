-- user_state_carried: everybody's state at the end of each quarter, so that a moment in the past is
-- answered from there and the entries since.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql. sql/maintain/carried.sql fills it, never the
-- trigger.
-- It may be empty or behind: whoever reads it starts with the newest quarter that there is, or with
-- the first entry.
-- NOTE: no guards against rewriting: it can be emptied and made again. verify_audit compares its newest
-- quarter with the entries.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_carried (
  quarter_end timestamptz not null,
  user_id     bigint      not null,
  username    text        not null,
  state       text        not null,
  since       timestamptz not null,
  entry_id    bigint      not null,
  primary key (quarter_end, user_id)
);

comment on table public.user_state_carried is
  'Everybody''s state at the end of each quarter (UTC) with entries. Written by maintain_audit.';
comment on column public.user_state_carried.quarter_end is
  'The first moment of the next quarter: entries before it count.';
comment on column public.user_state_carried.username is
  'As in the entry.';
comment on column public.user_state_carried.since is
  'When the entry was written.';
comment on column public.user_state_carried.entry_id is
  'The last entry of the user before quarter_end. Those who are deleted have no row.';
