-- Keeps everybody from the audit, for the moment of the exchange.
--
-- Who runs it: migrate, at the beginning of the transaction that exchanges.
-- Why it is safe: it waits for 300 ms at most, and all who change states behind it; then it gives up,
-- and migrate tries again. The locks come in the order in which the trigger takes them, so that no
-- deadlock with a change is possible.

set local lock_timeout = '300ms';
select from user_state_conversion.progress for update;
lock table public.user_fsm in share row exclusive mode;
lock table public.user_state_audit in access exclusive mode;
