-- Statements that changed at least :at_least users, from :since up to :until: the newest hundred.
--
--   psql -v since='2026-01-01' -v until='2026-02-01' -v at_least=100 -f sql/desk/mass.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads.
--
-- All entries of a statement have one transaction and one moment.

with large as materialized (
  select a.transaction_id, a.datetime, count(*) as users, min(a.id) as first_id, max(a.id) as last_id
    from public.user_state_audit a
   where a.datetime >= :'since'::timestamptz and a.datetime < :'until'::timestamptz
   group by a.transaction_id, a.datetime
  having count(*) >= :'at_least'::bigint
   order by a.datetime desc, a.transaction_id desc
   limit 100
)
select l.transaction_id, l.datetime, l.users, l.first_id, l.last_id,
       array(select distinct a.start_state || ' ' || a.end_state
               from public.user_state_audit a
              where a.datetime = l.datetime and a.transaction_id = l.transaction_id
              order by 1) as changes,
       f.initiated_by, f.db_user, f.application_name
  from large l
  join public.user_state_audit f on f.id = l.first_id and f.datetime = l.datetime
 order by l.datetime desc, l.transaction_id desc;
