-- The seals that hold the entry user_state.entry_id of the transaction user_state.transaction, as
-- their receipts say: (number, format, receipt). One, or none; what is void, or forged, is not told
-- apart here.
--
-- Who runs it: the supervisors' desk, for the page of an entry.
-- Why it is safe: it only reads. Numbers are numeric, for a receipt may hold what no bigint does.
-- It reads every receipt, a hundred thousand of them in some 0.1 s.

select s.number, s.format, s.receipt
  from public.user_state_seal s
 cross join lateral (select string_to_array(s.receipt, ' ') as fields) f
 cross join lateral (
   select substr(f.fields[8], 7)::numeric as after, substr(f.fields[9], 6)::numeric as start,
          substr(f.fields[10], 6)::numeric as upto, substr(f.fields[12], 7)::numeric as first,
          substr(f.fields[13], 6)::numeric as last
 ) r
 where s.format = 2
   and current_setting('user_state.entry_id')::bigint between r.first and r.last
   and current_setting('user_state.transaction')::bigint >= r.start
   and current_setting('user_state.transaction')::bigint < r.upto
   and (current_setting('user_state.entry_id')::bigint > r.after or r.upto = 9223372036854775807)
 order by s.number;
