-- The four triggers on user_fsm that have every change of a state recorded.
--
-- Who runs it: migrate, or a DBA, after 32_record_user_state.sql. Needs to own user_fsm.
-- audit/triggers.py declares the same four with django-pgtrigger, whose names and comments these are.
-- Why it is safe: they fire once for a statement, for every column and every role, and ENABLE ALWAYS
-- has them fire for a replica role too.
-- Safe to run again: it states what has to be true.

create or replace trigger pgtrigger_record_insert_dd5c0
  after insert on public.user_fsm
  referencing new table as new_rows
  for each statement execute function public.record_user_state();
create or replace trigger pgtrigger_record_update_0cacf
  after update on public.user_fsm
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.record_user_state();
create or replace trigger pgtrigger_record_delete_d6efa
  after delete on public.user_fsm
  referencing old table as old_rows
  for each statement execute function public.record_user_state();
create or replace trigger pgtrigger_record_truncate_0957c
  before truncate on public.user_fsm
  for each statement execute function public.record_user_state();

alter table public.user_fsm
  enable always trigger pgtrigger_record_insert_dd5c0,
  enable always trigger pgtrigger_record_update_0cacf,
  enable always trigger pgtrigger_record_delete_d6efa,
  enable always trigger pgtrigger_record_truncate_0957c;

-- By these pgtrigger knows them.
comment on trigger pgtrigger_record_insert_dd5c0 on public.user_fsm is
  '6172cc02b2329195657144c8e2e0bb3e41cfe68e';
comment on trigger pgtrigger_record_update_0cacf on public.user_fsm is
  '62f5978c1606d45a7f9e0e5ff26fb136a9937e14';
comment on trigger pgtrigger_record_delete_d6efa on public.user_fsm is
  'afa52085f9886ab5f39e0142a8a05588bbcded6a';
comment on trigger pgtrigger_record_truncate_0957c on public.user_fsm is
  '407774f379433efc3ded216900a9d73b05a58630';
