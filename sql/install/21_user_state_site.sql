-- user_state_site: which site this is, so that its seals are not taken for another one's.
--
-- Who runs it: migrate, or a DBA, after 10_roles.sql.
-- Safe to run again: the one row is made once and stays.

create table if not exists public.user_state_site (
  number smallint not null primary key,
  site   uuid     not null,
  constraint user_state_site_is_one check (number = 1)
);

comment on table public.user_state_site is
  'One row: the name of this site, made when the audit was installed. Every seal bears it.';

insert into public.user_state_site (number, site)
select 1, gen_random_uuid()
 where not exists (select from public.user_state_site)
on conflict (number) do nothing;
