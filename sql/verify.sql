-- Verifies the audit: what verify_audit finds, but for signatures and receipts.
--
--   psql -f sql/verify.sql
--   psql -v since='2026-01-31' -f sql/verify.sql
--   psql -v user_id=42 -f sql/verify.sql
--
-- Who runs it: a member of user_state_audit_reader. Its exit code is 3 where something was found.
-- Why it is safe: it only reads. First it locks the tables, so that they are not exchanged; then it
-- reads the catalog; and where reading a table would run somebody else's code, no table is read. A
-- superuser, as whom that code could do anything, has to say -v as_superuser=1, and takes locks that
-- keep out whoever would add such code meanwhile. What it finds it keeps nowhere: verify_audit does.

\set QUIET on
\set ON_ERROR_STOP on
-- Before any statement in which an operator or a function is looked up.
set search_path = pg_catalog, pg_temp;
set exit_on_error = off;
\pset null ''
\pset footer off
\if :{?since}
\else
  \set since ''
\endif
\if :{?user_id}
\else
  \set user_id ''
\endif
\if :{?as_superuser}
  \set mode 'share update exclusive'
\else
  \set mode 'access share'
\endif

select pg_catalog.current_setting('is_superuser') = 'on' and :'mode' = 'access share' as refused
\gset
\if :refused
  do $$ begin
    raise exception 'Verify as a member of user_state_audit_reader; or, as a superuser, with'
      ' -v as_superuser=1.';
  end $$;
\endif

-- Ends here where since is no time, or user_id no number.
select nullif(:'since', '')::timestamptz as since_a_time, nullif(:'user_id', '')::bigint as user_a_number
\gset

\unset locks
\ir verify/lockable.sql
begin isolation level repeatable read, read only;
\ir verify/settings.sql
set local statement_timeout = 0;
set local lock_timeout = '10s';
\set locked ''
\if :{?locks}
  lock table :locks in :mode mode;
  \set locked :locks
\endif
\unset locks
\ir verify/lockable.sql
\if :{?locks}
  select string_to_array(:'locks', ', ') <@ string_to_array(:'locked', ', ') as locked_all \gset
  \if :locked_all
  \else
    do $$ begin raise exception 'The tables were exchanged meanwhile: verify again.'; end $$;
  \endif
\endif

\o /dev/null
\ir verify/expected.sql
\ir verify/present.sql
\ir verify/catalog.sql
select set_config('user_state.since', :'since', true),
       set_config('user_state.user_id', :'user_id', true);
\o

\set found 0
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
\set part differences
\ir verify/part.sql
select coalesce(bool_or(d.code), false) as code, :'user_id' = '' as of_everybody
  from jsonb_to_recordset(current_setting('user_state.differences')::jsonb) as d (code boolean)
\gset
\if :code
  \warn 'No table was read: that would run code of somebody else''s.'
\else
  -- Where it can't be looked at, what comes next says so.
  \echo '-- sequence'
  \ir verify/sequence.sql
  \if :ERROR
  \else
    select :found + :ROW_COUNT as found \gset
  \endif
  \set part histories
  \ir verify/part.sql
  \set part transitions
  \ir verify/part.sql
  \if :of_everybody
    \set part entries
    \ir verify/part.sql
    \set part erased
    \ir verify/part.sql
    \set part daily
    \ir verify/part.sql
    \set part carried
    \ir verify/part.sql
    \set part archive
    \ir verify/part.sql
    \set sealed true
    select count(*) > 0 as sealed from public.user_state_seal \gset
    \if :sealed
      \set part seals
      \ir verify/part.sql
    \endif
    select count(*) || ' entries erased.' as erased
      from public.user_state_audit a
     where (a.subject_digest is not null or a.actor_digest is not null)
       and a.datetime >= coalesce(nullif(:'since', '')::timestamptz, '-infinity')
    having count(*) > 0
    \gset
  \endif
\endif
commit;

\if :{?erased}
  \echo :erased
\endif
select :found > 0 as found_something \gset
\if :found_something
  \warn :found found.
  \set ON_ERROR_STOP on
  do $$ begin raise exception 'The audit is not as it should be.'; end $$;
\else
  \echo 'All is well.'
\endif
