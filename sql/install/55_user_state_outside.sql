-- user_state_outside(): the entries that did not come from the application, whatever they claim: nobody asked
-- by it (CLI), or the connection was not one of its own, by the role or by the name of the program.
--
--   select * from user_state_outside(now() - interval '30 days') order by id desc limit 50;
--
-- Who runs it: members of user_state_audit_reader.
-- Why it is safe: it only reads, and as whoever asks.
-- The names that the application's programs give themselves are in no table: where there are more than one,
-- as AUDIT_PROGRAMS has them, name them all. An actor who was erased, of whom the digest is left, may have
-- been anybody.
-- Where entries are archived, those that are kept are in it.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_outside(
  since timestamptz, until timestamptz default 'infinity', programs text[] default '{user-state-audit}'
)
returns setof public.user_state_audit
language sql
stable
security invoker
parallel safe
as $function$
  select a.*
    from public.user_state_audit a
   where a.datetime >= since and a.datetime < until
     and a.actor_digest is null
     and programs is not null
     and (a.initiated_by = 'CLI'
          or a.db_user <> all ((select public.user_state_roles())::text[])
          or (a.application_name = any (programs)) is not true)
$function$;

comment on function public.user_state_outside(timestamptz, timestamptz, text[]) is
  'Entries that did not come from the application: nobody asked by it, or the connection was not its own.';
