-- Which entries name a transition that the machine never had, and what user_state_transition says
-- that the machine does not. One row for each finding.
--
-- Who runs it: verify_audit and verify.sql, after expected.sql. user_state.transitions, where it is
-- set, are those of the code; user_state.since and user_state.user_id narrow it.
-- Why it is safe: it only reads.

with
asked as materialized (
  select nullif(current_setting('user_state.since', true), '')::timestamptz as since,
         nullif(current_setting('user_state.user_id', true), '')::bigint as of_user
),
machine (start_state, end_state, name, former) as materialized (
  -- What the code has goes before what was expected of it.
  select t ->> 0, t ->> 1, t ->> 2, current_setting('user_state.transitions', true) <> ''
    from jsonb_array_elements(current_setting('user_state.expected')::jsonb -> 'transitions') as t
  union
  select t ->> 0, t ->> 1, t ->> 2, true
    from jsonb_array_elements(current_setting('user_state.expected')::jsonb -> 'former_transitions') as t
  union
  select t ->> 0, t ->> 1, t ->> 2, false
    from jsonb_array_elements(
           nullif(current_setting('user_state.transitions', true), '')::jsonb) as t
)

select 'transition' as kind, 'entry ' || coalesce(a.id::text, 'without an id') as object,
       a.user_id, a.id as entry_id,
       format('names the transition %s from %s to %s, which the machine never had', a.transition,
              a.start_state, a.end_state) as detail
  from public.user_state_audit a
 where a.transition is not null
   and (a.start_state, a.end_state, a.transition) not in (
     select m.start_state, m.end_state, m.name from machine m)
   -- What forget_user has written.
   and not (a.start_state = a.end_state and a.transition = 'forgotten')
   and ((select since from asked) is null or a.datetime >= (select since from asked))
   and ((select of_user from asked) is null or a.user_id = (select of_user from asked))
union all
select 'transition', 'transition ' || t.name, null, null,
       format('from %s to %s: the machine never had it', t.start_state, t.end_state)
  from public.user_state_transition t
 where t.name is not null
   and (t.start_state, t.end_state, t.name) not in (
     select m.start_state, m.end_state, m.name from machine m)
union all
select 'transition', 'transition ' || m.name, null, null,
       format('from %s to %s: entries do not name it; migrate writes it', m.start_state, m.end_state)
  from machine m
 where not m.former
   and m.name is distinct from (
     select t.name from public.user_state_transition t
      where t.start_state = m.start_state and t.end_state = m.end_state
      order by t.version desc
      limit 1);
