-- user_state_seal_digest(): how many lines a seal covers, and their digest.
--
-- Who runs it: next_user_state_seal() and verify_user_state_seals(); or whoever wants to know.
-- Why it is safe: it only reads. Nothing that a session can set enters the digest: no time zone,
-- no date style, no locale, no encoding.
-- The lines are taken in the order of their ids, in blocks of a thousand ids, so that memory
-- stays small however many there are.

create or replace function public.user_state_seal_digest(
  seal public.user_state_seal, out lines bigint, out digest text
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
  -- A seal that begins a new epoch takes what those before it left.
  takes_rest   boolean := seal.upto_transaction = 9223372036854775807;
  sealed_id    bigint;
  sealed_below bigint;
  next_id      bigint := seal.first_id;
  block_end    bigint;
  chain        bytea := decode(repeat('00', 32), 'hex');
  block        record;
begin
  if takes_rest then
    select r.sealed_id, r.sealed_below into sealed_id, sealed_below
      from public.user_state_seal_reach(seal.number - 1) r;
  end if;
  lines := 0;
  loop
    select min(a.id) into next_id
      from public.user_state_audit a
     where a.id >= next_id and a.id <= seal.last_id;
    exit when next_id is null;
    block_end := least(next_id / 1000 * 1000::numeric + 999, seal.last_id);
    select count(*) as lines,
           string_agg(
             array_to_json(array[
               a.id::text, a.username, a.initiated_by, a.start_state, a.end_state,
               extract(epoch from a.datetime)::text, a.ip_address, a.user_id::text, a.transition,
               a.reason, a.request_id, a.db_user, a.application_name, a.client_addr::text,
               a.transaction_id::text])::text,
             E'\n' order by a.id) as text
      into block
      from public.user_state_audit a
     where a.id between next_id and block_end
       and case
             when takes_rest then a.id > sealed_id or a.transaction_id >= sealed_below
             else a.transaction_id >= seal.from_transaction
              and a.transaction_id < seal.upto_transaction
           end;
    if block.lines > 0 then
      chain := sha256(chain || sha256(convert_to(block.text, 'UTF8')));
      lines := lines + block.lines;
    end if;
    exit when block_end = seal.last_id;
    next_id := block_end + 1;
  end loop;
  digest := encode(chain, 'hex');
end
$function$;

comment on function public.user_state_seal_digest(public.user_state_seal) is
  'How many lines of user_state_audit a seal covers, and their digest. See docs/seals.md.';
