-- The digest of what user_state_daily says of the days before user_state.until: who did it is left out,
-- since that may be erased. One row, with the last day that is counted, too.
--
-- Who runs it: archive_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads.

select encode(sha256(convert_to(coalesce(string_agg(d.line, ',' order by d.line collate "C"), ''),
                                'UTF8')), 'hex') as digest
  from (select array_to_json(array[to_char(k.day, 'YYYY-MM-DD'), k.start_state, k.end_state,
                                   k.transition, sum(k.entries)::text])::text as line
          from public.user_state_daily k
         where k.day < current_setting('user_state.until')::timestamptz at time zone 'UTC'
         group by k.day, k.start_state, k.end_state, k.transition) d;
