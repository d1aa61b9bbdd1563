-- From when to when there are months that end before user_state.before has come: the first moment of the
-- oldest one that is there or archived, and the end of the last one, as texts in UTC, which no time zone of
-- the reader's shifts. Null where there is none.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it reads the catalog, and the tombstones. A month that has not ended is no month yet.

with month as (
  select to_timestamp(right(c.relname, 7), 'YYYY_MM') as begins,
         to_timestamp(right(c.relname, 7), 'YYYY_MM') + interval '1 month' as ends
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   where i.inhparent = 'public.user_state_audit'::regclass
     and c.relname ~ '^user_state_audit_[0-9]{4}_(0[1-9]|1[0-2])$'
)
select to_char(least((select min(t.since) from public.user_state_archive t), min(m.begins)) at time zone 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
       to_char(max(m.ends) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as until
  from month m
 where m.ends <= least(current_setting('user_state.before')::timestamptz,
                       date_trunc('month', clock_timestamp()));
