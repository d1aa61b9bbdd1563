-- Who holds a lock for which somebody who writes the tables may have to wait: sessions and prepared
-- transactions, those that began first first, each as a phrase. Whoever only waits for another of
-- them is left out. The second column tells their transactions apart.
--
-- Who runs it: the application, when it gives up waiting; or a DBA. Two settings say more:
--   user_state.tables   names of tables, with commas between them; otherwise those of the accounts
--   user_state.readers  on: those who only read count too, for whoever wants the table to itself
-- Why it is safe: it reads the catalog and nothing else. Everybody may see these columns, but for the
-- time since when a session's transaction runs: that is shown to members of pg_read_all_stats.

with holders as materialized (
  select l.pid, l.virtualtransaction,
         (select pg_catalog.max(pg_catalog.age(x.transactionid))
            from pg_catalog.pg_locks x
           where x.locktype = 'transactionid' and x.granted
             and x.virtualtransaction = l.virtualtransaction
             and x.pid is not distinct from l.pid) as age
    from pg_catalog.pg_locks l
   where l.locktype = 'relation' and l.granted
     and (l.mode <> 'AccessShareLock'
          or pg_catalog.current_setting('user_state.readers', true) = 'on')
     and l.database = (select d.oid from pg_catalog.pg_database d
                        where d.datname = pg_catalog.current_database())
     and l.relation in (
           select pg_catalog.to_regclass(pg_catalog.btrim(t.name))
             from pg_catalog.unnest(pg_catalog.string_to_array(
                    coalesce(nullif(pg_catalog.current_setting('user_state.tables', true), ''),
                             'public.user_fsm, public.accounts_user'), ',')) as t (name))
     and l.pid is distinct from pg_catalog.pg_backend_pid()
   group by l.pid, l.virtualtransaction
)
select case
         when h.pid is null
           then pg_catalog.format('the prepared transaction %s of %s, since %s', p.gid, p.owner,
                                  pg_catalog.to_char(p.prepared, 'YYYY-MM-DD HH24:MI:SS TZ'))
         else pg_catalog.format('pid %s (%s)', h.pid, pg_catalog.concat_ws(', ',
                pg_catalog.pg_get_userbyid(a.usesysid), nullif(a.application_name, ''),
                'since ' || pg_catalog.to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ')))
       end as holder,
       h.virtualtransaction
  from holders h
  left join pg_catalog.pg_stat_activity a on a.pid = h.pid
  -- The locks of a prepared transaction have no pid; its own is the lock of its transaction id.
  left join pg_catalog.pg_locks own
    on h.pid is null and own.pid is null and own.locktype = 'transactionid' and own.granted
   and own.virtualtransaction = h.virtualtransaction
  left join pg_catalog.pg_prepared_xacts p on p.transaction = own.transactionid
 where (h.pid is not null or p.gid is not null)
   and not exists (
         -- A prepared transaction that blocks has 0 in the place of a pid.
         select from pg_catalog.unnest(pg_catalog.pg_blocking_pids(h.pid)) as b (pid)
          where b.pid = 0 or b.pid in (select other.pid from holders other))
 order by h.age desc nulls last, h.pid;
