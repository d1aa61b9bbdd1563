-- From which addresses users were locked, from :since up to :until, and how many users: the hundred with
-- the most, and how many addresses there are. No row where the entries of :since are archived.
--
--   psql -v since='2026-01-01' -v until='2026-02-01' -f sql/desk/lockouts_by_address.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads.

select l.ip_address, l.lockouts, l.users, l.last, count(*) over () as addresses
  from public.user_state_lockouts(:'since'::timestamptz, :'until'::timestamptz) l
 order by l.lockouts desc, l.ip_address
 limit 100;
