-- user_state_present(): who is there, what they are called today, and in which state they are.
--
-- Who runs it: members of user_state_audit_reader, or user_state_now for them.
-- Why it is safe: it only reads, and as whoever asks. It is a function and no view, so that the columns of
-- accounts_user and user_fsm may still be made longer.
-- NOTE: no search_path is set for it, nor for the others here: PostgreSQL puts a function with one in place
-- as a whole, and would read everything to find one user. They name the schema of what they read, and
-- compare like with like, which pg_catalog has.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_present()
returns table (user_id bigint, username text, state text)
language sql
stable
security invoker
parallel safe
as $function$
  select f.user_id::bigint, u.username::text, f.current_state::text
    from public.user_fsm f
    left join public.accounts_user u on u.id = f.user_id
$function$;

comment on function public.user_state_present() is
  'Who is there, what they are called today, and in which state they are.';
