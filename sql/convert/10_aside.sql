-- user_state_conversion: the schema in which the audit of the first release, one plain table, is copied
-- into one of months. All of it has the names that it keeps.
--
-- Who runs it: migrate, once; needs to create schemas in the database. maintain/months.sql follows, in
-- the same transaction, and makes the months from the oldest entry on.
-- Why it is safe: it only makes what nobody else knows, and reads the audit.
-- Safe to run again: what is there stays, unless transactions count from the beginning since, as after a restore:
-- then the copy begins again.

do $$
begin
  perform set_config('user_state.schema', 'user_state_conversion', true),
          set_config('user_state.first_month', '', true);
  -- Two that migrate at once: the second finds what the first made.
  perform pg_advisory_xact_lock(hashtext('user_state_conversion'));
  if to_regnamespace('user_state_conversion') is not null then
    if (select pg_snapshot_xmax(p.seen) <= pg_snapshot_xmax(pg_current_snapshot())
          from user_state_conversion.progress p) then
      return;
    end if;
    drop schema user_state_conversion cascade;
  end if;

  create schema user_state_conversion;

  -- As in install/22_user_state_audit.sql, which says in the end what the columns mean.
  create table user_state_conversion.user_state_audit (
    id               bigint generated always as identity,
    username         text        not null,
    initiated_by     text        not null,
    start_state      text        not null,
    end_state        text        not null,
    datetime         timestamptz not null,
    ip_address       text        not null,
    user_id          bigint      not null,
    transition       text,
    reason           text,
    request_id       text,
    initiator_id     bigint,
    impersonator     text,
    db_user          text        not null,
    application_name text,
    client_addr      inet,
    transaction_id   bigint      not null,
    subject_salt     bytea,
    subject_digest   bytea,
    actor_salt       bytea,
    actor_digest     bytea,
    primary key (id, datetime)
  ) partition by range (datetime);
  create index user_state_audit_user_id_id
    on user_state_conversion.user_state_audit (user_id, id);
  create index user_state_audit_transaction_id
    on user_state_conversion.user_state_audit using brin (transaction_id)
    with (pages_per_range = 32, autosummarize = on);

  create table user_state_conversion.progress (
    number   smallint    not null primary key check (number = 1),
    upto     bigint,                        -- ids up to this one are copied; null: none is
    copied   bigint      not null,
    entries  bigint      not null,          -- when it began
    complete boolean     not null,          -- what was there when it began is copied
    seen     pg_snapshot not null           -- what was committed for this one is copied, if complete
  );
  insert into user_state_conversion.progress (number, upto, copied, entries, complete, seen)
  select 1, null, 0, count(*), false, pg_current_snapshot()
    from public.user_state_audit;

  -- What is older was forged, and no reason to make its month.
  perform set_config('user_state.first_month', (
    select date_trunc('month', least(min(a.datetime), clock_timestamp()) at time zone 'UTC')::text
      from public.user_state_audit a
     where a.datetime >= '2020-01-01 00:00+00'), true);
end
$$;
