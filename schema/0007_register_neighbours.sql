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


create function register_neighbours(municipality uuid, graph_version bigint, batch jsonb)
  returns setof registration_outcome language plpgsql as $$
declare
  entry record;
  stored record;
  matches uuid[];
  accepted jsonb := '[]';
  inserted integer;
begin
  perform set_config('padron.municipality', municipality::text, true);
  if coalesce((select version from organisation_graphs where municipality_id = municipality), 0) <> graph_version then
    raise exception 'the organisation graph changed after the decision' using errcode = 'PD001';
  end if;

  perform pg_advisory_xact_lock(hashtext(municipality::text), likeness)
  from (select distinct lock.number::integer as likeness
        from jsonb_array_elements(batch) as item (body), jsonb_array_elements_text(item.body -> 'locks') as lock (number)
        order by likeness) ordered;

  for entry in
    select (value ->> 'item')::integer as item, value as body, decode(value ->> 'idempotency', 'hex') as key
    from jsonb_array_elements(batch) order by value ->> 'idempotency'
  loop
    select known.fingerprint, known.response, known.response_owner into stored
    from idempotency_keys known where known.id = entry.key;
    if found then
      return next (entry.item, 'replayed', stored.fingerprint, stored.response, stored.response_owner, null)::registration_outcome;
      continue;
    end if;

    select array_agg(found_id) into matches from (
      select (find_candidates(entry.body -> 'likeTokens', 50)).neighbour_id as found_id
      union
      select neighbour_id from evidence
      where municipality_id = municipality and document_hash = decode(entry.body #>> '{evidence,documentHash}', 'hex')
    ) likely
    where not (entry.body -> 'knownDistinct') ? found_id::text;
    if matches is not null then
      return next (entry.item, 'suspected', null, null, null, matches)::registration_outcome;
      continue;
    end if;

    insert into idempotency_keys (id, municipality_id, fingerprint, response, response_owner)
    values (entry.key, municipality, decode(entry.body ->> 'fingerprint', 'hex'),
      decode(entry.body ->> 'response', 'hex'), (entry.body ->> 'id')::uuid)
    on conflict (id) do nothing;
    get diagnostics inserted = row_count;
    if inserted = 0 then
      select known.fingerprint, known.response, known.response_owner into stored
      from idempotency_keys known where known.id = entry.key;
      return next (entry.item, 'replayed', stored.fingerprint, stored.response, stored.response_owner, null)::registration_outcome;
      continue;
    end if;

    accepted := accepted || jsonb_build_array(entry.body);
    return next (entry.item, 'registered', null, null, null, null)::registration_outcome;
  end loop;

  if accepted = '[]' then return; end if;

  insert into data_keys (id, municipality_id, owner, registry_key_id, wrapped)
  select k.id, municipality, k.owner, k."registryKeyId", decode(k.wrapped, 'hex')
  from jsonb_array_elements(accepted) as item (body),
       jsonb_to_recordset(item.body -> 'dataKeys') as k(id uuid, owner text, "registryKeyId" text, wrapped text);

  insert into neighbours (id, municipality_id, protected)
  select n.id, municipality, n.protected from jsonb_to_recordset(accepted) as n(id uuid, protected boolean);

  insert into particulars (municipality_id, neighbour_id, version, identity, contact)
  select municipality, n.id, 1, decode(n.identity, 'hex'), decode(n.contact, 'hex')
  from jsonb_to_recordset(accepted) as n(id uuid, identity text, contact text);

  insert into evidence (id, municipality_id, neighbour_id, strength, document_hash)
  select (n.evidence ->> 'id')::uuid, municipality, n.id, n.evidence ->> 'strength', decode(n.evidence ->> 'documentHash', 'hex')
  from jsonb_to_recordset(accepted) as n(id uuid, evidence jsonb);

  insert into addresses (id, municipality_id, kind, place, reference, usual_area)
  select (n.address ->> 'id')::uuid, municipality, n.address ->> 'kind', decode(n.address ->> 'place', 'hex'),
    decode(n.address ->> 'reference', 'hex'), decode(n.address ->> 'usualArea', 'hex')
  from jsonb_to_recordset(accepted) as n(address jsonb) where n.address is not null;

  insert into households (id, municipality_id, address_id)
  select n."householdId", municipality, (n.address ->> 'id')::uuid
  from jsonb_to_recordset(accepted) as n("householdId" uuid, address jsonb) where n.address is not null;

  insert into residences (id, municipality_id, neighbour_id, household_id, valid_from)
  select n."residenceId", municipality, n.id, n."householdId", n."validFrom"
  from jsonb_to_recordset(accepted) as n(id uuid, "residenceId" uuid, "householdId" uuid, "validFrom" date);

  insert into representatives (id, municipality_id, neighbour_id, representative_id, details)
  select (n.representative ->> 'id')::uuid, municipality, n.id, (n.representative ->> 'representativeId')::uuid,
    decode(n.representative ->> 'details', 'hex')
  from jsonb_to_recordset(accepted) as n(id uuid, representative jsonb) where n.representative is not null;

  insert into movements (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_by, details)
  select (n.movement ->> 'id')::uuid, municipality, n.id, 'registration', n.movement ->> 'cause', n."validFrom",
    n.movement ->> 'recordedBy', decode(n.movement ->> 'details', 'hex')
  from jsonb_to_recordset(accepted) as n(id uuid, "validFrom" date, movement jsonb);

  insert into search_tokens (neighbour_id, municipality_id, tokens)
  select n.id, municipality, array(select value::integer from jsonb_array_elements_text(n.tokens))
  from jsonb_to_recordset(accepted) as n(id uuid, tokens jsonb);

  insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject_id, details, leaf_hash)
  select (n.ledger ->> 'id')::uuid, municipality, n.ledger ->> 'action', n.ledger ->> 'purpose', 'permitted',
    n.ledger ->> 'requesterKind', n.id, decode(n.ledger ->> 'details', 'hex'), decode(n.ledger ->> 'leafHash', 'hex')
  from jsonb_to_recordset(accepted) as n(id uuid, ledger jsonb);
end $$;
revoke execute on function register_neighbours(uuid, bigint, jsonb) from public;
grant execute on function register_neighbours(uuid, bigint, jsonb) to padron_app;
