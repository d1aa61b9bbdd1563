-- The state of each user at :moment, by name: a hundred of them, after :after_username and :after_id;
-- of those in :state, where that is not empty. A user who is not there yet, or was deleted, has no row.
--
--   psql -v moment='2026-01-31 12:00+00' -v state='' -v after_username='' -v after_id=0 \
--     -f sql/desk/at_everybody.sql
--
-- Who runs it: the desk, or a member of user_state_audit_reader.
-- Why it is safe: it only reads. What the answer is, is said in user_state_at(); here it is paged, with
-- moments that Python has.

select t.user_id, t.username, t.state, greatest(t.since, '0001-01-03 00:00+00') as since, t.entry_id,
       -- Somebody may be called so.
       t.username = 'erased'
         and coalesce((select a.subject_digest is not null
                         from public.user_state_audit a
                        where a.id = t.entry_id and a.datetime = t.since), false) as is_subject_erased
  from public.user_state_at(:'moment'::timestamptz) t
 where (:'state' = '' or t.state = :'state')
   and (t.username, t.user_id) > (:'after_username', :'after_id'::bigint)
 order by t.username, t.user_id
 limit 100;
