-- How much there is to look at: entries, their users, seals, entries that are in none yet,
-- and erased ones.
--
-- Who runs it: verify_audit. user_state.since and user_state.user_id narrow it, where they are set.
-- Why it is safe: it only reads.

with
asked as materialized (
  select nullif(current_setting('user_state.since', true), '')::timestamptz as since,
         nullif(current_setting('user_state.user_id', true), '')::bigint as of_user
),
of_user as (
  select count(*) as entries,
         count(*) filter (where a.subject_digest is not null or a.actor_digest is not null) as erased
    from public.user_state_audit a
   where ((select since from asked) is null or a.datetime >= (select since from asked))
     and ((select of_user from asked) is null or a.user_id = (select of_user from asked))
   group by a.user_id
),
sealed as (
  select s.number
    from public.user_state_seal s
   where (select of_user from asked) is null
     and ((select since from asked) is null
          or substring(s.receipt from ' at=([^ ]+)')::timestamptz >= (select since from asked))
),
newest as (
  select substring(s.receipt from ' after=([0-9]+)')::bigint as after_id,
         coalesce(nullif(substring(s.receipt from ' upto=([0-9]+)'), '9223372036854775807'), '0')::bigint
           as upto_transaction
    from public.user_state_seal s
   order by s.number desc
   limit 1
)
select coalesce(sum(u.entries), 0)::bigint as entries, count(*) as users,
       (select count(*) from sealed) as seals,
       (select count(*)
          from newest n
          join public.user_state_audit a
            on a.id > n.after_id and a.transaction_id >= n.upto_transaction
         where (select of_user from asked) is null and exists (select from sealed)) as unsealed,
       coalesce(sum(u.erased), 0)::bigint as erased
  from of_user u;
