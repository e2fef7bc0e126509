-- Registers a batch of people in one round trip and one commit.
--
-- Each item carries everything already sealed by the application. For each, in this order:
-- a replayed idempotency key gives back its first response; a likely duplicate the clerk has not
-- yet seen gives back the candidates; everyone else becomes a neighbour, whole or not at all.
-- Advisory locks on the likeness of the person make two clerks take turns.
--
-- outcome: 'registered' | 'replayed' (with fingerprint and response) | 'suspected' (with candidates)
create type registration_outcome as
  (item integer, outcome text, fingerprint bytea, response bytea, response_owner uuid, candidates uuid[]);

-- One finished form. An address that is null means that a household is joined; a representative is
-- a neighbour, or sealed details, or nobody.
create type registration as (
  item integer,
  id uuid, registry_key_id text, wrapped bytea,
  idempotency bytea, fingerprint bytea, response bytea,
  locks integer[], like_tokens jsonb, known_distinct uuid[],
  protected boolean, identity bytea, contact bytea,
  evidence_id uuid, strength text, document_hash bytea,
  address_id uuid, address_wrapped bytea, address_kind text, place bytea, reference bytea, usual_area bytea,
  household_id uuid, residence_id uuid, valid_from date,
  relation_id uuid, representative_id uuid, representative_details bytea,
  movement_id uuid, cause text, recorded_by text, movement_details bytea,
  tokens integer[],
  entry_id uuid, action text, purpose text, requester_kind text, entry_details bytea, leaf_hash bytea
);

create function register_neighbours(municipality uuid, graph_version bigint, batch json)
  returns setof registration_outcome language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  -- Read once: unpacking JSON again for every table would cost more than the inserts.
  items registration[] := array(select one from json_populate_recordset(null::registration, batch) one order by one.idempotency);
  entry registration;
  stored record;
  matches uuid[];
  accepted registration[] := '{}';
  inserted integer;
begin
  perform set_config('padron.municipality', municipality::text, true);
  if coalesce((select version from organisation_graphs where municipality_id = municipality), 0) <> graph_version then
    raise exception 'the organisation graph changed after the decision' using errcode = 'PD001';
  end if;

  perform pg_advisory_xact_lock(hashtext(municipality::text), ordered.likeness)
  from (select distinct lock.number as likeness from unnest(items) one, unnest(one.locks) as lock (number)
        order by likeness) ordered;

  foreach entry in array items loop
    select known.fingerprint, known.response, known.response_owner into stored
    from idempotency_keys known where known.id = entry.idempotency;
    if found then
      return next (entry.item, 'replayed', stored.fingerprint, stored.response, stored.response_owner, null)::registration_outcome;
      continue;
    end if;

    select array_agg(likely.neighbour_id) into matches
    from find_candidates(entry.like_tokens, 50) likely where likely.neighbour_id <> all (entry.known_distinct);
    if entry.document_hash is not null then
      select matches || array_agg(same.neighbour_id) into matches
      from evidence same
      where same.municipality_id = municipality and same.document_hash = entry.document_hash
        and same.neighbour_id <> all (entry.known_distinct) and same.neighbour_id <> all (coalesce(matches, '{}'));
    end if;
    if matches is not null then
      return next (entry.item, 'suspected', null, null, null, matches)::registration_outcome;
      continue;
    end if;

    insert into idempotency_keys (id, municipality_id, fingerprint, response, response_owner)
    values (entry.idempotency, municipality, entry.fingerprint, entry.response, entry.id)
    on conflict (id) do nothing;
    get diagnostics inserted = row_count;
    if inserted = 0 then
      select known.fingerprint, known.response, known.response_owner into stored
      from idempotency_keys known where known.id = entry.idempotency;
      return next (entry.item, 'replayed', stored.fingerprint, stored.response, stored.response_owner, null)::registration_outcome;
      continue;
    end if;

    accepted := array_append(accepted, entry);
    return next (entry.item, 'registered', null, null, null, null)::registration_outcome;
  end loop;

  if accepted = '{}' then return; end if;

  -- One statement for all of it: each on its own would start an executor of its own.
  with n as materialized (select * from unnest(accepted)),
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
  a_representative as (
    insert into representatives (id, municipality_id, neighbour_id, representative_id, details)
    select n.relation_id, municipality, n.id, n.representative_id, n.representative_details
    from n where n.relation_id is not null),
  a_movement as (
    insert into movements (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_by, details)
    select n.movement_id, municipality, n.id, 'registration', n.cause, n.valid_from, n.recorded_by, n.movement_details
    from n),
  their_tokens as (
    insert into search_tokens (neighbour_id, municipality_id, tokens)
    select n.id, municipality, n.tokens from n)
  insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject_id, details, leaf_hash)
  select n.entry_id, municipality, n.action, n.purpose, 'permitted', n.requester_kind, n.id, n.entry_details, n.leaf_hash
  from n;
end $$;
revoke execute on function register_neighbours(uuid, bigint, json) from public;
grant execute on function register_neighbours(uuid, bigint, json) to padron_app;
