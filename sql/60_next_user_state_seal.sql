-- next_user_state_seal(): the seal that is to be made now, without its signature.
--
-- Who runs it: seal_audit, which signs what it returns and inserts it.
-- Why it is safe: it only reads, and all of it in the snapshot of the statement that calls it.
-- Every transaction below the snapshot's xmin has ended, so no line of theirs can still come:
-- each line is in exactly one seal, however many sealers there are and however long others write.
-- With no new lines it returns nothing.
-- On another server transactions count from another number, so after a restore, and for another
-- key, it refuses to go on without new_epoch. With it, the seal takes every line that is in none
-- yet, and transactions count anew after it. Nobody may write meanwhile: seal_audit locks user_fsm.

create or replace function public.next_user_state_seal(key_id text, new_epoch boolean default false)
returns setof public.user_state_seal
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
  endless constant bigint := 9223372036854775807;
  latest  public.user_state_seal;
  reach   record;
  seal    public.user_state_seal;
  horizon bigint;
begin
  select * into latest from public.user_state_seal s order by s.number desc limit 1;
  seal.number := coalesce(latest.number, 0) + 1;
  seal.sealed_at := clock_timestamp();
  seal.system_id := (select c.system_identifier from pg_control_system() c);
  seal.key_id := key_id;
  seal.signature := '';
  seal.previous := case
    when latest.number is null then repeat('0', 64)
    else encode(sha256(convert_to(public.user_state_seal_text(latest), 'UTF8')), 'hex')
  end;
  horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  select * into reach from public.user_state_seal_reach(latest.number);
  if not new_epoch and (latest.system_id <> seal.system_id or reach.sealed_below > horizon) then
    raise exception 'Seal % was made on another server: the database was restored since.',
      latest.number
      using errcode = 'object_not_in_prerequisite_state', hint = 'Begin a new epoch.';
  end if;
  if not new_epoch and latest.key_id <> seal.key_id then
    raise exception 'Seal % was made with the key %, not with %.',
      latest.number, latest.key_id, seal.key_id
      using errcode = 'object_not_in_prerequisite_state',
            hint = 'Use that key, or begin a new epoch.';
  end if;
  if new_epoch then
    -- An older snapshot would miss what was committed before user_fsm was locked.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
      raise exception 'A new epoch begins in a read committed transaction only.'
        using errcode = 'feature_not_supported';
    end if;
    seal.from_transaction := 0;
    seal.upto_transaction := endless;
    seal.after_id := coalesce((select max(a.id) from public.user_state_audit a), 0);
    select coalesce(min(a.id), 0), coalesce(max(a.id), 0) into seal.first_id, seal.last_id
      from public.user_state_audit a
     where a.id > reach.after_id
       and (a.id > reach.sealed_id or a.transaction_id >= reach.sealed_below);
  else
    seal.from_transaction := reach.sealed_below;
    seal.upto_transaction := horizon;
    seal.after_id := reach.after_id;
    -- The count keeps the planner from looking for the least id from the beginning.
    select coalesce(min(a.id), 0), coalesce(max(a.id), 0), count(*)
      into seal.first_id, seal.last_id, seal.lines
      from public.user_state_audit a
     where a.id > seal.after_id
       and a.transaction_id >= seal.from_transaction
       and a.transaction_id < seal.upto_transaction;
    if seal.lines = 0 then
      return;
    end if;
  end if;
  select d.lines, d.digest into seal.lines, seal.digest
    from public.user_state_seal_digest(seal) d;
  return next seal;
end
$function$;

comment on function public.next_user_state_seal(text, boolean) is
  'The seal that is to be made now, without its signature. Used by seal_audit.';
