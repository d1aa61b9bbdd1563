-- user_state_export: who exported which entries. Append-only: an audit of the audit.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- An export has a row when it begins, which is committed before its first byte is sent, and another
-- one when it ends. Without the second it was broken off, or is still going on.
-- The application says what was exported; the rest are defaults, which it may not set.
-- Safe to run again: it makes what is missing, and the constraints and comments as they are here.

create table if not exists public.user_state_export (
  id               uuid        not null default gen_random_uuid() primary key,
  ends             uuid,
  datetime         timestamptz not null default clock_timestamp(),
  initiated_by     text        not null
    default coalesce(nullif(left(current_setting('app.user', true), 300), ''), 'CLI'),
  initiator_id     bigint
    default substring(current_setting('app.user_id', true) from '^[0-9]{1,18}$')::bigint,
  impersonator     text        default nullif(left(current_setting('app.impersonator', true), 300), ''),
  ip_address       text        not null
    default coalesce(nullif(left(current_setting('app.ip', true), 64), ''), 'CLI'),
  request_id       text        default nullif(left(current_setting('app.request_id', true), 200), ''),
  db_user          text        not null default session_user,
  application_name text        default current_setting('application_name', true),
  client_addr      inet        default inet_client_addr(),
  format           text,
  filter           text,
  entries          bigint
);

-- A uuid and no sequence: after a restore or a replication none is behind the rows, and no export
-- fails for it. A beginning says what is exported, an end how many entries there were; and an export
-- ends once.
alter table public.user_state_export
  drop constraint if exists user_state_export_ends_once,
  add constraint user_state_export_ends_once unique (ends),
  drop constraint if exists user_state_export_begins_or_ends,
  add constraint user_state_export_begins_or_ends check (
    case when ends is null then format is not null and filter is not null and entries is null
         else format is null and filter is null end);

create index if not exists user_state_export_datetime on public.user_state_export (datetime);

comment on table public.user_state_export is
  'Who exported which entries of user_state_audit: a row when it begins, and one when it ends.';
comment on column public.user_state_export.id is
  'Of the beginning, or of the end.';
comment on column public.user_state_export.ends is
  'The export that ended. Null: it begins here.';
comment on column public.user_state_export.datetime is
  'By the clock of the server.';
comment on column public.user_state_export.initiated_by is
  'Claim: who asked for it (app.user). CLI when nobody set it.';
comment on column public.user_state_export.initiator_id is
  'Claim: the key of the actor''s user (app.user_id).';
comment on column public.user_state_export.impersonator is
  'Claim: who signed in as the actor (app.impersonator).';
comment on column public.user_state_export.ip_address is
  'Claim: from which address (app.ip). CLI when nobody set it.';
comment on column public.user_state_export.request_id is
  'Claim: of which request (app.request_id); the X-Request-ID of its response and log lines.';
comment on column public.user_state_export.db_user is
  'Fact: the role that signed in to PostgreSQL (session_user).';
comment on column public.user_state_export.application_name is
  'Fact of the connection: the name that the program gave itself.';
comment on column public.user_state_export.client_addr is
  'Fact: the address that connected to PostgreSQL. Null: a local socket.';
comment on column public.user_state_export.format is
  'Of a beginning: csv or jsonl.';
comment on column public.user_state_export.filter is
  'Of a beginning: which entries, as the query string of the list that shows them.';
comment on column public.user_state_export.entries is
  'Of an end: how many there were. Null: it was broken off.';
comment on index public.user_state_export_datetime is
  'For the page of the exports, the newest first.';
