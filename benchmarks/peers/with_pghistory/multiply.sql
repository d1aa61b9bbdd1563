-- Copies of each event, each with a copy of its context: each was written by a request of its own.

do $$
declare
  since bigint := %s;
  copies integer := %s;
  event constant text := 'with_pghistory_trackeduserfsmevent';
  columns text := (
    select string_agg(quote_ident(column_name), ', ') from information_schema.columns
     where table_schema = 'public' and table_name = event and is_identity = 'NO');
begin
  execute format('create temporary table written as'
                 ' select e.*, copy, gen_random_uuid() as new_context'
                 '   from %%I e, generate_series(1, %%s) copy where e.pgh_id > %%s',
                 event, copies, since);
  insert into pghistory_context (id, created_at, updated_at, metadata)
  select w.new_context, c.created_at, c.updated_at, c.metadata
    from written w join pghistory_context c on c.id = w.pgh_context_id
   order by w.copy, w.pgh_id;
  update written set pgh_context_id = new_context;
  execute format('insert into %%I (%%s) select %%s from written order by copy, pgh_id',
                 event, columns, columns);
  drop table written;
end
$$;
