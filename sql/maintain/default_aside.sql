-- user_state_maintenance: a schema for the months, and the default partition, that are filled before they
-- take their place. Sets user_state.first_month; '' where nothing has to be moved.
--
-- Who runs it: maintain_audit, or sql/maintain.sql, first in the transaction that moves entries out of
-- user_state_audit_default. months.sql follows.
-- Why it is safe: nobody else knows the schema, and it does not outlive the transaction.

do $$
declare
  first_month timestamp := (
    -- What belongs to no month that will ever be made was forged, and stays where it is.
    select date_trunc('month', min(a.datetime) at time zone 'UTC')
      from public.user_state_audit_default a
     where a.datetime >= '2020-01-01 00:00+00'
       and a.datetime < (date_trunc('month', clock_timestamp() at time zone 'UTC')
                         + interval '13 months') at time zone 'UTC');
begin
  perform set_config('user_state.first_month', coalesce(first_month::text, ''), true);
  if first_month is null then
    return;
  end if;
  perform set_config('user_state.schema', 'user_state_maintenance', true);
  create schema user_state_maintenance;
  create table user_state_maintenance.user_state_audit
    (like public.user_state_audit including all excluding identity excluding comments)
    partition by range (datetime);
end
$$;
