-- record_user_state(): writes the entries of user_state_audit.
--
-- Who runs it: nobody calls it. The triggers on user_fsm do, once for each statement, in the
-- transaction of the change: both stand or fall together.
-- Why it is safe: it runs as its owner, so that nobody else needs the right to write the audit.
-- It looks for names in pg_catalog only and names the schema of everything else, so that no
-- temporary or foreign object can take the place of ours. It works for user_fsm alone: attached
-- to another table, it would forge entries. What the application says about itself is cut to a
-- length and otherwise taken as text: nothing that is said can make a change of state fail.
-- It raises every error, but for claims that are no text: those it replaces.

do $$
begin
  if to_regclass('public.user_fsm') is null then
    raise exception 'user_fsm is not in the schema public, where the audit looks for it';
  end if;
end
$$;

create or replace function public.record_user_state()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- A plan is kept for the session. Made while the tables were empty, it must not read them
-- whole for each user once they are large; made for one user, it must serve a hundred thousand.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $function$
declare
  -- Claims, the same for all users of the statement. One that was set and reset is '', not null.
  claimed_user    text := current_setting('app.user', true);
  claimed_address text := current_setting('app.ip', true);
  claimed_reason  text := current_setting('app.reason', true);
  claimed_request text := current_setting('app.request_id', true);
  impersonated_by text := current_setting('app.impersonator', true);
  claimed_key     bigint;
begin
  if TG_RELID <> 'public.user_fsm'::regclass then
    raise exception 'record_user_state() records user_fsm, not %', TG_RELID::regclass
      using errcode = 'insufficient_privilege';
  end if;

  -- What came with the connection, in PGOPTIONS, may be no valid text. It must neither be stored
  -- nor stop the change. Most claims are short, and need not be cut.
  begin
    if octet_length(convert_to(concat_ws(' ', claimed_user, claimed_address, claimed_reason,
                                         claimed_request, impersonated_by), 'UTF8')) > 64 then
      claimed_user    := left(claimed_user, 300);
      claimed_address := left(claimed_address, 64);
      claimed_reason  := left(claimed_reason, 1000);
      claimed_request := left(claimed_request, 200);
      impersonated_by := left(impersonated_by, 300);
    end if;
    claimed_key := substring(current_setting('app.user_id', true) from '^[0-9]{1,18}$');
  exception
    when character_not_in_repertoire or untranslatable_character then
      claimed_user    := 'unreadable';
      claimed_address := 'unreadable';
      claimed_reason  := null;
      claimed_request := null;
      impersonated_by := null;
  end;

  if TG_OP = 'UPDATE' then
    -- The usual change is of one user, and this way it costs a quarter less than by the loop below, which
    -- takes over wherever nothing was written here. Where a second row was touched nothing is: how
    -- many entries there had to be, only the loop counts. The name is looked up by key: a join could
    -- be planned, by a change of many users, to read them all.
    insert into public.user_state_audit
      (username, initiated_by, start_state, end_state, datetime, ip_address, user_id,
       transition, reason, request_id, initiator_id, impersonator, db_user, application_name,
       client_addr, transaction_id, subject_salt, actor_salt)
    select coalesce((select u.username from public.accounts_user u where u.id = n.user_id),
                    public.user_state_last_username(n.user_id)),
           coalesce(nullif(claimed_user, ''), 'CLI'), o.current_state, n.current_state,
           clock_timestamp(), coalesce(nullif(claimed_address, ''), 'CLI'), n.user_id,
           (select t.name
              from public.user_state_transition t
             where t.start_state = o.current_state and t.end_state = n.current_state
             order by t.version desc
             limit 1),
           nullif(claimed_reason, ''), nullif(claimed_request, ''), claimed_key,
           nullif(impersonated_by, ''), session_user, current_setting('application_name', true),
           inet_client_addr(), pg_current_xact_id()::text::bigint,
           uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
      from old_rows o
      join new_rows n on n.user_id = o.user_id
     where not exists (select from new_rows offset 1)
       and o.current_state <> n.current_state
       and n.current_state not in ('', 'new', 'deleted');
    if found then
      return null;
    end if;
  elsif TG_OP in ('INSERT', 'TRUNCATE') and current_setting('session_replication_role') = 'replica'
        and pg_trigger_depth() = 1 then
    -- Logical replication fires triggers for statements by the copy that a subscription begins with,
    -- and by TRUNCATE. Both were recorded where they were made, and those entries are replicated too.
    -- A session that calls itself a replica is no worker, and what a worker's own triggers do is new.
    if exists (select from pg_stat_subscription s where s.pid = pg_backend_pid()) then
      return null;
    end if;
  end if;

  -- What is recorded of more than one user, and of one where nothing was written above.
  declare
    -- Facts, the same for all users of the statement, so looked up once.
    signed_in_role  text := session_user;
    program         text := current_setting('application_name', true);
    address         inet := inet_client_addr();
    moment          timestamptz := clock_timestamp();
    xact            bigint := pg_current_xact_id()::text::bigint;
    -- Each entry has two salts, the halves of a hash of this and of its user: random bytes for
    -- each of many would be dear. It is stored nowhere.
    secret          bytea := uuid_send(gen_random_uuid());
    -- The changed users, grouped by what happened to them.
    changes         refcursor;
    before_it       text;
    after_it        text;
    users           bigint[];
    transition_name text;
    written         bigint;
  begin
    claimed_user    := coalesce(nullif(claimed_user, ''), 'CLI');
    claimed_address := coalesce(nullif(claimed_address, ''), 'CLI');
    claimed_reason  := nullif(claimed_reason, '');
    claimed_request := nullif(claimed_request, '');
    impersonated_by := nullif(impersonated_by, '');
    case TG_OP
      when 'INSERT' then
        open changes for
          select 'new', case n.current_state when 'deleted' then 'new' else n.current_state end,
                 array_agg(n.user_id)
            from new_rows n
           group by n.current_state;
      when 'UPDATE' then
        -- Paired by user, not by key: so a changed key or user_id is seen for what it is.
        open changes for
          select coalesce(o.current_state, 'new'),
                 coalesce(case n.current_state when 'deleted' then 'new' else n.current_state end,
                          'deleted'),
                 array_agg(coalesce(o.user_id, n.user_id))
            from old_rows o
            full join new_rows n on n.user_id = o.user_id
           where o.current_state is distinct from n.current_state
           group by o.current_state, n.current_state;
      when 'DELETE' then
        open changes for
          select o.current_state, 'deleted', array_agg(o.user_id)
            from old_rows o
           group by o.current_state;
      when 'TRUNCATE' then
        -- It removes also what others committed since an older snapshot, which cannot see it.
        -- Row security, too, would hide rows from us.
        if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted')
           or row_security_active('public.user_fsm') then
          raise exception 'user_fsm can be truncated in a read committed transaction only,'
            ' and without row security'
            using errcode = 'feature_not_supported',
                  hint = 'Delete the rows instead.';
        end if;
        open changes for
          select f.current_state, 'deleted', array_agg(f.user_id)
            from public.user_fsm f
           group by f.current_state;
    end case;

    loop
      fetch changes into before_it, after_it, users;
      exit when not found;
      if after_it in ('', 'new') then
        raise exception 'No state may be called new, deleted or nothing: the audit says so of users'
          ' without a state'
          using errcode = 'check_violation';
      end if;
      transition_name := (select t.name
                            from public.user_state_transition t
                           where t.start_state = before_it and t.end_state = after_it
                           order by t.version desc
                           limit 1);
      -- All names are looked up at once, by key: a join could be planned to read every user for
      -- one. In one statement, for another session may add a user between two.
      with known as materialized (
        select u.id, u.username, sha256(secret || int8send(u.id)) as salts
          from public.accounts_user u
         where u.id = any (users)
      ),
      named (user_id, username, salts) as (
        select k.id, k.username, k.salts from known k
        union all
        -- Who went first in this transaction is called as they were last.
        select m.id, public.user_state_last_username(m.id), sha256(secret || int8send(m.id))
          from unnest(users) as m (id)
         where (select count(*) from known) < cardinality(users)
           and m.id not in (select k.id from known k)
      )
      insert into public.user_state_audit
        (username, initiated_by, start_state, end_state, datetime, ip_address, user_id,
         transition, reason, request_id, initiator_id, impersonator, db_user, application_name,
         client_addr, transaction_id, subject_salt, actor_salt)
      select n.username, claimed_user, before_it, after_it, moment, claimed_address, n.user_id,
             transition_name, claimed_reason, claimed_request, claimed_key, impersonated_by,
             signed_in_role, program, address, xact,
             substr(n.salts, 1, 16), substr(n.salts, 17, 16)
        from named n;
      get diagnostics written = row_count;
      if written <> cardinality(users) then
        raise exception 'only % of % changes of state could be recorded', written, cardinality(users);
      end if;
    end loop;
    close changes;
  end;
  return null;
end
$function$;

comment on function public.record_user_state() is
  'Writes user_state_audit. Run by the triggers on user_fsm only.';

-- NOTE: no execute for anybody: a trigger runs its function without it, and whoever had it
-- could attach the function to a table.
revoke execute on function public.record_user_state() from public;
