-- Writes the machine's transitions into user_state_transition, where they differ.
--
-- Who runs it: migrate, which sets user_state.transitions from the code; or a DBA, after
-- verify/expected.sql, where they stand too.
-- Why it is safe: it adds what is missing. What the machine has lost gets a row without a name. Where
-- nothing differs it only reads.

do $$
declare
  changed jsonb;
begin
  select jsonb_agg(to_jsonb(c) order by c.start_state, c.end_state) into changed
    from (
      select coalesce(m.start_state, k.start_state) as start_state,
             coalesce(m.end_state, k.end_state) as end_state,
             m.name, coalesce(k.version, 0) + 1 as version
        from (
          select t ->> 0 as start_state, t ->> 1 as end_state, t ->> 2 as name
            from jsonb_array_elements(coalesce(
                   nullif(current_setting('user_state.transitions', true), '')::jsonb,
                   current_setting('user_state.expected')::jsonb -> 'transitions')) as t) m
        full join (
          select distinct on (t.start_state, t.end_state) t.*
            from public.user_state_transition t
           order by t.start_state, t.end_state, t.version desc) k
          on k.start_state = m.start_state and k.end_state = m.end_state
       where m.name is distinct from k.name) c;
  if changed is not null then
    insert into public.user_state_transition (start_state, end_state, name, version)
    select c.start_state, c.end_state, c.name, c.version
      from jsonb_to_recordset(changed)
        as c (start_state text, end_state text, name text, version integer);
  end if;
end
$$;
