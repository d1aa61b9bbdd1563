-- verify_user_state_seals(): whether what was sealed is still what is there. One row for each
-- finding; none when all is well.
--
-- Who runs it: verify_user_state_audit(). The signatures are checked by verify_audit: PostgreSQL
-- knows no Ed25519. Without them, who may rewrite the entries may rewrite the seals too.
-- Why it is safe: it only reads, all of it in the snapshot of the statement that calls it, and
-- runs as its owner, so that every reader may ask.

create or replace function public.verify_user_state_seals(since timestamptz default null)
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
  seal       public.user_state_seal;
  earlier    public.user_state_seal;
  chained_to text;
  reach      record;
  present    record;
  sealed     numeric := 0;
  expected   bigint;
begin
  kind := 'seal';
  for seal in
    select * from public.user_state_seal s order by s.number
  loop
    object := 'seal ' || seal.number;
    sealed := sealed + seal.lines;
    if seal.number <> coalesce(earlier.number, 0) + 1 then
      detail := 'follows on ' || coalesce('seal ' || earlier.number, 'nothing');
      return next;
    end if;
    if since is null or seal.sealed_at >= since then
      chained_to := case
        when earlier.number is null then repeat('0', 64)
        else encode(sha256(convert_to(public.user_state_seal_text(earlier), 'UTF8')), 'hex')
      end;
      if seal.previous is distinct from chained_to then
        detail := 'is not chained to the seal before it';
        return next;
      end if;
      select * into present from public.user_state_seal_digest(seal);
      if present.lines <> seal.lines then
        detail := 'sealed ' || seal.lines || ' entries between ' || seal.first_id || ' and '
          || seal.last_id || '; now there are ' || present.lines;
        return next;
      elsif present.digest <> seal.digest then
        detail := 'is broken: the entries between ' || seal.first_id || ' and ' || seal.last_id
          || ' are not what they were';
        return next;
      end if;
    end if;
    earlier := seal;
  end loop;
  if earlier.number is null then
    return;
  end if;

  -- No entry in none: as many as the seals count shall be within their reach.
  select * into reach from public.user_state_seal_reach(earlier.number);
  select count(*) into expected
    from public.user_state_audit a
   where a.id <= reach.after_id or a.transaction_id < reach.sealed_below;
  if expected <> sealed then
    object := 'seals 1 to ' || earlier.number;
    detail := 'sealed ' || sealed || ' entries; now there are ' || expected
      || ' of their transactions';
    return next;
    for entry_id, user_id in
      select a.id, a.user_id from public.user_state_audit a
       where a.id > reach.sealed_id and a.transaction_id < reach.sealed_below
       order by a.id
       limit 100
    loop
      object := 'entry ' || entry_id;
      detail := 'says that it is of a transaction that was sealed without it: written later, or'
        ' since a restore';
      return next;
    end loop;
  end if;

  -- Nor in none for ever. Where a dump was restored, the numbers are of the server before.
  for entry_id, user_id in
    select a.id, a.user_id from public.user_state_audit a
     where earlier.system_id = (select c.system_identifier from pg_control_system() c)
       and a.id > reach.after_id
       and a.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
     order by a.id
     limit 100
  loop
    object := 'entry ' || entry_id;
    detail := 'says that it is of a transaction that has not been yet: forged, or of another server';
    return next;
  end loop;
end
$function$;

comment on function public.verify_user_state_seals(timestamptz) is
  'Finds sealed entries that were changed, removed or added. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_seals(timestamptz) from public;
