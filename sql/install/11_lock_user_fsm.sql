-- Locks user_fsm until the end of the transaction, before anything else of a live site is locked.
--
-- Who runs it: migrate, or a DBA, before the tables and the triggers. Needs to own user_fsm.
-- Why it is safe: changes of state wait for it, readers do not. A change locks user_fsm and then the
-- audit; whoever makes the audit the other way round would deadlock with it.

do $$
begin
  if to_regclass('public.user_fsm') is not null then
    lock table public.user_fsm in share row exclusive mode;
  end if;
end
$$;
