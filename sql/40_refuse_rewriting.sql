-- refuse_rewriting(): what was written stays. Refuses UPDATE, DELETE and TRUNCATE of the audit.
--
-- Who runs it: nobody calls it. Triggers do, for whoever tries, the owner included.
-- Why it is safe: it does nothing but raise. The triggers are ENABLE ALWAYS, so that a replica
-- role does not skip them; and they fire for each row, so that a table put above the audit as
-- its parent does not go round them.
-- Safe to run again: it states what shall be true.

create or replace function public.refuse_rewriting()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $function$
begin
  raise exception '% is append-only: % is refused', TG_RELID::regclass, TG_OP
    using errcode = 'insufficient_privilege',
          hint = 'What is wrong in it is told by verify_audit, and stays.';
end
$function$;

comment on function public.refuse_rewriting() is
  'Keeps the audit append-only. Run by the triggers on user_state_audit and user_state_seal.';

-- NOTE: no execute for anybody: a trigger runs its function without it.
revoke execute on function public.refuse_rewriting() from public;

create or replace trigger refuse_rewriting
  before update or delete on public.user_state_audit
  for each row execute function public.refuse_rewriting();
create or replace trigger refuse_truncate
  before truncate on public.user_state_audit
  for each statement execute function public.refuse_rewriting();

alter table public.user_state_audit enable always trigger refuse_rewriting;
alter table public.user_state_audit enable always trigger refuse_truncate;
