-- user_state_verification: what verify_audit has found, each time that it looked at everything.
-- Append-only.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- verify_audit writes the rows as whoever verifies, and the admin shows them to supervisors. When,
-- and by which role, is not for the writer to say: see 95_grants.sql.
-- Safe to run again: it makes what is missing, and the constraint and the comments as they are here.

create table if not exists public.user_state_verification (
  id                 bigint      not null generated always as identity primary key,
  verified_at        timestamptz not null default clock_timestamp(),
  db_user            text        not null default session_user,
  findings           jsonb       not null,
  entries            bigint,
  users              bigint,
  seals              bigint,
  unsealed           bigint,
  signatures_checked boolean     not null,
  migration          text        not null
);

-- What a page can show, whoever wrote it. Whether it is true is for the next verification to say.
alter table public.user_state_verification
  drop constraint if exists user_state_verification_is_legible,
  add constraint user_state_verification_is_legible check (
    jsonb_typeof(findings) = 'object'
    and not jsonb_path_exists(
      findings, '$.* ? (@.type() != "number" || @ < 1 || @ > 9223372036854775807)')
    and length(findings::text) <= 2000 and length(migration) <= 200
  );

comment on table public.user_state_verification is
  'What verify_audit has found, each time that it looked at everything. Written by verify_audit.';
comment on column public.user_state_verification.id is
  'Order of writing.';
comment on column public.user_state_verification.verified_at is
  'Fact: when it was written, at the end of the verification.';
comment on column public.user_state_verification.db_user is
  'Fact: the role that signed in to PostgreSQL to verify.';
comment on column public.user_state_verification.findings is
  'How many of each kind, such as {"gap": 2}. {}: all is well.';
comment on column public.user_state_verification.entries is
  'How many there were to look at, as of users, seals and unsealed. Null: they could not be counted.';
comment on column public.user_state_verification.users is
  'Who have an entry.';
comment on column public.user_state_verification.seals is
  'How many there were.';
comment on column public.user_state_verification.unsealed is
  'Entries that waited to be sealed, where anything was.';
comment on column public.user_state_verification.signatures_checked is
  'Whether whoever verified had a key to check those of the seals with.';
comment on column public.user_state_verification.migration is
  'The newest one of the audit that the program knew: its release.';
