-- Registers a batch of people in one round trip and one commit.
--
-- Each item carries everything already sealed by the application. For each, in this order:
-- a replayed idempotency key gives back its first response; a likely duplicate the clerk has not
-- yet seen gives back the candidates; everyone else becomes a neighbour, whole or not at all.
-- Advisory locks on the likeness of the person make two clerks take turns.
--
-- The plans are made once a connection, perhaps while the tables are still empty: the settings on the
-- functions leave only plans that stay good as they fill, and no compiling for the guessed costs of them.
--
-- outcome: 'registered' | 'replayed' (with fingerprint and response) | 'suspected' (with candidates)
create type registration_outcome as
  (item integer, outcome text, fingerprint bytea, response bytea, response_owner uuid, candidates uuid[]);

-- One finished form. An address that is null means that a household is joined. Representatives are a JSON array of
-- {id, representative_id, details}: the neighbour who acts, or null for an institution; details sealed, in hex.
-- What is said of years is sealed, or nothing.
create type registration as (
  item integer,
  id uuid, registry_key_id text, wrapped bytea,
  idempotency bytea, fingerprint bytea, response bytea,
  locks integer[], like_tokens jsonb, known_distinct uuid[],
  protected boolean, visit_until timestamptz, likeness_id uuid, likeness_content bytea, hides boolean, identity bytea, contact bytea,
  evidence_id uuid, strength text, document_hash bytea,
  address_id uuid, address_wrapped bytea, address_kind text, place bytea, reference bytea, usual_area bytea,
  household_id uuid, residence_id uuid, valid_from date,
  said_id uuid, said bytea,
  representatives jsonb,
  movement_id uuid, cause text, recorded_by text, movement_details bytea,
  tokens integer[],
  entry_id uuid, action text, purpose text, requester_kind text, entry_details bytea, leaf_hash bytea
);

-- For each form, the neighbours it may be about: alike in name and year (fifty at most, so that a clerk in a town
-- that outgrew its index is never turned away), or with the same document, and not known to be somebody else. As the owner, for the reason given at find_candidates().
create function find_alike(items registration[]) returns table (of_item integer, matches uuid[])
  language plpgsql stable security definer set search_path = public, pg_temp
  set enable_seqscan = off set enable_indexscan = off set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select one.item, array_agg(distinct alike.neighbour_id)
  from unnest(items) one cross join lateral (
    select search.neighbour_id
    from jsonb_array_elements(one.like_tokens) as likeness cross join lateral (
      select known.neighbour_id from search_tokens known
      where known.tokens @> array(select value::integer from jsonb_array_elements_text(likeness))
        and known.municipality_id = current_municipality()
      limit 50) search
    union all
    select record_of(same.neighbour_id) from evidence same
    where same.document_hash = one.document_hash and same.municipality_id = current_municipality()) alike
  where alike.neighbour_id <> all (one.known_distinct)
  group by one.item;
end $$;
revoke execute on function find_alike(registration[]) from public;
grant execute on function find_alike(registration[]) to padron_app;

create function register_neighbours(municipality uuid, graph_version bigint, batch json)
  returns setof registration_outcome language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  -- Read once: unpacking JSON again for every table would cost more than the inserts.
  items registration[] := array(select one from json_populate_recordset(null::registration, batch) one order by one.idempotency);
  answer record;
  accepted registration[] := '{}';
begin
  perform set_config('padron.municipality', municipality::text, true);
  if coalesce((select version from organisation_graphs where municipality_id = municipality), 0) <> graph_version then
    raise exception 'the organisation graph changed after the decision' using errcode = 'PD001';
  end if;

  -- Forms with one key, likeness or document take turns; nothing below can meet another's half-done work.
  perform pg_advisory_xact_lock(hashtext(municipality::text), ordered.turn)
  from (select distinct lock.number as turn from unnest(items) one, unnest(one.locks) as lock (number)
        order by turn) ordered;

  for answer in
    select one as form, known.id is not null as replayed, known.fingerprint, known.response, known.response_owner, alike.matches
    from unnest(items) one
    left join idempotency_keys known on known.id = one.idempotency
    left join find_alike(items) alike on alike.of_item = one.item
  loop
    if answer.replayed then
      return next ((answer.form).item, 'replayed', answer.fingerprint, answer.response, answer.response_owner, null)::registration_outcome;
    elsif answer.matches is not null then
      return next ((answer.form).item, 'suspected', null, null, null, answer.matches)::registration_outcome;
    else
      accepted := array_append(accepted, answer.form);
      return next ((answer.form).item, 'registered', null, null, null, null)::registration_outcome;
    end if;
  end loop;

  if accepted = '{}' then return; end if;

  -- One statement for all of it: each on its own would start an executor of its own.
  with n as materialized (select * from unnest(accepted)),
  an_answer as (
    insert into idempotency_keys (id, municipality_id, fingerprint, response, response_owner)
    select n.idempotency, municipality, n.fingerprint, n.response, n.id from n),
  a_key as (
    insert into data_keys (id, municipality_id, owner, registry_key_id, wrapped)
    select n.id, municipality, 'neighbour', n.registry_key_id, n.wrapped from n
    union all
    select n.address_id, municipality, 'address', n.registry_key_id, n.address_wrapped from n
    where n.address_id is not null),
  a_neighbour as (
    insert into neighbours (id, municipality_id, protected)
    select n.id, municipality, n.protected from n),
  their_particulars as (
    insert into particulars (municipality_id, neighbour_id, version, identity, contact)
    select municipality, n.id, 1, n.identity, n.contact from n),
  their_evidence as (
    insert into evidence (id, municipality_id, neighbour_id, strength, document_hash)
    select n.evidence_id, municipality, n.id, n.strength, n.document_hash from n),
  an_address as (
    insert into addresses (id, municipality_id, kind, place, reference, usual_area)
    select n.address_id, municipality, n.address_kind, n.place, n.reference, n.usual_area
    from n where n.address_id is not null),
  a_household as (
    insert into households (id, municipality_id, address_id)
    select n.household_id, municipality, n.address_id from n where n.address_id is not null),
  a_residence as (
    insert into residences (id, municipality_id, neighbour_id, household_id, valid_from)
    select n.residence_id, municipality, n.id, n.household_id, n.valid_from from n),
  a_said_start as (
    insert into said_starts (id, municipality_id, neighbour_id, residence_id, content, said_by)
    select n.said_id, municipality, n.id, n.residence_id, n.said, n.recorded_by from n where n.said_id is not null),
  their_representatives as (
    insert into representatives (id, municipality_id, neighbour_id, representative_id, details)
    select (one ->> 'id')::uuid, municipality, n.id, (one ->> 'representative_id')::uuid, decode(one ->> 'details', 'hex')
    from n, jsonb_array_elements(n.representatives) as one),
  a_movement as (
    insert into movements (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_by, details)
    select n.movement_id, municipality, n.id, 'registration', n.cause, n.valid_from, n.recorded_by, n.movement_details
    from n),
  a_visit as (
    insert into visits (municipality_id, neighbour_id, staff_id, until)
    select municipality, n.id, n.recorded_by, n.visit_until from n where n.protected),
  a_likeness as (
    insert into likenesses (id, municipality_id, neighbour_id, content, hides, recorded_by)
    select n.likeness_id, municipality, n.id, n.likeness_content, n.hides, n.recorded_by from n where n.likeness_id is not null),
  their_tokens as (
    insert into search_tokens (neighbour_id, municipality_id, tokens)
    select n.id, municipality, n.tokens from n)
  insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject_id, details, leaf_hash)
  select n.entry_id, municipality, n.action, n.purpose, 'permitted', n.requester_kind, n.id, n.entry_details, n.leaf_hash
  from n;
end $$;
revoke execute on function register_neighbours(uuid, bigint, json) from public;
grant execute on function register_neighbours(uuid, bigint, json) to padron_app;
