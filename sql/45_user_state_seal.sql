-- user_state_seal: signed digests of the audit, each chained to the one before. Append-only.
--
-- Who runs it: migrate, or a DBA, after 40_refuse_rewriting.sql.
-- The rows are written by seal_audit; the key that signs them is never in the database.
-- What they say and how it is checked is told in docs/seals.md.
-- Safe to run again: it makes only what is missing and repeats the comments.

create table if not exists public.user_state_seal (
  number           bigint      primary key,
  sealed_at        timestamptz not null,
  system_id        bigint      not null,
  after_id         bigint      not null,
  from_transaction bigint      not null,
  upto_transaction bigint      not null,
  lines            bigint      not null,
  first_id         bigint      not null,
  last_id          bigint      not null,
  digest           text        not null,
  previous         text        not null,
  key_id           text        not null,
  signature        text        not null
);

-- What could not even be looked at. Whether a seal is right is for verify to say.
alter table public.user_state_seal drop constraint if exists user_state_seal_possible;
alter table public.user_state_seal add constraint user_state_seal_possible
  check (number > 0 and lines >= 0 and isfinite(sealed_at));

comment on table public.user_state_seal is
  'Signed digests of user_state_audit, each chained to the one before. See docs/seals.md.';
comment on column public.user_state_seal.number is
  '1, 2, 3 and so on. Two sealers at once want the same number, and one of them gets it.';
comment on column public.user_state_seal.sealed_at is
  'By the clock of the server.';
comment on column public.user_state_seal.system_id is
  'Of which server (pg_control_system). Another one: the database was restored elsewhere.';
comment on column public.user_state_seal.after_id is
  'Lines up to this id were written before the last restore; transactions count anew after it.';
comment on column public.user_state_seal.from_transaction is
  'The lines of transactions from this one on,';
comment on column public.user_state_seal.upto_transaction is
  'and below this one. All of these had ended when the seal was made.';
comment on column public.user_state_seal.lines is
  'How many lines are sealed.';
comment on column public.user_state_seal.first_id is
  'The least id among them; 0: none.';
comment on column public.user_state_seal.last_id is
  'The greatest id among them; 0: none.';
comment on column public.user_state_seal.digest is
  'SHA-256 of the lines, in hexadecimal.';
comment on column public.user_state_seal.previous is
  'SHA-256 of the text of the seal before, in hexadecimal.';
comment on column public.user_state_seal.key_id is
  'The first 16 hexadecimal digits of the public key.';
comment on column public.user_state_seal.signature is
  'Ed25519, of the text of the seal, in hexadecimal.';

create or replace trigger refuse_rewriting
  before update or delete on public.user_state_seal
  for each row execute function public.refuse_rewriting();
create or replace trigger refuse_truncate
  before truncate on public.user_state_seal
  for each statement execute function public.refuse_rewriting();

alter table public.user_state_seal enable always trigger refuse_rewriting;
alter table public.user_state_seal enable always trigger refuse_truncate;
