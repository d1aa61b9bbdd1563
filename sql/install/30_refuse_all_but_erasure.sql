-- refuse_all_but_erasure(): the only thing that can be rewritten is to forget. Refuses each UPDATE but
-- one that erases the subject's part of an entry, or the actor's, or both, and leaves in its place the
-- hash of what was there, so that every seal and proof still holds.
--
-- Who runs it: nobody calls it. Triggers do, for whoever tries, the owner included.
-- Why it is safe: it computes itself what an entry becomes, and compares byte for byte, columns of a
-- later release included. The triggers are AFTER, so that none of somebody else's changes the entry
-- behind its back, and ENABLE ALWAYS, so that a replica role does not skip them: see 34_guards.sql.
-- What it does not ask is who erases, and why: verify_audit finds what was erased without a record.
-- Safe to run again: it states what has to be true.

create or replace function public.refuse_all_but_erasure()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
  allowed record := OLD;
begin
  -- That somebody was forgotten, and why, is never forgotten.
  if NEW.subject_salt is null and octet_length(OLD.subject_salt) = 16
     and (OLD.start_state = OLD.end_state and OLD.transition = 'forgotten') is not true then
    allowed.subject_digest := sha256(decode('02', 'hex') || OLD.subject_salt || convert_to(
      array_to_json(array[OLD.username, OLD.reason])::text, 'UTF8'));
    allowed.subject_salt := null;
    allowed.username := 'erased';
    allowed.reason := null;
  end if;
  if NEW.actor_salt is null and octet_length(OLD.actor_salt) = 16 then
    allowed.actor_digest := sha256(decode('03', 'hex') || OLD.actor_salt || convert_to(
      array_to_json(array[
        OLD.initiated_by, OLD.initiator_id::text, OLD.impersonator, OLD.ip_address, OLD.request_id,
        OLD.db_user, OLD.application_name, OLD.client_addr::text])::text, 'UTF8'));
    allowed.actor_salt := null;
    allowed.initiated_by := 'erased';
    allowed.initiator_id := null;
    allowed.impersonator := null;
    allowed.ip_address := 'erased';
    allowed.request_id := null;
    allowed.db_user := 'erased';
    allowed.application_name := null;
    allowed.client_addr := null;
  end if;
  if NEW *= allowed and NEW *<> OLD then
    return null;
  end if;
  raise exception '% is append-only: % is refused', TG_RELID::regclass, TG_OP
    using errcode = 'insufficient_privilege',
          hint = 'A part of an entry can be erased as a whole, by forget_user, and nothing else.';
end
$function$;

comment on function public.refuse_all_but_erasure() is
  'Keeps the audit append-only, but for what forget_user does. Run by triggers on its months only.';

-- NOTE: no execute for anybody: a trigger runs its function without it.
revoke execute on function public.refuse_all_but_erasure() from public;
