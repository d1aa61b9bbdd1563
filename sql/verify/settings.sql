-- Makes a transaction of the verifier's that no preset of a role, a database or the server reaches.
--
-- Who runs it: whoever verifies, as the first statements of the transaction.
-- Why it is safe: everything is set for this transaction only.

set local search_path = pg_catalog, pg_temp;
set local row_security = off;
set local constraint_exclusion = off;
set local quote_all_identifiers = off;
set local standard_conforming_strings = on;
set local transform_null_equals = off;
set local timezone = 'UTC';
set local datestyle = 'ISO, MDY';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local extra_float_digits = 1;
set local exit_on_error = off;
-- To compile what asks the catalog takes many times as long as to ask it.
set local jit = off;
-- What no sequence comes to: 2^62.
set local user_state.no_id_from = 4611686018427387904;
set local user_state.transitions = '';
set local user_state.serving = '';
set local user_state.share = '';
set local user_state.kept = 'off';

set local idle_in_transaction_session_timeout = 0;
