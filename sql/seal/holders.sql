-- Whose transaction keeps entries from being sealed: the oldest that has not ended, in any
-- database of the server. (pid, program, role, database, since, gid); gid of a prepared one.
--
-- Who runs it: seal_audit, after sql/verify/settings.sql.
-- Why it is safe: it only reads. Every role sees who holds a lock on which transaction; since when
-- a session of another role is in it, only a member of pg_read_all_stats sees.

select l.pid, coalesce(s.application_name, p.gid), coalesce(s.usename, p.owner),
       coalesce(s.datname, p.database), coalesce(s.xact_start, p.prepared)::text, p.gid
  from pg_locks l
  left join pg_stat_activity s on s.pid = l.pid
  left join pg_prepared_xacts p on l.pid is null and p.transaction = l.transactionid
 where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
   and l.transactionid::text::bigint
       = pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296;
