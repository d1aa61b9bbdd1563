-- Where the blocks of ids begin, in which the entries from user_state.first_id to
-- user_state.last_id are read: each has user_state.block ids, and none is empty.
--
-- Who runs it: seal_audit, verify_audit and prove_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads, one entry for each block.

with recursive span as materialized (
  select current_setting('user_state.first_id')::bigint as first_id,
         current_setting('user_state.last_id')::bigint as last_id,
         current_setting('user_state.block')::bigint as ids
),
block (begins) as (
  select (select a.id from public.user_state_audit a, span s
           where a.id between s.first_id and s.last_id order by a.id limit 1)
  union all
  select (select a.id from public.user_state_audit a
           where a.id between b.begins + s.ids and s.last_id order by a.id limit 1)
    from block b, span s
   where b.begins <= s.last_id - s.ids
)
select b.begins from block b where b.begins is not null order by b.begins;
