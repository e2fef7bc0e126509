-- Who lives here. Personal data appears only as ciphertext (bytea columns), each bound to its
-- row and column. There is no column for nationality, status, country of birth or a document.

create table neighbours (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  version integer not null default 1 check (version > 0),
  protected boolean not null default false,
  departed_on date,
  registered_at timestamptz not null default now(),
  unique (municipality_id, id)
);
comment on column neighbours.id is 'Also the id of the data key that seals this neighbour.';

-- What the registry knows about a person, one row per version. Nothing is overwritten.
create table particulars (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  version integer not null check (version > 0),
  recorded_at timestamptz not null default now(),
  identity bytea not null,
  contact bytea not null,
  primary key (neighbour_id, version),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);

-- How identity was established, as a strength only. A document leaves a keyed hash, never a number.
create table evidence (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  strength text not null check (strength in ('photo-document', 'document', 'attestation', 'declaration')),
  document_hash bytea check (length(document_hash) = 32),
  recorded_at timestamptz not null default now(),
  check (document_hash is null or strength in ('photo-document', 'document')),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index evidence_by_neighbour on evidence (neighbour_id);
create index evidence_by_document on evidence (municipality_id, document_hash) where document_hash is not null;

-- Who acts for a neighbour who cannot act for themself: neighbours of age and institutions. What they are to them, and
-- what a court has limited, is sealed to the neighbour they act for. An end is written down, nothing is overwritten.
create table representatives (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  -- Null for an institution, and where the representative has been erased since.
  representative_id uuid,
  details bytea not null,
  recorded_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Said at a desk; or the representative left, died or was removed.
  ended_because text check (ended_because in ('ended', 'departed')),
  -- Somebody looked at a neighbour whom nobody acts for any more, and nobody has to.
  settled_at timestamptz,
  check (num_nonnulls(ended_at, ended_because) in (0, 2)),
  check (representative_id <> neighbour_id),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  foreign key (municipality_id, representative_id) references neighbours (municipality_id, id)
);
create index representatives_by_neighbour on representatives (neighbour_id);
create index representatives_by_representative on representatives (representative_id) where representative_id is not null;
create index representatives_missing on representatives (municipality_id, neighbour_id)
  where ended_at is not null and settled_at is null;
create unique index representatives_once on representatives (neighbour_id, representative_id) where ended_at is null;

create table addresses (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  kind text not null check (kind in ('dwelling', 'informal-dwelling', 'collective', 'no-fixed-address')),
  place bytea,
  reference bytea,
  usual_area bytea,
  unique (municipality_id, id),
  constraint addresses_union check (
    case kind
      when 'no-fixed-address' then place is null and reference is not null
      else place is not null and reference is null and usual_area is null
    end)
);
comment on column addresses.id is 'Also the id of the data key that seals this address.';
comment on column addresses.reference is 'Where letters reach a neighbour with no fixed address; sealed.';

create table households (
  id uuid primary key,
  municipality_id uuid not null,
  address_id uuid not null,
  created_at timestamptz not null default now(),
  unique (municipality_id, id),
  foreign key (municipality_id, address_id) references addresses (municipality_id, id)
);
create index households_by_address on households (address_id);

-- Bitemporal: valid_* is when it was true, recorded_at/superseded_at when the registry held it so.
create table residences (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  household_id uuid not null,
  valid_from date not null,
  valid_to date check (valid_to > valid_from),
  recorded_at timestamptz not null default now(),
  superseded_at timestamptz check (superseded_at >= recorded_at),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  foreign key (municipality_id, household_id) references households (municipality_id, id),
  constraint residences_do_not_overlap exclude using gist
    (neighbour_id with =, daterange(valid_from, valid_to) with &&) where (superseded_at is null)
);
create index residences_by_neighbour on residences (neighbour_id, recorded_at);
create index residences_by_household on residences (household_id) where superseded_at is null;

-- A residence row is closed once, never rewritten.
create function residence_supersede_only() returns trigger language plpgsql as $$
begin
  if old.superseded_at is not null
     or (to_jsonb(new) - 'superseded_at') is distinct from (to_jsonb(old) - 'superseded_at') then
    raise exception 'a residence is superseded once and never rewritten' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger residences_supersede_only before update on residences
  for each row execute function residence_supersede_only();

create table movements (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  kind text not null,
  cause text not null,
  effective_on date not null,
  recorded_at timestamptz not null default now(),
  recorded_by text not null check (length(recorded_by) between 1 and 200),
  details bytea,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission')
      when 'change' then cause in ('address', 'personal-data')
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered')
      else false
    end)
);
create index movements_by_neighbour on movements (neighbour_id, recorded_at);

-- A departure other than by death or moving away: reasons, notice, waiting, a second person.
create table proceedings (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  cause text not null check (cause in ('duplicate', 'wrongly-registered')),
  reason bytea not null,
  opened_at timestamptz not null default now(),
  opened_by text not null,
  notice_given_on date,
  effective_from date check (effective_from > notice_given_on),
  decided_at timestamptz,
  decided_by text,
  decision text check (decision in ('approved', 'withdrawn')),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  check (num_nonnulls(notice_given_on, effective_from) in (0, 2)),
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  constraint proceedings_second_person check (decision is distinct from 'approved' or decided_by <> opened_by),
  constraint proceedings_after_notice check (decision is distinct from 'approved' or
    -- A day of grace: it is tomorrow already in the east of the world when UTC still says today.
    (effective_from is not null and (decided_at at time zone 'UTC')::date + 1 >= effective_from))
);
create unique index proceedings_one_open on proceedings (neighbour_id) where decision is null;

-- Blind index. Nobody but find_candidates() reads it.
create table search_tokens (
  neighbour_id uuid primary key,
  municipality_id uuid not null,
  tokens integer[] not null,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
-- Every registration searches before it writes: a pending list would be read through each time.
create index search_tokens_by_token on search_tokens using gin (tokens) with (fastupdate = off);

create table idempotency_keys (
  id bytea primary key check (length(id) = 32),
  municipality_id uuid not null references municipalities,
  fingerprint bytea not null check (length(fingerprint) = 32),
  response bytea not null,
  response_owner uuid not null,
  recorded_at timestamptz not null default now()
);
comment on column idempotency_keys.id is 'Keyed hash of requester, operation and the client''s key: the key itself may hold anything.';

create trigger particulars_append_only before update or delete or truncate on particulars
  for each statement execute function refuse_change();
create trigger evidence_append_only before update or delete or truncate on evidence
  for each statement execute function refuse_change();
create trigger movements_append_only before update or delete or truncate on movements
  for each statement execute function refuse_change();

grant select, insert on neighbours, particulars, evidence, representatives, addresses, households,
  residences, movements, proceedings, idempotency_keys to padron_app;
grant insert, update (tokens) on search_tokens to padron_app;
grant select (neighbour_id, municipality_id) on search_tokens to padron_app;
grant update (version, protected, departed_on) on neighbours to padron_app;
grant update (superseded_at) on residences to padron_app;
grant update (ended_at, ended_because, settled_at) on representatives to padron_app;
grant update (notice_given_on, effective_from, decided_at, decided_by, decision) on proceedings to padron_app;

grant select on neighbours, households, residences to padron_readonly_ops;
grant select (id, municipality_id, kind) on addresses to padron_readonly_ops;
grant select (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_at) on movements to padron_readonly_ops;

create type candidate as (neighbour_id uuid, rank integer);

-- Neighbours whose tokens contain any of the given sets, best set first. Row-level security
-- would keep the index from being used (array operators are not leakproof), so the function
-- runs as the owner and compares the municipality itself. A plan made while the table is empty
-- would read all of it for ever after, so only bitmap scans, which need the condition, are left.
create function find_candidates(token_sets jsonb, most integer) returns setof candidate
  language plpgsql stable security definer set search_path = public, pg_temp
  set enable_seqscan = off set enable_indexscan = off as $$
declare
  wanted integer[];
  step integer := 0;
  found_count integer := 0;
  seen uuid[] := '{}';
  batch uuid[];
begin
  for wanted in
    select array(select value::integer from jsonb_array_elements_text(entry))
    from jsonb_array_elements(token_sets) as entry
  loop
    select coalesce(array_agg(neighbour_id), '{}') into batch from (
      select search.neighbour_id from search_tokens search
      where search.tokens @> wanted and search.municipality_id = current_municipality()
        and search.neighbour_id <> all (seen)
      limit most - found_count) hit;
    return query select unnest(batch), step;
    seen := seen || batch;
    found_count := found_count + cardinality(batch);
    exit when found_count >= most;
    step := step + 1;
  end loop;
end $$;
revoke execute on function find_candidates(jsonb, integer) from public;
grant execute on function find_candidates(jsonb, integer) to padron_app;
comment on column idempotency_keys.response_owner is 'The data key the response is sealed under.';
