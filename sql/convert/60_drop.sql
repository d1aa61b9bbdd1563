-- Removes the former table and what the conversion needed.
--
-- Who runs it: migrate, after 50_compare.sql found no difference.
-- Why it is safe: nothing refers to any of it; no "cascade" takes along what somebody else put there.
-- Safe to run again: it removes what is there.

drop table if exists user_state_first_release.user_state_audit;
drop schema if exists user_state_first_release;
drop table if exists user_state_conversion.progress;
drop schema if exists user_state_conversion;
