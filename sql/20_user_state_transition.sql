-- user_state_transition: the transitions of the state machine, so that the trigger can name them.
--
-- Who runs it: migrate, or a DBA, after 00_roles.sql. The rows are written by migrate, from
-- the machine in accounts/models.py: here stands only their form.
-- Safe to run again: it makes only what is missing.

create table if not exists public.user_state_transition (
  start_state text not null,
  end_state   text not null,
  name        text not null,
  primary key (start_state, end_state)
);

comment on table public.user_state_transition is
  'The transitions of the state machine. Kept equal to the code by migrate; not meant to be edited.';
