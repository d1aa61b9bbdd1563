-- verify_user_state_audit(): everything that PostgreSQL can tell about the audit's integrity.
-- One row for each finding; none when all is well:
--
--   select * from public.verify_user_state_audit();
--   select * from public.verify_user_state_audit(since => now() - interval '1 day');
--   select * from public.verify_user_state_audit(of_user => 42);
--
-- Who runs it: verify_audit, and whoever is a member of user_state_audit_reader.
-- Why it is safe: it only reads. Everything is seen in one snapshot, that of the statement, so
-- what others write meanwhile is no finding.
-- The seals are left out for one user: they are of everybody's entries.

create or replace function public.verify_user_state_audit(
  since timestamptz default null, of_user bigint default null
)
returns table (kind text, object text, user_id bigint, entry_id bigint, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
  return query select * from public.verify_user_state_protection();
  -- Where a table or a column is gone, or holds what cannot be, what is left is looked at all the
  -- same.
  begin
    return query select * from public.verify_user_state_history(since, of_user);
  exception
    when syntax_error_or_access_rule_violation or data_exception then
      return query select 'table', 'histories', null::bigint, null::bigint,
                          'could not be looked at: ' || sqlerrm;
  end;
  if of_user is null then
    begin
      return query select * from public.verify_user_state_seals(since);
    exception
      when syntax_error_or_access_rule_violation or data_exception then
        return query select 'table', 'seals', null::bigint, null::bigint,
                            'could not be looked at: ' || sqlerrm;
    end;
  end if;
end
$function$;

comment on function public.verify_user_state_audit(timestamptz, bigint) is
  'Finds what is wrong with the audit: protection, histories and seals. No row: all is well.';

-- NOTE: no execute for everybody: 95_grants.sql says who may ask.
revoke execute on function public.verify_user_state_audit(timestamptz, bigint) from public;
