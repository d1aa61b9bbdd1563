-- The indexes of user_state_audit, and what PostgreSQL counts to choose among them. Each names in its
-- comment who needs it; benchmarks/README.md has what each costs.
--
-- Who runs it: migrate, or a DBA, after 22_user_state_audit.sql and before there are partitions, which get
-- them as they are made.
-- Why it is safe: "on only" reads no entry and builds nothing. Where there are partitions already, an
-- index is not valid until sql/maintain/indexes.sql has built it on each, while others write.
-- Safe to run again: it makes only what is missing and repeats the comments.
--
-- Within a month an index of one column, or of some that have few values, is enough: equal keys share
-- an entry of it, and what is found is sorted.

create index if not exists user_state_audit_user_id_id
  on only public.user_state_audit (user_id, id);

-- Entries come nearly in the order of these two, so a summary of each 32 pages is enough, and costs
-- next to nothing to write.
create index if not exists user_state_audit_transaction_id
  on only public.user_state_audit using brin (transaction_id)
  with (pages_per_range = 32, autosummarize = on);
create index if not exists user_state_audit_datetime_idx
  on only public.user_state_audit using brin (datetime)
  with (pages_per_range = 32, autosummarize = on);

-- These find a beginning of the name, too.
create index if not exists user_state_audit_username_idx
  on only public.user_state_audit (username text_pattern_ops);
create index if not exists user_state_audit_initiated_by_idx
  on only public.user_state_audit (initiated_by text_pattern_ops);

create index if not exists user_state_audit_ip_address_idx
  on only public.user_state_audit (ip_address);
create index if not exists user_state_audit_request_id_idx
  on only public.user_state_audit (request_id);
create index if not exists user_state_audit_start_state_end_state_transition_idx
  on only public.user_state_audit (start_state, end_state, transition);
create index if not exists user_state_audit_db_user_application_name_idx
  on only public.user_state_audit (db_user, application_name);

-- From some states no change leads to some others. Without this, PostgreSQL expects one as often as the two
-- are frequent, and looks for it without an index.
create statistics if not exists public.user_state_audit_start_state_end_state_transition_stat (mcv)
  on start_state, end_state, transition from public.user_state_audit;

comment on index public.user_state_audit_user_id_id is
  'A user''s history, in order; what they were called last; their entries in the list.';
comment on index public.user_state_audit_transaction_id is
  'The entries of one transaction; what is newer than the last seal.';
comment on index public.user_state_audit_datetime_idx is
  'Some days of a month: the list''s windows, bars, lockouts by address, states at a moment.';
comment on index public.user_state_audit_username_idx is
  'The list by user, and the search for users.';
comment on index public.user_state_audit_initiated_by_idx is
  'The list by actor and by kind of actor, and the search for actors.';
comment on index public.user_state_audit_ip_address_idx is
  'The list by address.';
comment on index public.user_state_audit_request_id_idx is
  'The entries of one request.';
comment on index public.user_state_audit_start_state_end_state_transition_idx is
  'The list by states and by transition, and overrides.';
comment on index public.user_state_audit_db_user_application_name_idx is
  'The list by role and by program, and what came from outside the application.';
comment on statistics public.user_state_audit_start_state_end_state_transition_stat is
  'Which changes of states there are, for whatever filters by two of the columns.';
