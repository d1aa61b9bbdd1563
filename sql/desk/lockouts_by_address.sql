-- From which addresses users were locked, from :since up to :until, and how many users: the hundred with
-- the most.
--
--   psql -v since='2026-01-01' -v until='2026-02-01' -f sql/desk/lockouts_by_address.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads.

select a.ip_address, count(*) as lockouts, count(distinct a.user_id) as users,
       max(a.datetime) as last
  from public.user_state_audit a
 where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
   and a.end_state = 'locked'
 group by a.ip_address
 order by lockouts desc, a.ip_address
 limit 100;
