-- The rest of the firewall: promises that lapse, staff lent elsewhere, lockdown, budgets, flags, access requests.

-- Sharing works both ways, whoever wrote it down; and so does hosting or working for another: a supplier has what both have.
create index organisation_links_shared on organisation_links (related_id) where kind in ('sharesWith', 'suppliedBy');
create or replace function organisation_closure(start uuid)
  returns table (organisation_id uuid, kind text, related_id uuid)
  language sql stable as $$
  with recursive reached (id) as (
    select start
    union
    select next.id from reached cross join lateral (
      select link.related_id from organisation_links link where link.organisation_id = reached.id
      union all
      select link.organisation_id from organisation_links link
      where link.related_id = reached.id and link.kind in ('sharesWith', 'suppliedBy')) next (id)
  )
  select link.organisation_id, link.kind, link.related_id
  from reached join organisation_links link on link.organisation_id = reached.id
  union
  select link.related_id, link.kind, link.organisation_id
  from reached join organisation_links link on link.related_id = reached.id and link.kind in ('sharesWith', 'suppliedBy')
$$;

-- A promise was made about the ties an organisation had. When a tie or a function that it can reach
-- changes, the promise lapses and has to be made again.
alter table attestations add column lapsed_at timestamptz;

create function attestations_lapse() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  touched uuid[];
  promised uuid;
begin
  if tg_op <> 'INSERT' then touched := array[old.organisation_id]; end if;
  if tg_op <> 'DELETE' then touched := touched || new.organisation_id; end if;
  for promised in
    select distinct open.organisation_id from attestations open
    where open.lapsed_at is null and open.expires_at > clock_timestamp()
  loop
    if promised = any (touched)
      or exists (select from organisation_closure(promised) tie where tie.related_id = any (touched)) then
      update attestations set lapsed_at = clock_timestamp() where organisation_id = promised and lapsed_at is null;
    end if;
  end loop;
  return null;
end $$;
create trigger organisation_functions_lapse after insert or update or delete on organisation_functions
  for each row execute function attestations_lapse();
create trigger organisation_links_lapse after insert or update or delete on organisation_links
  for each row execute function attestations_lapse();

-- A member of staff lent to another organisation stands where that organisation stands.
create table staff_affiliations (
  municipality_id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 200),
  organisation_id uuid not null,
  primary key (municipality_id, staff_id, organisation_id),
  foreign key (municipality_id, organisation_id) references organisations (municipality_id, id)
);
create trigger staff_affiliations_change after insert or update or delete on staff_affiliations
  for each row execute function organisation_graph_changed();

-- Which policies were in force from when.
create table policy_versions (
  municipality_id uuid not null references municipalities,
  in_force_from timestamptz not null default clock_timestamp(),
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  primary key (municipality_id, in_force_from)
);

-- Lockdown: two legal officers close, three open. Each change begins a new round of votes.
create table lockdowns (
  municipality_id uuid primary key references municipalities,
  closed boolean not null default false,
  round bigint not null default 0,
  changed_at timestamptz not null default clock_timestamp()
);
create table lockdown_votes (
  municipality_id uuid not null references municipalities,
  round bigint not null,
  staff_id text not null,
  voted_at timestamptz not null default clock_timestamp(),
  -- A vote counts for a day, and may be given again after.
  primary key (municipality_id, round, staff_id, voted_at)
);

-- How many searches and openings an hour one member of staff, and one outside organisation, may make.
alter table municipalities add column hourly_budget_staff integer not null default 240 check (hourly_budget_staff > 0);
alter table municipalities add column hourly_budget_organisation integer not null default 1200 check (hourly_budget_organisation > 0);

-- How often somebody asked in an hour; counted with the decision, so that no process is beside it.
create table query_counts (
  municipality_id uuid not null references municipalities,
  counted text not null,
  hour timestamptz not null,
  times integer not null check (times > 0),
  primary key (municipality_id, counted, hour)
);

-- Proofs of possession (RFC 9449) that were used: none counts twice, on whichever process.
create table used_proofs (
  municipality_id uuid not null references municipalities,
  id bytea not null check (length(id) = 32),
  used_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, id)
);
create index used_proofs_by_age on used_proofs (used_at);

-- Neighbours whose look-ups are always flagged, and which record is a staff member's own.
create table watched_neighbours (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  primary key (municipality_id, neighbour_id),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create table staff_neighbours (
  municipality_id uuid not null,
  staff_id text not null,
  neighbour_id uuid not null,
  primary key (municipality_id, staff_id),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);

-- What a supervisor should look at.
create table flags (
  id uuid primary key,
  municipality_id uuid not null,
  raised_at timestamptz not null default clock_timestamp(),
  staff_id text not null,
  neighbour_id uuid not null,
  kind text not null check (kind in ('no-case', 'own-record', 'same-household', 'watched', 'probing')),
  reviewed_by text,
  reviewed_at timestamptz,
  check ((reviewed_by is null) = (reviewed_at is null)),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index flags_unreviewed on flags (municipality_id, raised_at) where reviewed_at is null;

-- What makes a look-up by this member of staff worth a second look.
create function conspicuous(staff text, opened uuid[]) returns table (neighbour_id uuid, kind text)
  language sql stable as $$
  select own.neighbour_id, 'own-record' from staff_neighbours own
  where own.municipality_id = current_municipality() and own.staff_id = staff and own.neighbour_id = any (opened)
  union all
  select distinct theirs.neighbour_id, 'same-household'
  from staff_neighbours own
  join residences mine on mine.neighbour_id = own.neighbour_id and mine.superseded_at is null
  join residences theirs on theirs.household_id = mine.household_id and theirs.superseded_at is null
  where own.municipality_id = current_municipality() and own.staff_id = staff
    and theirs.neighbour_id = any (opened) and theirs.neighbour_id <> own.neighbour_id
  union all
  select watched.neighbour_id, 'watched' from watched_neighbours watched
  where watched.municipality_id = current_municipality() and watched.neighbour_id = any (opened)
$$;
grant execute on function conspicuous(text, uuid[]) to padron_app;

-- A formal demand for data. What it says is sealed: it may name somebody.
create table access_requests (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  reference text not null,
  received_at timestamptz not null default clock_timestamp(),
  recorded_by text not null,
  basis text not null check (basis in ('judge-order', 'other')),
  data_key_id uuid not null references data_keys,
  details bytea not null,
  document_hash bytea not null check (length(document_hash) = 32),
  subject_id uuid,
  stage text not null check (stage in ('refused', 'under-review', 'approved', 'opened')),
  decided_at timestamptz,
  unique (municipality_id, reference),
  unique (municipality_id, id),
  check (stage = 'refused' or basis = 'judge-order'),
  -- Of an order that names its person in words it is known once two officers have approved it, and it is opened.
  check (stage <> 'opened' or subject_id is not null)
);

create table access_request_reviews (
  municipality_id uuid not null,
  request_id uuid not null,
  staff_id text not null,
  approves boolean not null,
  reviewed_at timestamptz not null default clock_timestamp(),
  primary key (request_id, staff_id),
  foreign key (municipality_id, request_id) references access_requests (municipality_id, id)
);

-- What a neighbour has to be told, and by when.
create table notices (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  kind text not null check (kind in ('access-request')),
  details bytea not null,
  visible_from timestamptz not null,
  due_by timestamptz not null check (due_by >= visible_from),
  created_at timestamptz not null default clock_timestamp(),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index notices_by_neighbour on notices (neighbour_id, visible_from);

create trigger policy_versions_append_only before update or delete or truncate on policy_versions
  for each statement execute function refuse_change();
create trigger lockdown_votes_append_only before update or delete or truncate on lockdown_votes
  for each statement execute function refuse_change();
create trigger access_request_reviews_append_only before update or delete or truncate on access_request_reviews
  for each statement execute function refuse_change();
create trigger notices_append_only before update or delete or truncate on notices
  for each statement execute function refuse_change();

grant select, insert, delete on staff_affiliations, watched_neighbours, used_proofs to padron_app;
grant select, insert, update (neighbour_id) on staff_neighbours to padron_app;
grant select, insert on policy_versions, lockdown_votes, access_request_reviews, notices to padron_app;
grant select, insert, update (closed, round, changed_at) on lockdowns to padron_app;
grant select, insert, update (times) on query_counts to padron_app;
grant select, insert, update (reviewed_by, reviewed_at) on flags to padron_app;
grant select, insert, update (stage, decided_at) on access_requests to padron_app;
grant select on policy_versions, lockdowns to padron_readonly_ops;

do $$
declare guarded text;
begin
  foreach guarded in array array['staff_affiliations', 'policy_versions', 'lockdowns', 'lockdown_votes', 'query_counts', 'used_proofs',
    'watched_neighbours', 'staff_neighbours', 'flags', 'access_requests', 'access_request_reviews', 'notices'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
