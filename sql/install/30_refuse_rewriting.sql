-- refuse_rewriting(): what was written stays. Refuses UPDATE, DELETE and TRUNCATE. The UPDATE of an
-- entry is for 30_refuse_all_but_erasure.sql to judge.
--
-- Who runs it: nobody calls it. Triggers do, for whoever tries, the owner included.
-- Why it is safe: it does nothing but raise. The triggers are ENABLE ALWAYS, so that a replica
-- role does not skip them: see 34_guards.sql.
-- Safe to run again: it states what has to be true.

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
          hint = 'verify_audit tells what is wrong in it, and it stays there.';
end
$function$;

comment on function public.refuse_rewriting() is
  'Keeps the audit append-only. Run by triggers on its tables only.';

-- NOTE: no execute for anybody: a trigger runs its function without it.
revoke execute on function public.refuse_rewriting() from public;
