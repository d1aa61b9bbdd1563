-- The indexes of user_state_audit. Each names in its comment who needs it; benchmarks/README.md has what
-- each costs.
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

create index if not exists user_state_audit_start_state_end_state_transition_idx
  on only public.user_state_audit (start_state, end_state, transition);
create index if not exists user_state_audit_db_user_application_name_idx
  on only public.user_state_audit (db_user, application_name);

-- A filter of each 32 pages that knows what is not there: a fiftieth of the size of a list of all ids.
create index if not exists user_state_audit_request_id_idx
  on only public.user_state_audit using brin (request_id text_bloom_ops)
  with (pages_per_range = 32, autosummarize = on);
