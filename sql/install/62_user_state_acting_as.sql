-- user_state_acting_as(): names who asks for the changes of this transaction, and why.
--
--   begin;
--   select user_state_acting_as('peter', 'ticket 4711');
--   update user_fsm set current_state = 'locked' where user_id = 42;
--   commit;
--
-- Who runs it: whoever changes states in psql.
-- Why it is safe: it sets claims, which everybody may, for the rest of the transaction. The role, the program
-- and the address that connected stand beside them in each entry, and the desk shows those entries as
-- from outside the application.
-- Outside of a transaction it refuses what is sent as a simple query, as psql does. In the extended protocol
-- (psql's \bind, JDBC, psycopg 3 with parameters) nothing tells it whether a transaction has begun: begin one.
-- Safe to run again: it states what has to be true.

create or replace function public.user_state_acting_as(name text, reason text default null)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
  -- What the client sent, but for comments and whatever is quoted.
  message text := regexp_replace(current_query(),
    '(?:''[^'']*''|"[^"]*"|--[^\n]*(?:\n|$)|/\*.*?\*/|\$(\w*)\$.*?\$\1\$){1,1}?', ' ', 'g');
  callers text;
begin
  if coalesce(name, '') !~ '[[:alnum:]]' or name ~ '[[:cntrl:]]'
     or name ~* '^\W*(system:|(anonymous|erased|unknown|unreadable|cli)\W*$)' then
    raise exception 'Say who asks for it: % is no name.', coalesce(quote_literal(left(name, 300)), 'null')
      using errcode = 'invalid_parameter_value',
            hint = 'A name has a letter or a digit and no control character, and is none that the audit'
                   ' itself uses, such as CLI, anonymous and system:….';
  end if;
  -- In a transaction of its own, the name would be gone before anything is changed. It is one if it began
  -- with this message, no function calls this one, and the message neither begins one before this
  -- call nor has anything behind it.
  get diagnostics callers = pg_context;
  if statement_timestamp() = transaction_timestamp()
     and callers !~ '\n'
     and message !~* '\m(begin|start)\M.*user_state_acting_as|user_state_acting_as.*;\s*\S' then
    raise exception 'No transaction has begun, in which % could act.', left(name, 300)
      using errcode = 'no_active_sql_transaction',
            hint = 'begin; select user_state_acting_as(…); then the changes, and commit.';
  end if;
  perform set_config('app.user', name, true), set_config('app.reason', coalesce(reason, ''), true),
          -- Nothing of whom this connection may have named before.
          set_config('app.user_id', '', true), set_config('app.impersonator', '', true),
          set_config('app.ip', '', true), set_config('app.request_id', '', true);
end
$function$;

comment on function public.user_state_acting_as(text, text) is
  'Names who asks for the changes of this transaction, and why: claims, beside the facts of the connection.';

-- NOTE: everybody may run it, as they may run set_config.
grant execute on function public.user_state_acting_as(text, text) to public;
