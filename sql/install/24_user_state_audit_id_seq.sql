-- The sequence of the ids of user_state_audit: their identity, one after the other, and beyond the last
-- one.
--
-- Who runs it: migrate, or a DBA, after 22_user_state_audit.sql. Needs to own the audit.
-- After a restore of the data alone, or where a subscription has filled the audit, it is behind.
-- Safe to run again: where it is as it should be, nothing is touched.

do $$
declare
  ids         regclass := to_regclass('public.user_state_audit_id_seq');
  greatest_id bigint;
begin
  if ids is null then
    alter table public.user_state_audit
      alter column id drop identity if exists,
      alter column id add generated always as identity
        (sequence name public.user_state_audit_id_seq);
    ids := 'public.user_state_audit_id_seq';
  elsif (select a.attidentity <> 'a' from pg_catalog.pg_attribute a
          where a.attrelid = 'public.user_state_audit'::regclass and a.attname = 'id') then
    alter table public.user_state_audit alter column id set generated always;
  end if;
  if (select (q.seqtypid, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle)
             is distinct from ('bigint'::regtype::oid, 1::bigint, 1::bigint, 9223372036854775807,
                               1::bigint, false)
        from pg_catalog.pg_sequence q where q.seqrelid = ids) then
    alter sequence public.user_state_audit_id_seq
      as bigint increment by 1 minvalue 1 maxvalue 9223372036854775807 cache 1 no cycle;
  end if;
  if (select c.relpersistence <> 'p' from pg_catalog.pg_class c where c.oid = ids) then
    alter sequence public.user_state_audit_id_seq set logged;
  end if;
  -- What no sequence comes to (2^62) was forged, or set: none would be left behind it.
  select max(a.id) into greatest_id
    from public.user_state_audit a
   where a.id < 4611686018427387904;
  if greatest_id > coalesce(pg_sequence_last_value(ids), 0)
     or pg_sequence_last_value(ids) >= 4611686018427387904 then
    perform setval(ids, coalesce(greatest_id, 1), greatest_id is not null);
  end if;
end
$$;
