-- user_state_last_username(): what a user was called last, who is no more in accounts_user.
--
-- Who runs it: record_user_state(), for users whose own row went first in the same transaction.
-- Why it is a function of its own: whatever reads the audit in the statement that writes an entry
-- would make each change open every month.
-- Why it is safe: it only reads, and runs as whoever calls it, which is the owner of the audit.

create or replace function public.user_state_last_username(of_user bigint)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $function$
begin
  -- Where the last entry says deleted, it was another user of the same number; where it was erased, the
  -- name was.
  return coalesce((select last.username
                     from (select a.username, a.end_state, a.subject_digest
                             from public.user_state_audit a
                            where a.user_id = of_user
                            order by a.id desc
                            limit 1) as last
                    where last.end_state <> 'deleted' and last.subject_digest is null),
                  '#' || of_user);
end
$function$;

comment on function public.user_state_last_username(bigint) is
  'What a user was called last. Run by record_user_state() only.';

-- NOTE: no execute for anybody but its owner: nobody else has a use for it.
revoke execute on function public.user_state_last_username(bigint) from public;
