-- verify_user_state_protection(): what is missing, changed or added among the tables, triggers,
-- functions and grants that keep the audit. One row for each finding; none when all is well.
--
-- Who runs it: verify_user_state_audit(), /readyz, or whoever wants to know.
-- Why it is safe: it reads the catalog and settings, and runs as its owner, so that every
-- reader may ask. It cannot vouch for itself: verify_audit compares it with this file first.

create or replace function public.verify_user_state_protection()
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
  claim text;
  said  text;
begin
  return query
    select * from public.verify_user_state_tables()
    union all select * from public.verify_user_state_triggers()
    union all select * from public.verify_user_state_rights();

  -- What is preset by a file of the server is in no table. Null sets a setting back to what it was
  -- when the session began; and then it is again what the session says.
  foreach claim in array array['app.user', 'app.ip', 'app.reason', 'app.request_id']
  loop
    said := current_setting(claim, true);
    detail := 'presets ' || claim || '=' || nullif(set_config(claim, null, true), '');
    perform set_config(claim, said, true);
    if detail is not null then
      kind := 'setting';
      object := 'the server, or this connection,';
      return next;
    end if;
  end loop;
end
$function$;

comment on function public.verify_user_state_protection() is
  'Finds what is missing, changed or added among what keeps the audit. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_protection() from public;
