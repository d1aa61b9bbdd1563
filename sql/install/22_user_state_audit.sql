-- user_state_audit: one entry for every change of a user's state. Append-only.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- Partitioned by month, so that old months can be archived and a look at some days reads some
-- days. The months are made by sql/maintain/months.sql, its indexes by 25_user_state_audit_indexes.sql.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_audit (
  id               bigint generated always as identity,
  username         text        not null,
  initiated_by     text        not null,
  start_state      text        not null,
  end_state        text        not null,
  datetime         timestamptz not null,
  ip_address       text        not null,
  user_id          bigint      not null,
  transition       text,
  reason           text,
  request_id       text,
  initiator_id     bigint,
  impersonator     text,
  db_user          text        not null,
  application_name text,
  client_addr      inet,
  transaction_id   bigint      not null,
  subject_salt     bytea,
  subject_digest   bytea,
  actor_salt       bytea,
  actor_digest     bytea,
  primary key (id, datetime)
) partition by range (datetime);

comment on table public.user_state_audit is
  'Every change of a user''s state, whoever made it and however. Written by triggers on user_fsm.';
comment on column public.user_state_audit.id is
  'In the order of writing: for one user, the order of their changes.';
comment on column public.user_state_audit.username is
  'Of the changed user, as it was then.';
comment on column public.user_state_audit.initiated_by is
  'Claim: who asked for it (app.user). CLI when nobody set it.';
comment on column public.user_state_audit.start_state is
  'The state before; new when the row was created.';
comment on column public.user_state_audit.end_state is
  'The state after; deleted when the row was removed.';
comment on column public.user_state_audit.datetime is
  'When the statement had run, by the clock of the server.';
comment on column public.user_state_audit.ip_address is
  'Claim: from which address (app.ip). CLI when nobody set it.';
comment on column public.user_state_audit.user_id is
  'Of the changed user. No foreign key: history outlives the user.';
comment on column public.user_state_audit.transition is
  'The transition of the state machine from start_state to end_state. Null: an override.';
comment on column public.user_state_audit.reason is
  'Claim: why (app.reason).';
comment on column public.user_state_audit.request_id is
  'Claim: of which request (app.request_id); the X-Request-ID of its response and log lines.';
comment on column public.user_state_audit.initiator_id is
  'Claim: the key of the actor''s user (app.user_id). Null for jobs and SQL.';
comment on column public.user_state_audit.impersonator is
  'Claim: who signed in as the actor (app.impersonator).';
comment on column public.user_state_audit.db_user is
  'Fact: the role that signed in to PostgreSQL (session_user).';
comment on column public.user_state_audit.application_name is
  'Fact of the connection: the name that the program gave itself.';
comment on column public.user_state_audit.client_addr is
  'Fact: the address that connected to PostgreSQL. Null: a local socket.';
comment on column public.user_state_audit.transaction_id is
  'Fact: pg_current_xact_id(). Equal for all that was changed together.';
comment on column public.user_state_audit.subject_salt is
  '16 random bytes, hashed with username and reason: see docs/seals.md. Null: they were erased.';
comment on column public.user_state_audit.subject_digest is
  'The hash of username and reason, once they were erased. Null: they are there.';
comment on column public.user_state_audit.actor_salt is
  '16 random bytes, hashed with claims and facts: see docs/seals.md. Null: they were erased.';
comment on column public.user_state_audit.actor_digest is
  'The hash of claims and facts, once they were erased. Null: they are there.';
