-- Who lives here. Personal data appears only as ciphertext (bytea columns), each bound to its row and column. There is no column
-- for nationality, status, country of birth or a document.

create table neighbours (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  version integer not null default 1 check (version > 0),
  protected boolean not null default false,
  -- Until when others are answered as before, after a record was hidden or shown again. In clear, since it is decided before
  -- anything is opened; until that morning a dump shows that the record was hidden or shown that day. A job empties it within
  -- the hour after.
  protection_public_from timestamptz,
  registered_at timestamptz not null default now(),
  departed_on date,
  erased_at timestamptz,
  primary key (municipality_id, id),
  check (erased_at is null or departed_on is not null)
);
comment on column neighbours.id is 'Also the id of the data key that seals this neighbour.';
create index neighbours_protection_public_from on neighbours (municipality_id, protection_public_from)
  where protection_public_from is not null;
create trigger neighbours_hidden after update of protected on neighbours for each row
  when (new.protected and not old.protected) execute function note_taking('set', 'id', 'protected');
create trigger neighbours_erased after update of erased_at on neighbours for each row
  when (new.erased_at is not null and old.erased_at is null) execute function note_taking('erased', 'id', '');
call keep_to_town('neighbours');
grant select, insert on neighbours to padron_app, padron_gate;
grant update (version, protected, protection_public_from, departed_on) on neighbours to padron_app;
grant update (version, protected, departed_on) on neighbours to padron_gate;

-- Whether somebody lives here. What gives access asks it at each use.
create function is_neighbour(whose uuid) returns boolean language sql stable as $$
  select exists (select from neighbours
    where municipality_id = current_municipality() and id = whose and departed_on is null) $$;
revoke all on function is_neighbour(uuid) from public;
grant execute on function is_neighbour(uuid) to padron_app, padron_gate;

-- What the registry knows about a person, one row per version. Nothing is overwritten.
create table particulars (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  version integer not null check (version > 0),
  recorded_at timestamptz not null default now(),
  identity bytea not null,
  contact bytea not null,
  primary key (municipality_id, neighbour_id, version),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create trigger particulars_append_only before update or delete or truncate on particulars
  for each statement execute function refuse_change();
call keep_to_town('particulars');
grant insert on particulars to padron_app, padron_gate;
grant select (municipality_id, neighbour_id, version, recorded_at) on particulars to padron_app;
grant select on particulars to padron_gate;

-- How identity was established, as a strength only, sealed. A document leaves a keyed hash, never a number.
create table evidence (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- How sure it is and whether a document was shown, sealed to the neighbour.
  details bytea not null,
  -- A keyed hash of the document; of who showed none random bytes, so that nobody can be told by it.
  document_hash bytea not null check (length(document_hash) = 32),
  recorded_at timestamptz not null default now(),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index evidence_by_neighbour on evidence (municipality_id, neighbour_id);
create index evidence_by_document on evidence (municipality_id, document_hash);
-- Evidence stays as it was written, until the person it is about is erased: then random bytes take the place of a document's hash.
create function evidence_of_the_erased_only() returns trigger language plpgsql as $$
begin
  if exists (select from data_keys where municipality_id = old.municipality_id and id = old.neighbour_id)
     or (to_jsonb(new) - 'document_hash') is distinct from (to_jsonb(old) - 'document_hash') then
    raise exception 'table evidence is append-only' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger evidence_of_the_erased_only before update on evidence
  for each row execute function evidence_of_the_erased_only();
create trigger evidence_append_only before delete or truncate on evidence
  for each statement execute function refuse_change();
call keep_to_town('evidence');
grant select, insert on evidence to padron_app, padron_gate;

-- Who acts for a neighbour who cannot act for themself: neighbours of age and institutions. What they are to them, and
-- what a court has limited, is sealed to the neighbour they act for. An end is written down, nothing is overwritten.
create table representatives (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- Null for an institution, and where the representative has been erased since.
  representative_id uuid,
  details bytea not null,
  recorded_at timestamptz not null default now(),
  -- From when they act on their own page: recorded later than the registration, after a while, of which who is concerned is told.
  works_from timestamptz not null,
  ended_at timestamptz,
  -- Said at a desk; or the representative left, died or was removed.
  ended_because text check (ended_because in ('ended', 'departed')),
  -- Somebody looked at a neighbour whom nobody acts for any more, and nobody has to.
  settled_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  foreign key (municipality_id, representative_id) references neighbours,
  check (num_nonnulls(ended_at, ended_because) in (0, 2)),
  check (representative_id <> neighbour_id)
);
create index representatives_by_neighbour on representatives (municipality_id, neighbour_id);
create index representatives_by_representative on representatives (municipality_id, representative_id)
  where representative_id is not null;
create index representatives_missing on representatives (municipality_id, neighbour_id)
  where ended_at is not null and settled_at is null;
create unique index representatives_once on representatives (municipality_id, neighbour_id, representative_id) where ended_at is null;
create trigger representatives_taken after update of ended_at on representatives for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'id', 'ended_at ended_because');
call keep_to_town('representatives');
grant insert, update (ended_at, ended_because, settled_at) on representatives to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, representative_id, recorded_at, works_from, ended_at, ended_because, settled_at)
  on representatives to padron_app;
grant select on representatives to padron_gate;

create table addresses (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  kind text not null check (kind in ('dwelling', 'informal-dwelling', 'collective', 'no-fixed-address')),
  place bytea,
  reference bytea,
  usual_area bytea,
  primary key (municipality_id, id),
  constraint addresses_union check (
    case kind
      when 'no-fixed-address' then place is null and reference is not null
      else place is not null and reference is null and usual_area is null
    end)
);
comment on column addresses.id is 'Also the id of the data key that seals this address.';
comment on column addresses.reference is 'Where letters reach a neighbour with no fixed address; sealed.';
call keep_to_town('addresses');
grant insert on addresses to padron_app, padron_gate;
grant select (municipality_id, id, kind) on addresses to padron_app;
grant select on addresses to padron_gate;

create table households (
  municipality_id uuid not null,
  id uuid not null,
  address_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (municipality_id, id),
  foreign key (municipality_id, address_id) references addresses
);
create index households_by_address on households (municipality_id, address_id);
call keep_to_town('households');
grant select, insert on households to padron_app, padron_gate;

-- Bitemporal: valid_* is when it was true, recorded_at/superseded_at when the registry held it so.
create table residences (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  household_id uuid not null,
  valid_from date not null,
  valid_to date check (valid_to > valid_from),
  -- One person's corrections are measured from here, however many there are. In clear like valid_from, which it once was.
  settled_from date,
  recorded_at timestamptz not null default now(),
  superseded_at timestamptz check (superseded_at >= recorded_at),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  foreign key (municipality_id, household_id) references households,
  -- Nothing is in the future: a day of grace, since it is tomorrow already in the east of the world when UTC still says today.
  constraint residences_not_to_come check (greatest(valid_from, valid_to) <= (recorded_at at time zone 'UTC')::date + 1),
  constraint residences_do_not_overlap exclude using gist
    (municipality_id with =, neighbour_id with =, daterange(valid_from, valid_to) with &&) where (superseded_at is null)
);
comment on column residences.settled_from is
  'Where one person alone has corrected the start: the start as first recorded, or as two people decided it.';
create index residences_by_neighbour on residences (municipality_id, neighbour_id, recorded_at);
create index residences_by_household on residences (municipality_id, household_id) where superseded_at is null;
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
-- What the database can see of the dates of a life. Dates of birth are sealed: that nobody lives here before they are born is
-- for the service alone.
create function residences_from_the_floor() returns trigger language plpgsql as $$
begin
  if exists (
    select from written join municipalities town on town.id = written.municipality_id
    where written.valid_from < town.earliest_residence) then
    raise exception 'a residence begins before the town keeps residences' using errcode = 'PD007';
  end if;
  return null;
end $$;
create trigger residences_from_the_floor after insert on residences
  referencing new table as written for each statement execute function residences_from_the_floor();
-- Nobody leaves before the residence begins that their leaving ends.
create function departed_after_arriving() returns trigger language plpgsql as $$
begin
  if new.departed_on is not null and exists (
    select from residences r
    where r.municipality_id = new.municipality_id and r.neighbour_id = new.id and r.superseded_at is null and r.valid_from > new.departed_on) then
    raise exception 'a departure lies before a residence' using errcode = 'PD008';
  end if;
  return new;
end $$;
create trigger departed_after_arriving before update of departed_on on neighbours
  for each row execute function departed_after_arriving();
call keep_to_town('residences');
grant select, insert, update (superseded_at) on residences to padron_app, padron_gate;

-- When somebody began to live here, or at an address, as far as it is somebody's word: years that are said and not yet
-- confirmed, and corrections that take a second person. residences holds only what is confirmed, so that no proof, paper
-- or page can show a start that nobody has confirmed.
create table said_starts (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- The residence it is the start of, as that stands now. Tells no more than that something is to be decided about it.
  residence_id uuid not null,
  -- The start that is said, why, and what else is to be done; sealed.
  content bytea not null,
  said_by text not null check (length(said_by) between 1 and 200),
  said_at timestamptz not null default now(),
  decided_by text,
  decided_at timestamptz,
  -- 'lapsed' where the residence itself turned out never to have been.
  decision text check (decision in ('confirmed', 'refused', 'lapsed')),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  foreign key (municipality_id, residence_id) references residences,
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint said_starts_second_person check (decision is distinct from 'confirmed' or decided_by <> said_by)
);
create unique index said_starts_one_open on said_starts (municipality_id, residence_id) where decision is null;
create index said_starts_open on said_starts (municipality_id, said_at) where decision is null;
create index said_starts_by_neighbour on said_starts (municipality_id, neighbour_id);
call keep_to_town('said_starts');
grant insert, update (residence_id, decided_by, decided_at, decision) on said_starts to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, residence_id, said_by, said_at, decided_by, decided_at, decision)
  on said_starts to padron_app;
grant select on said_starts to padron_gate;

-- What happened to a record: which kind of movement it was, of which day, why, and who wrote it, sealed to the neighbour and filled up
-- to few lengths. That somebody was born, died or was removed on a day would name a record to whoever knows the day. That a cause is
-- one of its kind and the day no day to come is for the service to see: src/registry/person/movements.ts.
create table movements (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  recorded_at timestamptz not null default now(),
  details bytea not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index movements_by_neighbour on movements (municipality_id, neighbour_id, recorded_at);
create trigger movements_append_only before update or delete or truncate on movements
  for each statement execute function refuse_change();
call keep_to_town('movements');
grant insert on movements to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, recorded_at) on movements to padron_app;
grant select on movements to padron_gate;

-- The hidden stay hidden, however often they are registered.

-- Who wrote a hidden record sees it for the visit in which it was written, and until the day is over; nobody else does.
create table visits (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 200),
  until timestamptz not null,
  primary key (municipality_id, neighbour_id, staff_id),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index visits_over on visits (municipality_id, until);
call keep_to_town('visits');
grant select, insert, update (until), delete on visits to padron_app, padron_gate;

-- A new record that may be somebody who hides: hidden like them until a supervisor has joined the two or told them
-- apart. Which record it resembles is sealed to the new one.
create table likenesses (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  content bytea not null,
  -- They hide for themself as well, whatever a supervisor finds.
  hides boolean not null,
  recorded_by text not null check (length(recorded_by) between 1 and 200),
  recorded_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by text,
  -- `undone`: what made them alike was taken back.
  decision text check (decision in ('joined', 'apart', 'undone')),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3))
);
create unique index likenesses_open on likenesses (municipality_id, neighbour_id) where decision is null;
create trigger likenesses_hide after update of hides on likenesses for each row
  when (new.hides and not old.hides) execute function note_taking('set', 'id', 'hides');
create trigger likenesses_hidden_from_the_start after insert on likenesses for each row
  when (new.hides) execute function note_taking('put', 'id', '*');
call keep_to_town('likenesses');
grant insert, update (hides, decided_at, decided_by, decision) on likenesses to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, hides, recorded_by, recorded_at, decided_at, decision)
  on likenesses to padron_app;
grant select on likenesses to padron_gate;

-- Whether a record is hidden from whoever asks in this transaction: who they are and what time it is, the gate says.
create function is_hidden(whose uuid, hides boolean) returns boolean language sql stable as $$
  select hides and not exists (select from visits visit
    where visit.municipality_id = current_municipality() and visit.neighbour_id = whose
    and visit.staff_id = nullif(current_setting('padron.visitor', true), '')
    and visit.until > nullif(current_setting('padron.visited_at', true), '')::timestamptz) $$;
revoke all on function is_hidden(uuid, boolean) from public;
grant execute on function is_hidden(uuid, boolean) to padron_app, padron_gate;

-- Whether a record is hidden only because it resembles somebody who hides.
create function is_held(whose uuid) returns boolean language sql stable as $$
  select exists (select from likenesses open where open.municipality_id = current_municipality() and open.neighbour_id = whose
    and open.decision is null and not open.hides) $$;
revoke all on function is_held(uuid) from public;
grant execute on function is_held(uuid) to padron_app, padron_gate;

-- Whether nobody may write to them or say where they are, as far as whoever asks may know: who hides, and who is held, save
-- for whoever wrote a held record down, to whom it is like any other for the visit.
create function hides_whereabouts(whose uuid, hides boolean) returns boolean language sql stable as $$
  select hides and (is_hidden(whose, hides) or not is_held(whose)) $$;
revoke all on function hides_whereabouts(uuid, boolean) from public;
grant execute on function hides_whereabouts(uuid, boolean) to padron_app, padron_gate;

-- What is held hides from the staff and from nobody else: a proof that turned, or a message that did not go, would tell that
-- somebody hides. So nothing changes for others when a record is held, or when it is found to be another person's.
create function neighbours_protection_public_from() returns trigger language plpgsql as $$
begin
  new.protection_public_from :=
    case when exists (select from likenesses open where open.municipality_id = new.municipality_id
        and open.neighbour_id = new.id and open.decision is null and not open.hides) then null
      -- Hidden and shown again within a day: for others nothing happened.
      when old.protection_public_from > clock_timestamp() then null else next_publication(new.municipality_id) end;
  return new;
end $$;
create trigger neighbours_protection_public_from before update of protected on neighbours
  for each row when (new.protected is distinct from old.protected)
  execute function neighbours_protection_public_from();

-- Who is held and asks to be hidden is hidden from others too, the next morning as everybody.
create function likenesses_hide_too() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update neighbours set protection_public_from = next_publication(new.municipality_id)
  where municipality_id = new.municipality_id and id = new.neighbour_id;
  return null;
end $$;
create trigger likenesses_hide_too after update of hides on likenesses for each row
  when (new.hides and not old.hides) execute function likenesses_hide_too();

-- Two records of one person. Joining and taking apart each take two people; what was moved is sealed to the record that stays.
create table joins (
  municipality_id uuid not null,
  id uuid not null,
  stays_id uuid not null,
  joined_id uuid not null,
  -- The join that is taken apart, where that is what is proposed.
  undoes uuid,
  reason bytea not null,
  moved bytea,
  proposed_by text not null check (length(proposed_by) between 1 and 200),
  proposed_at timestamptz not null default now(),
  decided_by text,
  decided_at timestamptz,
  decision text check (decision in ('approved', 'refused')),
  -- Of a join that was taken apart again.
  undone_at timestamptz,
  -- Whoever it is of asked to be hidden since, whether or not they were.
  hides_since boolean not null default false,
  primary key (municipality_id, id),
  foreign key (municipality_id, stays_id) references neighbours,
  foreign key (municipality_id, joined_id) references neighbours,
  foreign key (municipality_id, undoes) references joins,
  check (stays_id <> joined_id),
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  constraint joins_second_person check (decision is distinct from 'approved' or decided_by <> proposed_by)
);
create unique index joins_one_open on joins (municipality_id, joined_id) where decision is null;
create unique index joins_one_in_force on joins (municipality_id, joined_id)
  where decision = 'approved' and undoes is null and undone_at is null;
create index joins_by_record on joins (municipality_id, stays_id);
call keep_to_town('joins');
grant insert, update (moved, decided_by, decided_at, decision, undone_at, hides_since) on joins to padron_app, padron_gate;
grant select (municipality_id, id, stays_id, joined_id, undoes, proposed_by, proposed_at, decided_at, decision, undone_at,
  hides_since)
  on joins to padron_app;
grant select on joins to padron_gate;

-- The record a person is in: their own, or the one it was joined to.
create function record_of(whose uuid) returns uuid language sql stable as $$
  select coalesce((select record_of(one.stays_id) from joins one where one.municipality_id = current_municipality()
    and one.joined_id = whose and one.decision = 'approved' and one.undoes is null and one.undone_at is null), whose) $$;
revoke all on function record_of(uuid) from public;
grant execute on function record_of(uuid) to padron_app, padron_gate;
-- Somebody whose record was joined to another does not come back by themself: they are there, in the other.
create function joined_stay_joined() returns trigger language plpgsql as $$
begin
  if exists (select from joins one where one.municipality_id = new.municipality_id and one.joined_id = new.id
      and one.decision = 'approved' and one.undoes is null and one.undone_at is null) then
    raise exception 'this record was joined to another' using errcode = 'PD005';
  end if;
  return new;
end $$;
create trigger neighbours_joined_stay_joined before update of departed_on on neighbours for each row
  when (new.departed_on is null and old.departed_on is not null) execute function joined_stay_joined();

-- Children of whom a trained person should know: those whom a household was left to, and those who hide or leave by themselves.
-- Why is said by kind; who they are is opened when somebody looks.
create table welfare_checks (
  municipality_id uuid not null,
  id uuid not null default gen_random_uuid(),
  neighbour_id uuid not null,
  reason text not null check (reason in ('left-alone', 'hides-alone', 'leaves-alone')),
  raised_on date not null default today_in(current_municipality()),
  looked_by text check (length(looked_by) between 1 and 320),
  looked_on date,
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  check (num_nonnulls(looked_by, looked_on) in (0, 2))
);
create unique index welfare_checks_open on welfare_checks (municipality_id, neighbour_id, reason) where looked_on is null;
create index welfare_checks_of_town on welfare_checks (municipality_id, raised_on) where looked_on is null;
call keep_to_town('welfare_checks');
grant select, insert, update (looked_by, looked_on) on welfare_checks to padron_app, padron_gate;

-- Whatever ends a residence, by whichever door: where only people are left at home for whom somebody acts, each of them is one of
-- these. Who is of age among them is seen when they are looked at. In a home that is an institution's, nobody is alone.
create function look_who_is_left() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into welfare_checks (municipality_id, neighbour_id, reason)
  select left_here.municipality_id, left_here.neighbour_id, 'left-alone'
  from residences left_here
  join households home on home.municipality_id = left_here.municipality_id and home.id = left_here.household_id
  join addresses place on place.municipality_id = home.municipality_id and place.id = home.address_id and place.kind <> 'collective'
  where left_here.municipality_id = new.municipality_id and left_here.household_id = new.household_id
    and left_here.superseded_at is null and left_here.valid_to is null
    and not exists (select from residences mate where mate.municipality_id = new.municipality_id
      and mate.household_id = new.household_id and mate.superseded_at is null and mate.valid_to is null
      and not exists (select from representatives held where held.municipality_id = mate.municipality_id
        and held.neighbour_id = mate.neighbour_id and held.ended_at is null))
  on conflict do nothing;
  return null;
end $$;
create constraint trigger residences_who_is_left after insert or update on residences
  deferrable initially deferred for each row when (new.valid_to is not null or new.superseded_at is not null)
  execute function look_who_is_left();

-- Blind index. Nobody but find_candidates() and find_alike() reads it.
create table search_tokens (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  tokens integer[] not null,
  primary key (municipality_id, neighbour_id),
  foreign key (municipality_id, neighbour_id) references neighbours
);
-- Every registration searches before it writes: a pending list would be read through each time.
create index search_tokens_by_token on search_tokens using gin (tokens) with (fastupdate = off);
call keep_to_town('search_tokens');
grant select (municipality_id, neighbour_id), insert, update (tokens) on search_tokens to padron_app, padron_gate;

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
revoke all on function find_candidates(jsonb, integer) from public;
grant execute on function find_candidates(jsonb, integer) to padron_app, padron_gate;

create table idempotency_keys (
  municipality_id uuid not null references municipalities,
  id bytea not null check (length(id) = 32),
  fingerprint bytea not null check (length(fingerprint) = 32),
  response bytea not null,
  response_owner bytea not null,
  recorded_at timestamptz not null default now(),
  primary key (municipality_id, id)
);
comment on column idempotency_keys.id is 'Keyed hash of requester, operation and the client''s key: the key itself may hold anything.';
comment on column idempotency_keys.response_owner is 'Of a registration whose data key the response is sealed under, sealed to the town; else random bytes: whoever repeats another act says of whom.';
create index idempotency_keys_by_age on idempotency_keys (municipality_id, recorded_at);
call keep_to_town('idempotency_keys');
grant select, insert on idempotency_keys to padron_app, padron_gate;

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
  (item integer, outcome text, fingerprint bytea, response bytea, response_owner bytea, candidates uuid[]);

-- One finished form. An address that is null means that a household is joined. Representatives are a JSON array of
-- {id, representative_id, details}: the neighbour who acts, or null for an institution; details sealed, in hex.
-- What is said of years is sealed, or nothing.
create type registration as (
  item integer,
  id uuid, registry_key_id text, wrapped bytea,
  idempotency bytea, fingerprint bytea, response bytea, response_owner bytea,
  locks integer[], like_tokens jsonb, known_distinct uuid[],
  protected boolean, visit_until timestamptz, likeness_id uuid, likeness_content bytea, hides boolean, identity bytea, contact bytea,
  evidence_id uuid, evidence bytea, document_hash bytea,
  address_id uuid, address_registry_key_id text, address_wrapped bytea, address_kind text, place bytea, reference bytea, usual_area bytea,
  household_id uuid, residence_id uuid, valid_from date,
  said_id uuid, said bytea,
  representatives jsonb,
  movement_id uuid, recorded_by text, movement_details bytea,
  tokens integer[],
  entry_id uuid, action text, purpose text, requester_kind text, entry_subject bytea, entry_mark bytea,
  entry_details bytea, leaf_hash bytea
);
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
revoke all on function find_alike(registration[]) from public;
grant execute on function find_alike(registration[]) to padron_app, padron_gate;

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
    left join idempotency_keys known on known.municipality_id = municipality and known.id = one.idempotency
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
    select n.idempotency, municipality, n.fingerprint, n.response, n.response_owner from n),
  a_key as (
    insert into data_keys (id, municipality_id, owner, registry_key_id, wrapped)
    select n.id, municipality, 'neighbour', n.registry_key_id, n.wrapped from n
    union all
    select n.address_id, municipality, 'address', n.address_registry_key_id, n.address_wrapped from n
    where n.address_id is not null),
  a_neighbour as (
    insert into neighbours (id, municipality_id, protected)
    select n.id, municipality, n.protected from n),
  their_particulars as (
    insert into particulars (municipality_id, neighbour_id, version, identity, contact)
    select municipality, n.id, 1, n.identity, n.contact from n),
  their_evidence as (
    insert into evidence (id, municipality_id, neighbour_id, details, document_hash)
    select n.evidence_id, municipality, n.id, n.evidence, n.document_hash from n),
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
    insert into representatives (id, municipality_id, neighbour_id, representative_id, details, works_from)
    select (one ->> 'id')::uuid, municipality, n.id, (one ->> 'representative_id')::uuid, decode(one ->> 'details', 'hex'), now()
    from n, jsonb_array_elements(n.representatives) as one),
  a_movement as (
    insert into movements (id, municipality_id, neighbour_id, details)
    select n.movement_id, municipality, n.id, n.movement_details from n),
  a_visit as (
    insert into visits (municipality_id, neighbour_id, staff_id, until)
    select municipality, n.id, n.recorded_by, n.visit_until from n where n.protected),
  a_likeness as (
    insert into likenesses (id, municipality_id, neighbour_id, content, hides, recorded_by)
    select n.likeness_id, municipality, n.id, n.likeness_content, n.hides, n.recorded_by from n where n.likeness_id is not null),
  their_tokens as (
    insert into search_tokens (neighbour_id, municipality_id, tokens)
    select n.id, municipality, n.tokens from n)
  insert into ledger_entries (id, municipality_id, action, purpose, outcome, requester_kind, subject, mark, details, leaf_hash)
  select n.entry_id, municipality, n.action, n.purpose, 'permitted', n.requester_kind, n.entry_subject, n.entry_mark, n.entry_details, n.leaf_hash
  from n;
end $$;
revoke all on function register_neighbours(uuid, bigint, json) from public;
grant execute on function register_neighbours(uuid, bigint, json) to padron_app, padron_gate;

-- How far an import has come, in the database it goes into: the same file into another begins at its beginning, and one that
-- is run again after it ended brings nobody in twice. The file is known by a keyed hash.
create table imports (
  municipality_id uuid not null references municipalities,
  file bytea not null check (length(file) = 32),
  households integer not null check (households >= 0),
  -- Whether rows were left out: they may come in later, and everybody else is recognised for as long as keys are kept.
  left_out boolean not null,
  begun_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, file)
);
call keep_to_town('imports', watched => true);
grant select, insert, update (households, left_out, updated_at) on imports to padron_app, padron_gate;
grant select (municipality_id, households, left_out, begun_at, updated_at) on imports to padron_readonly_ops;

-- Erasure. Destroying the key of a neighbour makes everything sealed to it unreadable for ever, in the ledger too, whose
-- tree stands on salted hashes and is not disturbed. What is left says that somebody, nobody knows who, came and went.
create function forget_neighbour(town uuid, whose uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  emptied uuid[];
  another uuid;
begin
  -- A record that was joined to this one is of the same person.
  for another in select one.joined_id from joins one where one.municipality_id = town and one.stays_id = whose
      and one.decision = 'approved' and one.undoes is null and one.undone_at is null loop
    perform forget_neighbour(town, another);
  end loop;
  delete from joins where municipality_id = town and (stays_id = whose or joined_id = whose);
  select array_agg(distinct household_id) into emptied from residences where municipality_id = town and neighbour_id = whose;
  delete from data_keys where municipality_id = town and id = whose and owner = 'neighbour';
  update neighbours set erased_at = now() where municipality_id = town and id = whose;
  update search_tokens set tokens = '{}' where municipality_id = town and neighbour_id = whose;
  update evidence set document_hash = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
  where municipality_id = town and neighbour_id = whose;
  delete from said_starts where municipality_id = town and neighbour_id = whose;
  delete from residences where municipality_id = town and neighbour_id = whose;
  delete from visits where municipality_id = town and neighbour_id = whose;
  delete from likenesses where municipality_id = town and neighbour_id = whose;
  delete from representatives where municipality_id = town and neighbour_id = whose;
  -- That somebody acted for a child until they left stays known of the child.
  update representatives set representative_id = null
  where municipality_id = town and representative_id = whose;
  delete from sessions where municipality_id = town and kind = 'resident' and subject = whose::text;
  delete from enrolments where municipality_id = town and neighbour_id = whose;
  delete from passkeys where municipality_id = town and neighbour_id = whose;
  delete from resident_cards where municipality_id = town and neighbour_id = whose;
  delete from helpers where municipality_id = town and neighbour_id = whose;
  delete from wallet_offers where municipality_id = town and neighbour_id = whose;
  delete from complaints where municipality_id = town and neighbour_id = whose;
  delete from proceeding_answers where municipality_id = town and neighbour_id = whose;
  delete from proceedings where municipality_id = town and neighbour_id = whose;
  delete from notice_deliveries where municipality_id = town
    and notice_id in (select id from notices where municipality_id = town and neighbour_id = whose);
  delete from jobs where municipality_id = town and kind = 'notices'
    and item in (select id::text from notices where municipality_id = town and neighbour_id = whose);
  delete from notices where municipality_id = town and neighbour_id = whose;
  delete from watched_neighbours where municipality_id = town and neighbour_id = whose;
  delete from staff_neighbours where municipality_id = town and neighbour_id = whose;
  delete from flags where municipality_id = town and neighbour_id = whose;
  delete from welfare_checks where municipality_id = town and neighbour_id = whose;
  delete from drawn_openings where municipality_id = town and neighbour_id = whose;
  -- An address at which nobody else was ever registered says where one person lived: it goes too.
  with gone as (
    delete from households home
    where home.municipality_id = town and home.id = any (emptied)
      and not exists (select from residences r where r.municipality_id = town and r.household_id = home.id)
    returning address_id),
  unused as (
    delete from addresses place
    where place.municipality_id = town and place.id in (select address_id from gone)
      and not exists (select from households h where h.municipality_id = town and h.address_id = place.id and h.id <> all (emptied))
    returning id)
  delete from data_keys where municipality_id = town and id in (select id from unused) and owner = 'address';
end $$;
revoke all on function forget_neighbour(uuid, uuid) from public;

-- A mistake is taken back within the hour by whoever made it: who that was is sealed with the registration, and for the service to see.
-- @param last the movement that says so, sealed to a key that is gone with this
-- @param once the key it was sent with, which is free again
create function undo_registration(whose uuid, lived_from date, last uuid, last_details bytea, once bytea) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := current_municipality();
  written timestamptz;
begin
  perform from neighbours n where n.municipality_id = town and n.id = whose and n.departed_on is null for update;
  if not found or (select count(*) from movements where municipality_id = town and neighbour_id = whose) <> 1 then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  select recorded_at into written from movements where municipality_id = town and neighbour_id = whose;
  if written < now() - interval '1 hour'
    or exists (select from representatives held where held.municipality_id = town and held.representative_id = whose and held.ended_at is null)
    -- What they said to the city is not forgotten with a mistake.
    or exists (select from complaints said where said.municipality_id = town and said.neighbour_id = whose)
    or exists (select from proceedings heard where heard.municipality_id = town and heard.neighbour_id = whose) then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  update neighbours set departed_on = lived_from where municipality_id = town and id = whose;
  insert into movements (id, municipality_id, neighbour_id, details) values (last, town, whose, last_details);
  perform forget_neighbour(town, whose);
  delete from idempotency_keys where municipality_id = town and id = once;
end $$;
revoke all on function undo_registration(uuid, date, uuid, bytea, bytea) from public;
grant execute on function undo_registration(uuid, date, uuid, bytea, bytea) to padron_app, padron_gate;
