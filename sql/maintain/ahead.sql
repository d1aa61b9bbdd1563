-- Has months.sql make the months of user_state_audit, from this one on, whatever a role or a database
-- presets.
--
-- Who runs it: whoever sends months.sql, before it in the same transaction, and fills no tables aside.
-- Why it is safe: it sets two settings for this transaction.

set local user_state.schema = '';
set local user_state.first_month = '';
