-- user_state_archive: which months are in files and no more here: a tombstone for each archiving.
-- Append-only.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- archive_audit writes the rows, signed like seals; docs/retention.md describes what they say. Of the
-- archived entries the last one of each user is kept in the audit, in user_state_audit_kept.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_archive (
  number   bigint      not null primary key,
  since    timestamptz not null,
  until    timestamptz not null,
  last_id  bigint      not null,
  receipt  text        not null,
  contents text        not null
);

comment on table public.user_state_archive is
  'Tombstones: which months of user_state_audit are archived. Written by archive_audit.';
comment on column public.user_state_archive.number is
  '1, 2, 3 and so on.';
comment on column public.user_state_archive.since is
  'Where the first month begins that was ever archived.';
comment on column public.user_state_archive.until is
  'Whatever was written before it is archived; the last entry of each user is kept as well.';
comment on column public.user_state_archive.last_id is
  'The greatest id that was ever archived.';
comment on column public.user_state_archive.receipt is
  'What was signed, and the signature: the line that archive_audit printed.';
comment on column public.user_state_archive.contents is
  'JSON, whose SHA-256 is signed: the files, and which entries of which seals are in them.';
