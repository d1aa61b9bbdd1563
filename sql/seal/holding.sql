-- The seal that holds the entry user_state.entry_id of the transaction user_state.transaction, of
-- those made since user_state.since, as the receipts say: (number, format, receipt). One row, or
-- none. Whether it is void, or forged, is not told here.
--
-- Who runs it: the supervisors' desk, for the page of an entry.
-- Why it is safe: it only reads. Numbers are numeric, for a receipt may hold what no bigint does.
-- There may be a seal for each minute of many years: the first that is late enough is found by
-- halving, and of those behind it one of the next ones holds the entry.

with recursive made (low, high) as (
  select 0::bigint, (select max(s.number) from public.user_state_seal s)
  union all
  select case when h.is_earlier then h.middle else h.low end,
         case when h.is_earlier then h.high else h.middle - 1 end
    from (
      select m.low, m.high, (m.low + m.high + 1) / 2 as middle,
             coalesce(
               (select split_part(s.receipt, ' ', 5) collate "C"
                       < 'at=' || current_setting('user_state.since')
                  from public.user_state_seal s
                 where s.number <= (m.low + m.high + 1) / 2
                 order by s.number desc
                 limit 1), true) as is_earlier
        from made m
       where m.low < m.high
    ) h
)
select s.number, s.format, s.receipt
  from public.user_state_seal s
 where s.number >= (select max(m.low) from made m)
   and s.format = 2
   and current_setting('user_state.entry_id')::numeric
       between substr(split_part(s.receipt, ' ', 12), 7)::numeric
           and substr(split_part(s.receipt, ' ', 13), 6)::numeric
   and current_setting('user_state.transaction')::numeric
       >= substr(split_part(s.receipt, ' ', 9), 6)::numeric
   and current_setting('user_state.transaction')::numeric
       < substr(split_part(s.receipt, ' ', 10), 6)::numeric
   and (current_setting('user_state.entry_id')::numeric
        > substr(split_part(s.receipt, ' ', 8), 7)::numeric
        or split_part(s.receipt, ' ', 10) = 'upto=9223372036854775807')
 order by s.number
 limit 1;
