-- What a seal takes that begins a new epoch: (least id, greatest id, how many) of the entries that
-- are in no seal yet, where seals reach to user_state.after, user_state.mark and
-- user_state.horizon; and the greatest id of all.
--
-- Who runs it: seal_audit --new-epoch, after sql/verify/settings.sql, with user_fsm locked.
-- Why it is safe: it only reads.
-- What has a greater id than any sealed one counts whatever its transaction: after a restore,
-- transactions have other numbers. An id that no sequence comes to is left for the next seal, by its
-- transaction: beyond it this epoch could take nothing.

select coalesce(min(a.id), 0), coalesce(max(a.id), 0), count(*),
       (select coalesce(max(b.id), 0)
          from public.user_state_audit b where b.id < current_setting('user_state.no_id_from')::bigint)
  from public.user_state_audit a
 where a.id < current_setting('user_state.no_id_from')::bigint
   and a.id > current_setting('user_state.after')::bigint
   and (a.id > current_setting('user_state.mark')::bigint
        or a.transaction_id >= current_setting('user_state.horizon')::bigint);
