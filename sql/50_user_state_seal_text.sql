-- user_state_seal_text(): what is signed of a seal: one line, without the signature.
--
-- Who runs it: seal_audit and the verify functions.
-- Why it is safe: it reads its argument and nothing else.

create or replace function public.user_state_seal_text(seal public.user_state_seal)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $function$
  select 'user-state-seal v=1'
      || ' number='   || seal.number
      || ' at='       || to_char(seal.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || ' system='   || seal.system_id
      || ' after='    || seal.after_id
      || ' from='     || seal.from_transaction
      || ' upto='     || seal.upto_transaction
      || ' lines='    || seal.lines
      || ' first='    || seal.first_id
      || ' last='     || seal.last_id
      || ' digest='   || seal.digest
      || ' previous=' || seal.previous
      || ' key='      || seal.key_id
$function$;

comment on function public.user_state_seal_text(public.user_state_seal) is
  'The text of a seal that is signed. See docs/seals.md.';
