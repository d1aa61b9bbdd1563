-- user_state_seal_waits(): whose transaction keeps entries from being sealed: the oldest that has not ended,
-- in any database of the server.
--
--   select * from user_state_seal_waits();
--
-- Who runs it: members of user_state_audit_reader and user_state_audit_sealer. seal_audit itself asks
-- sql/seal/holders.sql, for it runs no code of a database that it seals.
-- Why it is safe: it only reads, and as whoever asks. Everybody sees who holds a lock on which transaction;
-- since when a session of another role is in it, only a member of pg_read_all_stats sees.
-- A prepared transaction has no program: its name stands there too.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_seal_waits()
returns table (transaction_id bigint, pid integer, program text, role text, database text, since timestamptz,
               prepared text)
language sql
stable
security invoker
as $function$
  select o.transaction_id, l.pid, coalesce(s.application_name, p.gid), coalesce(s.usename, p.owner)::text,
         coalesce(s.datname, p.database)::text, coalesce(s.xact_start, p.prepared), p.gid
    from (select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint)
           o (transaction_id)
    join pg_catalog.pg_locks l
      on l.transactionid::text::bigint = o.transaction_id % 4294967296
    left join pg_catalog.pg_stat_activity s on s.pid = l.pid
    left join pg_catalog.pg_prepared_xacts p on l.pid is null and p.transaction = l.transactionid
   where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
$function$;

comment on function public.user_state_seal_waits() is
  'Whose transaction keeps entries from being sealed; since when, members of pg_read_all_stats see.';
