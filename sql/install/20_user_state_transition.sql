-- user_state_transition: the transitions of the state machine, so that the trigger can name them.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql. The rows come from the machine in
-- accounts/models.py: see 40_transitions.sql.
-- Append-only: an entry names the transition by which it was made, also when the machine has lost
-- that one since. What the machine allows from start_state to end_state is the name in the row of
-- the greatest version; null: nothing any more.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_transition (
  start_state text    not null,
  end_state   text    not null,
  name        text,
  version     integer not null,
  primary key (start_state, end_state, version)
);

comment on table public.user_state_transition is
  'The transitions of the state machine, now and before. Written by migrate.';
comment on column public.user_state_transition.name is
  'Of the transition that leads from start_state to end_state. Null: none does any more.';
comment on column public.user_state_transition.version is
  'The greatest one counts. The others were in force before.';
