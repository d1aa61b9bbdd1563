-- Statements that changed at least :at_least users, from :since up to :until: the newest hundred.
--
--   psql -v since='2026-01-01' -v until='2026-02-01' -v at_least=100 -f sql/desk/mass.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads.
--
-- All entries of a statement have one transaction and one moment. The moment alone is looked for first, for
-- that can be done in the index of the primary key.

with moment as materialized (
  select a.datetime
    from public.user_state_audit a
   where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
   group by a.datetime
  having count(*) >= :'at_least'::bigint
   order by a.datetime desc
   limit 100
)
select a.transaction_id, a.datetime, count(*) as users, min(a.id) as first_id, max(a.id) as last_id,
       array_agg(distinct a.start_state || ' ' || a.end_state) as changes,
       min(a.initiated_by) as initiated_by, min(a.db_user) as db_user,
       min(a.application_name) as application_name
  from public.user_state_audit a
 where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
   and a.datetime = any (array(select m.datetime from moment m))
 group by a.transaction_id, a.datetime
having count(*) >= :'at_least'::bigint
 order by a.datetime desc, a.transaction_id desc;
