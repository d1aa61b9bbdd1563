-- What is to be archived of the entries before user_state.until: for each month its first moment, as text in
-- UTC, how many, the least id, the greatest, and how many are in no seal yet, where seals reach to
-- user_state.after and user_state.horizon. What is kept of an earlier archiving is left out.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select to_char(date_trunc('month', a.datetime at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as month,
       count(*) as entries,
       min(a.id) as first_id, max(a.id) as last_id,
       count(*) filter (where a.id > current_setting('user_state.after')::bigint
                          and a.transaction_id >= current_setting('user_state.horizon')::bigint) as unsealed
  from public.user_state_audit a
 where a.datetime < current_setting('user_state.until')::timestamptz
   and (a.datetime < (select max(t.until) from public.user_state_archive t)
        and a.id <= (select max(t.last_id) from public.user_state_archive t)) is not true
 group by 1
 order by 1;
