-- Copies of each version, in copies of its revision, whose keys are as far apart as the table is
-- long.

do $$
declare
  since bigint := %s;
  copies integer := %s;
  length bigint := (select max(id) from reversion_revision);
begin
  create temporary table written as
  select v.*, copy from reversion_version v, generate_series(1, copies) copy where v.id > since;
  insert into reversion_revision (id, date_created, user_id, comment)
  select distinct on (copy, r.id) r.id + copy * length, r.date_created, r.user_id, r.comment
    from reversion_revision r join written w on w.revision_id = r.id
   order by copy, r.id;
  insert into reversion_version
    (object_id, content_type_id, format, serialized_data, object_repr, db, revision_id)
  select object_id, content_type_id, format, serialized_data, object_repr, db,
         revision_id + copy * length
    from written order by copy, id;
  perform setval(pg_get_serial_sequence('reversion_revision', 'id'), max(id))
     from reversion_revision;
  drop table written;
end
$$;
