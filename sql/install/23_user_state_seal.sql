-- user_state_seal: signed receipts of the audit, each chained to the one before. Append-only.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- The rows are written by seal_audit; the key that signs them is never in the database.
-- What they say and how they are checked is described in docs/seals.md.
-- Safe to run again: it makes what is missing, and the constraint and the comments as they are here.

create table if not exists public.user_state_seal (
  number  bigint   not null primary key,
  format  smallint not null,
  receipt text     not null
);

-- What could not even be read, and numbers that nobody reaches with a thousand seals a second:
-- whoever may add rows can't take the last one there is. Whether a receipt is right is for verify
-- to say. One pattern for all rows, since making one of it takes longer than all else.
alter table public.user_state_seal
  drop constraint if exists user_state_seal_is_legible,
  add constraint user_state_seal_is_legible check (
    number >= 1 and number <= extract(epoch from clock_timestamp()) * 1000
    and (format <> 2
         or split_part(receipt, ' ', 4) = 'number=' || number
        and receipt ~ (
          '^user-state-seal v=2 site=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} number=[0-9]{1,19}'
          || ' at=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z'
          || ' system=[0-9]{1,20} database=[0-9]{1,10} after=[0-9]{1,19} from=[0-9]{1,19}'
          || ' upto=[0-9]{1,19} lines=[0-9]{1,18} first=[0-9]{1,19}'
          || ' last=[0-9]{1,19} root=[0-9a-f]{64} previous=[0-9a-f]{64} key=[0-9a-f]{16}'
          || ' signature=[0-9a-f]{128}$'))
  );

comment on table public.user_state_seal is
  'Signed receipts of user_state_audit, each chained to the one before. See docs/seals.md.';
comment on column public.user_state_seal.number is
  '1, 2, 3 and so on. Two sealers at once want the same number, and one of them gets it.';
comment on column public.user_state_seal.format is
  'Of the receipt, and of what it is made of. 2 is the only one.';
comment on column public.user_state_seal.receipt is
  'What was signed, and the signature: the receipt as seal_audit printed it.';
