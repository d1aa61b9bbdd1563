-- Makes user_state_maintenance.user_state_audit_kept, which is empty, with kept_id beside it for the ids of
-- what is to be kept; and keeps others from writing into the months before user_state.until.
--
-- Who runs it: archive_audit, first in the transaction that drops these months; keep.sql follows, once the
-- ids are there.
-- Why it is safe: it deletes nothing. It waits for 200 ms at most for whoever writes into an old month, as
-- somebody does whose clock is wrong; nobody else has to wait.

set local lock_timeout = '200ms';
lock table public.user_state_archive in share row exclusive mode;

do $$
declare
  partition regclass;
begin
  for partition in
    select c.oid
      from pg_catalog.pg_inherits i
      join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'public.user_state_audit'::regclass
       and (c.relname = 'user_state_audit_kept'
            or c.relname ~ '^user_state_audit_[0-9]{4}_(0[1-9]|1[0-2])$'
           and to_timestamp(right(c.relname, 7), 'YYYY_MM') < current_setting('user_state.until')::timestamptz)
     order by c.relname
  loop
    execute format('lock table %s in share mode', partition);
  end loop;
end
$$;

create schema user_state_maintenance;
create table user_state_maintenance.user_state_audit_kept
  (like public.user_state_audit including all excluding identity excluding comments);
create table user_state_maintenance.kept_id (id bigint not null primary key);

-- So that exchange.sql need not look at each entry while everybody waits.
do $$
begin
  execute format('alter table user_state_maintenance.user_state_audit_kept'
                 ' add constraint is_archived check (datetime >= %L and datetime < %L)',
                 current_setting('user_state.since')::timestamptz,
                 current_setting('user_state.until')::timestamptz);
end
$$;
