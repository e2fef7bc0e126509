-- Who watches the watchers: acts of two officers, lockdown, demands for data, and look-ups worth a second look.

-- What widens who is answered, or lists people, takes two legal officers: one proposes it, another approves. What it says is
-- sealed with the town's key: it names organisations and those who sign for them.
create table officer_acts (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  kind text not null check (kind in
    ('enrol', 'application', 'function', 'link', 'attestation', 'machine', 'alias', 'lend', 'take-back', 'affected', 'secrecy',
     'suspend', 'end-machine', 'end-key', 'widen', 'call-off')),
  data_key_id uuid not null,
  content bytea not null,
  proposed_by text not null check (length(proposed_by) between 1 and 320),
  proposed_at timestamptz not null default clock_timestamp(),
  proposed_in xid8 not null default pg_current_xact_id(),
  decided_by text check (length(decided_by) between 1 and 320),
  decided_at timestamptz,
  decided_in xid8,
  -- `at-once`: it closes the gate, and one officer is enough for that.
  decision text check (decision in ('approved', 'refused', 'at-once')),
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys,
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint officer_acts_second_officer check (decision is distinct from 'approved' or decided_by <> proposed_by)
);
create index officer_acts_open on officer_acts (municipality_id, proposed_at) where decision is null;
create function officer_acts_decided() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.decision is not null then
    raise exception 'an act that is decided stays so' using errcode = 'PD006';
  end if;
  -- Nobody proposes and approves in one go.
  if tg_op = 'INSERT' then new.proposed_in := pg_current_xact_id(); end if;
  if new.decision = 'approved' and new.proposed_in = pg_current_xact_id() then
    raise exception 'an act is approved after it was proposed' using errcode = 'PD006';
  end if;
  new.decided_in := case when new.decision is null then null else pg_current_xact_id() end;
  return new;
end $$;
create trigger officer_acts_decided before insert or update on officer_acts for each row execute function officer_acts_decided();
call keep_to_town('officer_acts', watched => true);
grant select, insert, update (decided_by, decided_at, decision) on officer_acts to padron_app, padron_gate;
grant select (municipality_id, id, kind, proposed_at, decided_at, decision) on officer_acts to padron_readonly_ops;

-- The acts that write to each table.
create table officer_act_writes (
  kind text not null,
  written text not null,
  primary key (kind, written)
);
insert into officer_act_writes (kind, written)
select kind, written from (values ('enrol'), ('application')) as act (kind), (values ('organisations'), ('organisation_functions'),
  ('attestations'), ('clients')) as one (written)
union all values ('application', 'client_keys'), ('function', 'organisation_functions'), ('link', 'organisation_links'),
  ('attestation', 'attestations'), ('attestation', 'organisations'), ('machine', 'clients'), ('alias', 'organisations'),
  ('lend', 'staff_affiliations'), ('take-back', 'staff_affiliations'), ('secrecy', 'notices'), ('suspend', 'organisations'), ('widen', 'agreed_grants');
grant select on officer_act_writes to padron_app, padron_gate, padron_readonly_ops;

-- What widens who is answered is written only in the transaction in which a second officer approved an act of that kind; what
-- closes the gate, in the one in which one officer did. Only the login that owns the tables, which adds towns, is not asked.
create function takes_two_officers() returns trigger language plpgsql as $$
declare
  changed jsonb := to_jsonb(coalesce(new, old));
  decided text[];
begin
  if (select relowner = current_user::regrole from pg_class where oid = tg_relid) then return null; end if;
  decided := array(select act.decision from officer_acts act join officer_act_writes allowed on allowed.kind = act.kind
    where allowed.written = table_name_of(tg_relid) and act.municipality_id = current_municipality()
      and act.decided_in = pg_current_xact_id());
  if 'approved' = any (decided) then return null; end if;
  if 'at-once' = any (decided) and tg_op = 'INSERT' and (
      table_name_of(tg_relid) in ('organisation_functions', 'organisation_links', 'staff_affiliations')
      and closes_the_gate((changed ->> 'organisation_id')::uuid)) then
    return null;
  end if;
  raise exception 'this takes two legal officers' using errcode = 'PD006';
end $$;
create constraint trigger organisations_take_two after insert or delete on organisations
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger organisation_functions_take_two after insert or delete on organisation_functions
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger organisation_links_take_two after insert or delete on organisation_links
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger attestations_take_two after insert or delete on attestations
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger clients_take_two after insert or delete on clients
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger client_keys_take_two after insert or delete on client_keys
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger staff_affiliations_take_two after insert or delete on staff_affiliations
  deferrable initially deferred for each row execute function takes_two_officers();
create constraint trigger organisations_change_takes_two after update on organisations deferrable initially deferred
  for each row execute function takes_two_officers();
create constraint trigger agreed_grants_take_two after insert on agreed_grants deferrable initially deferred
  for each row when (new.basis in ('officers', 'returned')) execute function takes_two_officers();
-- The secrecy of an order.
create constraint trigger notices_kept_back_take_two after update of visible_from on notices deferrable initially deferred
  for each row when (old.visible_from is distinct from new.visible_from) execute function takes_two_officers();

-- The code by which whoever speaks for an organisation is known, once it is not that of its application any more.
create table organisation_codes (
  municipality_id uuid not null references municipalities,
  organisation_id uuid not null,
  reference_hash bytea not null check (length(reference_hash) = 32),
  given_at timestamptz not null,
  given_by text not null check (length(given_by) between 1 and 320),
  primary key (municipality_id, organisation_id),
  unique (municipality_id, reference_hash),
  foreign key (municipality_id, organisation_id) references organisations
);
call keep_to_town('organisation_codes', watched => true);
grant select, insert, update (reference_hash, given_at, given_by) on organisation_codes to padron_app, padron_gate;
grant select (municipality_id, organisation_id, given_at) on organisation_codes to padron_readonly_ops;

-- Lockdown: two legal officers close, three open. Each change begins a new round of votes.
create table lockdowns (
  municipality_id uuid primary key references municipalities,
  closed boolean not null default false,
  round bigint not null default 0,
  changed_at timestamptz not null default clock_timestamp()
);
create trigger lockdowns_taken after insert or update of closed on lockdowns for each row
  when (new.closed) execute function note_taking('put', 'municipality_id', '*');
call keep_to_town('lockdowns', watched => true);
grant select, insert, update (closed, round, changed_at) on lockdowns to padron_app, padron_gate;
grant select on lockdowns to padron_readonly_ops;
-- Whether this town's registry is closed.
create function is_locked_down() returns boolean language sql stable as $$
  select coalesce((select closed from lockdowns where municipality_id = current_municipality()), false) $$;
revoke all on function is_locked_down() from public;
grant execute on function is_locked_down() to padron_app, padron_gate;
create table lockdown_votes (
  municipality_id uuid not null references municipalities,
  round bigint not null,
  staff_id text not null,
  voted_at timestamptz not null default clock_timestamp(),
  -- A vote counts for a day, and may be given again after.
  primary key (municipality_id, round, staff_id, voted_at)
);
create trigger lockdown_votes_append_only before update or delete or truncate on lockdown_votes
  for each statement execute function refuse_change();
call keep_to_town('lockdown_votes');
grant select, insert on lockdown_votes to padron_app, padron_gate;

-- The document of a demand is uploaded, hashed by the registry and kept sealed.
create table demand_documents (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  uploaded_by text not null check (length(uploaded_by) between 1 and 320),
  uploaded_at timestamptz not null default clock_timestamp(),
  data_key_id uuid not null,
  content bytea not null,
  -- SHA-256 of what was uploaded: whoever has the same paper sees that it is the one that was kept.
  sha256 bytea not null check (length(sha256) = 32),
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys
);
create trigger demand_documents_append_only before update or delete or truncate on demand_documents
  for each statement execute function refuse_change();
call keep_to_town('demand_documents');
grant select, insert on demand_documents to padron_app, padron_gate;

-- A formal demand for data. What it says is sealed: it may name somebody.
create table access_requests (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  reference text not null,
  received_at timestamptz not null default clock_timestamp(),
  recorded_by text not null,
  basis text not null check (basis in ('judge-order', 'other')),
  data_key_id uuid not null,
  details bytea not null,
  document_id uuid not null,
  subject_id uuid,
  stage text not null check (stage in ('refused', 'under-review', 'approved', 'opened')),
  decided_at timestamptz,
  -- The message to the neighbour, once the order was opened.
  notice_id uuid,
  primary key (municipality_id, id),
  unique (municipality_id, reference),
  unique (municipality_id, document_id),
  foreign key (municipality_id, data_key_id) references data_keys,
  foreign key (municipality_id, document_id) references demand_documents,
  foreign key (municipality_id, notice_id) references notices on delete set null (notice_id),
  check (stage = 'refused' or basis = 'judge-order'),
  -- Of an order that names its person in words it is known once two officers have approved it, and it is opened.
  check (stage <> 'opened' or subject_id is not null)
);
create trigger access_requests_taken after update of stage on access_requests for each row
  when (new.stage = 'refused') execute function note_taking('set', 'id', 'stage decided_at');
call keep_to_town('access_requests');
grant select, insert, update (subject_id, stage, decided_at, notice_id) on access_requests to padron_app, padron_gate;

-- An order is approved by two officers who did not write it down.
create table access_request_reviews (
  municipality_id uuid not null,
  request_id uuid not null,
  staff_id text not null,
  approves boolean not null,
  reviewed_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, request_id, staff_id),
  foreign key (municipality_id, request_id) references access_requests
);
create trigger access_request_reviews_append_only before update or delete or truncate on access_request_reviews
  for each statement execute function refuse_change();
create function reviewed_by_others() returns trigger language plpgsql as $$
begin
  if new.approves and exists (select from access_requests demand
      where demand.municipality_id = new.municipality_id and demand.id = new.request_id and demand.recorded_by = new.staff_id) then
    raise exception 'whoever wrote a demand down does not approve it' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger access_request_reviews_by_others before insert on access_request_reviews
  for each row execute function reviewed_by_others();
call keep_to_town('access_request_reviews');
grant select, insert on access_request_reviews to padron_app, padron_gate;

-- Neighbours whose look-ups are always flagged, and which record is a staff member's own.
create table watched_neighbours (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  primary key (municipality_id, neighbour_id),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create trigger watched_neighbours_put after insert on watched_neighbours for each row
  execute function note_taking('put', 'municipality_id neighbour_id', '*');
call keep_to_town('watched_neighbours');
grant select, insert, delete on watched_neighbours to padron_app, padron_gate;

create table staff_neighbours (
  municipality_id uuid not null,
  staff_id text not null,
  neighbour_id uuid not null,
  linked_at timestamptz not null default clock_timestamp(),
  unlinked_at timestamptz,
  primary key (municipality_id, staff_id, neighbour_id, linked_at),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create unique index staff_neighbours_now on staff_neighbours (municipality_id, staff_id) where unlinked_at is null;
create trigger staff_neighbours_put after insert on staff_neighbours for each row
  execute function note_taking('put', 'municipality_id staff_id neighbour_id', '*');
call keep_to_town('staff_neighbours');
grant select, insert, update (unlinked_at) on staff_neighbours to padron_app, padron_gate;

-- What a supervisor should look at.
create table flags (
  municipality_id uuid not null,
  id uuid not null,
  raised_at timestamptz not null default clock_timestamp(),
  staff_id text not null,
  neighbour_id uuid not null,
  kind text not null check (kind in ('no-case', 'unknown-case', 'own-record', 'same-household', 'same-address', 'watched',
    'probing', 'many-people', 'out-of-hours', 'given-and-used')),
  -- What was opened by the look-up: names of fields, of nobody.
  fields text[] not null default '{}',
  reviewed_by text,
  reviewed_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  check ((reviewed_by is null) = (reviewed_at is null))
);
create index flags_unreviewed on flags (municipality_id, raised_at) where reviewed_at is null;
call keep_to_town('flags');
grant select, insert, update (reviewed_by, reviewed_at) on flags to padron_app, padron_gate;

-- What makes a look-up worth a second look is what was true at any time in the last year: whose record it was, who lived
-- with them, and at which address.
create function conspicuous(staff text, opened uuid[]) returns table (neighbour_id uuid, kind text)
  language sql stable as $$
  with own as (
    select one.neighbour_id from staff_neighbours one
    where one.municipality_id = current_municipality() and one.staff_id = staff
      and (one.unlinked_at is null or one.unlinked_at > clock_timestamp() - interval '1 year')),
  lived as (
    select home.neighbour_id, home.household_id, place.address_id from residences home
    join households place on place.municipality_id = home.municipality_id and place.id = home.household_id
    where home.municipality_id = current_municipality() and (home.valid_to is null or home.valid_to > today_in(current_municipality()) - 365)
      and (home.superseded_at is null or home.superseded_at > clock_timestamp() - interval '1 year')),
  mine as (select lived.household_id, lived.address_id from lived join own on own.neighbour_id = lived.neighbour_id)
  select own.neighbour_id, 'own-record' from own where own.neighbour_id = any (opened)
  union all
  select distinct theirs.neighbour_id, case when theirs.household_id in (select household_id from mine)
    then 'same-household' else 'same-address' end
  from lived theirs where theirs.neighbour_id = any (opened)
    and (theirs.household_id in (select household_id from mine) or theirs.address_id in (select address_id from mine))
    and theirs.neighbour_id not in (select own.neighbour_id from own)
  union all
  select watched.neighbour_id, 'watched' from watched_neighbours watched
  where watched.municipality_id = current_municipality() and watched.neighbour_id = any (opened)
$$;
revoke all on function conspicuous(text, uuid[]) from public;
grant execute on function conspicuous(text, uuid[]) to padron_app, padron_gate;

-- Whoever registers people like those who hide, twice within a month, may be probing: a supervisor should look.
create function flag_probing() returns trigger language plpgsql as $$
begin
  -- That somebody who hides is registered twice is found when they hide, and is nobody's probing.
  if new.recorded_by = 'registry' then return null; end if;
  if (select count(*) from likenesses other where other.municipality_id = new.municipality_id
      and other.recorded_by = new.recorded_by and other.recorded_at > now() - interval '30 days') >= 2 then
    insert into flags (id, municipality_id, staff_id, neighbour_id, kind)
    values (gen_random_uuid(), new.municipality_id, new.recorded_by, new.neighbour_id, 'probing');
  end if;
  return null;
end $$;
create trigger likenesses_flag_probing after insert on likenesses for each row execute function flag_probing();

-- Some of what each member of staff was shown in a day is drawn by lot: they say later why, and a supervisor reads it. The lot is
-- a keyed hash of the day, the member of staff and the person: looking again draws nothing anew, and who looks cannot know.
-- Besides those below the share, the lowest of each day is drawn where nobody can say whether its case was issued.
create table drawn_openings (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 320),
  neighbour_id uuid not null,
  day date not null,
  lot double precision not null check (lot >= 0 and lot < 1),
  seen_at timestamptz not null default clock_timestamp(),
  data_key_id uuid not null,
  -- The case, the purpose and the action, sealed with the town's key; so is what was said about it.
  content bytea not null,
  -- What was shown by the look that is told, as `points_of`.
  weight integer not null,
  reason bytea,
  explained_at timestamptz,
  read_by text check (length(read_by) between 1 and 320 and read_by <> staff_id),
  read_at timestamptz,
  primary key (municipality_id, id),
  unique (municipality_id, staff_id, neighbour_id, day),
  foreign key (municipality_id, neighbour_id) references neighbours,
  foreign key (municipality_id, data_key_id) references data_keys,
  check (num_nonnulls(reason, explained_at) in (0, 2)),
  check (num_nonnulls(read_by, read_at) in (0, 2))
);
create index drawn_openings_of_day on drawn_openings (municipality_id, staff_id, day);
create index drawn_openings_unread on drawn_openings (municipality_id, day) where read_at is null;
create function keep_reason() returns trigger language plpgsql as $$
begin
  if old.reason is not null and new.reason is distinct from old.reason
    or old.read_by is not null and new.read_by is distinct from old.read_by then
    raise exception 'what was said about a look-up stays as it is' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger drawn_openings_kept before update on drawn_openings for each row execute function keep_reason();
-- Draws one, if its lot is below the town's share or the lowest of the day; the one it displaces had not been shown to anybody.
create function draw_opening(one uuid, staff text, person uuid, on_day date, its_lot double precision, share double precision,
  key uuid, sealed bytea, its_weight integer) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := current_municipality();
begin
  -- A wider look of the same day is the one to be explained.
  update drawn_openings known set content = sealed, data_key_id = key, weight = its_weight, seen_at = clock_timestamp()
  where known.municipality_id = town and known.staff_id = staff and known.neighbour_id = person and known.day = on_day
    and known.weight < its_weight and known.explained_at is null;
  insert into drawn_openings (id, municipality_id, staff_id, neighbour_id, day, lot, data_key_id, content, weight)
  select one, town, staff, person, on_day, its_lot, key, sealed, its_weight
  where its_lot < share or not exists (select from drawn_openings known
    where known.municipality_id = town and known.staff_id = staff and known.day = on_day and known.lot <= its_lot)
  on conflict (municipality_id, staff_id, neighbour_id, day) do nothing;
  if found then
    delete from drawn_openings displaced where displaced.municipality_id = town and displaced.staff_id = staff
      and displaced.day = on_day and displaced.lot >= share and displaced.lot > its_lot;
  end if;
end $$;
revoke all on function draw_opening(uuid, text, uuid, date, double precision, double precision, uuid, bytea, integer) from public;
grant execute on function draw_opening(uuid, text, uuid, date, double precision, double precision, uuid, bytea, integer) to padron_app, padron_gate;
call keep_to_town('drawn_openings');
grant select, update (reason, explained_at, read_by, read_at) on drawn_openings to padron_app, padron_gate;
