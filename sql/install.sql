-- Installs the audit on a database that has the tables accounts_user and user_fsm:
--
--   psql -1 -v ON_ERROR_STOP=1 -f sql/install.sql
--
-- Who runs it: a DBA; migrate runs the same files. Needs what sql/README.md says of each file.
-- Why it is safe: it makes what is missing, states what has to be true, and removes nothing.

-- No object of somebody else's is taken for one of PostgreSQL's.
set search_path = pg_catalog, pg_temp;
-- No preset of a role or a database is taken for what migrate sets.
set user_state.transitions = '';

\ir install/10_roles.sql
\ir install/11_lock_user_fsm.sql
\ir install/20_user_state_transition.sql
\ir install/21_user_state_site.sql
\ir install/22_user_state_audit.sql
\ir install/23_user_state_seal.sql
\ir install/24_user_state_audit_id_seq.sql
\ir install/25_user_state_audit_indexes.sql
\ir install/26_user_state_audit_default.sql
\ir install/27_user_state_daily.sql
\ir install/28_user_state_carried.sql
\ir install/29_user_state_archive.sql
\ir install/29_user_state_verification.sql
\ir install/29_user_state_export.sql
\ir install/30_refuse_rewriting.sql
\ir install/30_refuse_all_but_erasure.sql
\ir install/31_user_state_last_username.sql
\ir install/32_record_user_state.sql
\ir install/33_record_triggers.sql
\ir install/34_guards.sql
\o /dev/null
\ir verify/expected.sql
\o
\ir install/40_transitions.sql
\ir maintain/ahead.sql
\ir maintain/months.sql
\ir install/50_user_state_present.sql
\ir install/51_user_state_now.sql
\ir install/52_user_state_timeline.sql
\ir install/53_user_state_at.sql
\ir install/54_user_state_roles.sql
\ir install/55_user_state_outside.sql
\ir install/56_user_state_overrides.sql
\ir install/57_user_state_mass.sql
\ir install/58_user_state_lockouts.sql
\ir install/59_user_state_actors.sql
\ir install/60_user_state_time_in_state.sql
\ir install/61_user_state_seal_waits.sql
\ir install/62_user_state_acting_as.sql
\ir install/90_ownership.sql
\ir install/95_grants.sql
