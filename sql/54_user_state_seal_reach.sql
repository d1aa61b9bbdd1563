-- user_state_seal_reach(): how far the seals up to a number reach.
--
-- Who runs it: the other functions of the seals.
-- Why it is safe: it only reads.
-- A line is beyond their reach when its id is greater than after_id, and it is of a transaction
-- from sealed_below on. What was written before transactions began to count anew has an id up to
-- after_id. sealed_id is the greatest that was sealed since.

create or replace function public.user_state_seal_reach(
  upto_number bigint, out after_id bigint, out sealed_id bigint, out sealed_below bigint
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $function$
begin
  after_id := coalesce(
    (select s.after_id from public.user_state_seal s where s.number = upto_number), 0);
  select coalesce(greatest(max(s.last_id), user_state_seal_reach.after_id),
                  user_state_seal_reach.after_id),
         coalesce(max(s.upto_transaction), 0)
    into sealed_id, sealed_below
    from public.user_state_seal s
   where s.number <= upto_number
     and s.after_id = user_state_seal_reach.after_id
     and s.upto_transaction < 9223372036854775807;
end
$function$;

comment on function public.user_state_seal_reach(bigint) is
  'Which lines the seals up to a number have not reached. See docs/seals.md.';
