-- Who may ask. Organisations form a graph; a path to an enforcement function closes the gate.

-- What an organisation does, from a closed list (policies/functions.json): one that does something else has no function, and
-- gets nothing until the list says what it is. A word that only looks like another opens and closes nothing.
create table functions (
  id text primary key,
  -- Immigration enforcement, and the ways round a sanctuary that are known elsewhere.
  closes boolean not null
);
insert into functions (id, closes) values
  ('citizenship-office', false),
  ('council', false),
  ('library', false),
  ('culture', false),
  ('school', false),
  ('university', false),
  ('health', false),
  ('social-services', false),
  ('housing', false),
  ('mobility', false),
  ('employment', false),
  ('sports', false),
  ('charity', false),
  ('bank', false),
  ('utilities', false),
  ('ombudsperson', false),
  ('court', false),
  ('prosecution', false),
  ('police', false),
  ('tax', false),
  ('statistics', false),
  ('technology', false),
  ('immigration-enforcement', true),
  ('data-broker', true),
  ('credit-reference', true),
  ('debt-collection', true),
  ('tenant-screening', true),
  ('fusion-centre', true),
  ('plate-and-ticket-data', true);
grant select on functions to padron_app, padron_gate, padron_readonly_ops;

-- An organisation is known by its identifier in a public register (a tax or public-body number), so that it is one however it
-- is called and whatever machines it has. The town's own offices may have none.
create table organisations (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  identifier text check (identifier ~ '^[A-Z0-9]{4,40}$'),
  aliases text[] not null default '{}',
  created_at timestamptz not null default now(),
  -- Suspended by two officers, after what neighbours reported: its attestation is over, until two officers take another.
  suspended_at timestamptz,
  readmitted_at timestamptz,
  primary key (municipality_id, id)
);
create unique index organisations_by_identifier on organisations (municipality_id, identifier) where identifier is not null;
call keep_to_town('organisations', watched => true);
grant select, insert, update (aliases, suspended_at, readmitted_at) on organisations to padron_app, padron_gate;
grant select on organisations to padron_readonly_ops;

-- Since when an organisation is what it is, and tied to what it is tied to: it is told since when it is answered nothing.
create table organisation_functions (
  municipality_id uuid not null,
  organisation_id uuid not null,
  function text not null check (function ~ '^[a-z][a-z-]{1,63}$'),
  since timestamptz not null default clock_timestamp(),
  primary key (municipality_id, organisation_id, function),
  foreign key (municipality_id, organisation_id) references organisations,
  constraint organisation_functions_listed foreign key (function) references functions
);
call keep_to_town('organisation_functions', watched => true);
grant select, insert, delete on organisation_functions to padron_app, padron_gate;
grant select on organisation_functions to padron_readonly_ops;

create table organisation_links (
  municipality_id uuid not null,
  organisation_id uuid not null,
  kind text not null check (kind in ('memberOf', 'reportsTo', 'sharesWith', 'suppliedBy')),
  related_id uuid not null,
  since timestamptz not null default clock_timestamp(),
  primary key (municipality_id, organisation_id, kind, related_id),
  foreign key (municipality_id, organisation_id) references organisations,
  foreign key (municipality_id, related_id) references organisations,
  check (organisation_id <> related_id)
);
create index organisation_links_shared on organisation_links (municipality_id, related_id) where kind in ('sharesWith', 'suppliedBy');
call keep_to_town('organisation_links', watched => true);
grant select, insert, delete on organisation_links to padron_app, padron_gate;
grant select on organisation_links to padron_readonly_ops;

-- Bodies that enforce immigration law, or work round a sanctuary, by their identifier in a public register. One of these closes the
-- gate in every town at once, under whatever name and function it was enrolled there. It belongs to no town: the owner's login
-- writes it from policies/enforcement-bodies.json, and the service only reads it.
create table enforcement_bodies (
  scheme text not null check (scheme ~ '^[a-z][a-z0-9-]{1,40}$'),
  identifier text not null check (identifier ~ '^[A-Z0-9]{4,40}$'),
  name text not null check (length(name) between 1 and 200),
  function text not null references functions,
  source text not null check (length(source) between 1 and 400),
  primary key (scheme, identifier)
);
-- An organisation's identifier names no register: it is compared with those of all.
create index enforcement_bodies_by_identifier on enforcement_bodies (identifier);
grant select on enforcement_bodies to padron_app, padron_gate, padron_readonly_ops;

-- Every edge of a town that can be reached from an organisation, each once, whatever the depth and even around a cycle. Sharing
-- works both ways, whoever wrote it down; and so does hosting or working for another: a supplier has what both have.
create function organisation_closure(town uuid, start uuid)
  returns table (organisation_id uuid, kind text, related_id uuid)
  language sql stable as $$
  with recursive reached (id) as (
    select start
    union
    select next.id from reached cross join lateral (
      select link.related_id from organisation_links link
      where link.municipality_id = town and link.organisation_id = reached.id
      union all
      select link.organisation_id from organisation_links link
      where link.municipality_id = town and link.related_id = reached.id and link.kind in ('sharesWith', 'suppliedBy')) next (id)
  )
  select link.organisation_id, link.kind, link.related_id
  from reached join organisation_links link on link.municipality_id = town and link.organisation_id = reached.id
  union
  select link.related_id, link.kind, link.organisation_id
  from reached join organisation_links link on link.municipality_id = town and link.related_id = reached.id
    and link.kind in ('sharesWith', 'suppliedBy')
$$;
revoke all on function organisation_closure(uuid, uuid) from public;
grant execute on function organisation_closure(uuid, uuid) to padron_app, padron_gate;

-- Whether an organisation, or anything it is tied to, closes the gate.
create function closes_the_gate(organisation uuid) returns boolean language sql stable as $$
  with reached (id) as materialized (
    select organisation union select link.related_id from organisation_closure(current_municipality(), organisation) link)
  select exists (select from reached join organisation_functions own
      on own.municipality_id = current_municipality() and own.organisation_id = reached.id
      join functions known on known.id = own.function where known.closes)
    or exists (select from reached join organisations own on own.municipality_id = current_municipality() and own.id = reached.id
      join enforcement_bodies body on body.identifier = own.identifier) $$;
revoke all on function closes_the_gate(uuid) from public;
grant execute on function closes_the_gate(uuid) to padron_app, padron_gate;

-- An attestation, signed by a named officer, not to pass data on. Twelve months at most.
create table attestations (
  municipality_id uuid not null,
  id uuid not null,
  organisation_id uuid not null,
  signed_by text not null check (length(signed_by) between 1 and 200),
  signed_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > signed_at and expires_at <= signed_at + interval '12 months 1 day'),
  lapsed_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, organisation_id) references organisations
);
create index attestations_by_organisation on attestations (municipality_id, organisation_id, expires_at);
call keep_to_town('attestations');
grant select, insert on attestations to padron_app, padron_gate;

-- An attestation was made about the links an organisation had. When a link or a function that it can reach changes, the attestation lapses
-- and has to be made again.
create function attestations_lapse() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := case when tg_op = 'DELETE' then old.municipality_id else new.municipality_id end;
  touched uuid[];
  promised uuid;
begin
  if tg_op <> 'INSERT' then touched := array[old.organisation_id]; end if;
  if tg_op <> 'DELETE' then touched := touched || new.organisation_id; end if;
  for promised in
    select distinct open.organisation_id from attestations open
    where open.municipality_id = town and open.lapsed_at is null and open.expires_at > clock_timestamp()
  loop
    if promised = any (touched)
      or exists (select from organisation_closure(town, promised) link where link.related_id = any (touched)) then
      update attestations set lapsed_at = clock_timestamp()
      where municipality_id = town and organisation_id = promised and lapsed_at is null;
    end if;
  end loop;
  return null;
end $$;
create trigger organisation_functions_lapse after insert or update or delete on organisation_functions
  for each row execute function attestations_lapse();
create trigger organisation_links_lapse after insert or update or delete on organisation_links
  for each row execute function attestations_lapse();
create function suspension_ends_the_promise() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update attestations set lapsed_at = clock_timestamp()
  where municipality_id = new.municipality_id and organisation_id = new.id and lapsed_at is null;
  return null;
end $$;
create trigger organisations_suspended after update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null) execute function suspension_ends_the_promise();

-- The machines of an organisation, and the keys that each said are its own. A token bound to another key is not its. A machine or
-- a key that is ended stays so, and stays known: nobody else takes its name, and a machine all of whose keys are ended is not one
-- that never named any.
create table clients (
  municipality_id uuid not null,
  id text not null check (length(id) between 1 and 200),
  organisation_id uuid not null,
  ended_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, organisation_id) references organisations
);
create index clients_by_organisation on clients (municipality_id, organisation_id);
call keep_to_town('clients');
grant select, insert, update (ended_at) on clients to padron_app, padron_gate;

create table client_keys (
  municipality_id uuid not null,
  client_id text not null,
  thumbprint text not null check (thumbprint ~ '^[A-Za-z0-9_-]{43}$'),
  known_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (municipality_id, client_id, thumbprint),
  foreign key (municipality_id, client_id) references clients
);
create index client_keys_by_thumbprint on client_keys (municipality_id, thumbprint);
call keep_to_town('client_keys', watched => true);
grant select, insert, update (ended_at) on client_keys to padron_app, padron_gate;
grant select on client_keys to padron_readonly_ops;

create function ended_stays_ended() returns trigger language plpgsql as $$
begin
  if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
    raise exception 'what is ended stays so' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger clients_stay_ended before update of ended_at on clients for each row execute function ended_stays_ended();
create trigger client_keys_stay_ended before update of ended_at on client_keys for each row execute function ended_stays_ended();
-- With a machine its keys end. A key that was ended may have been lost: it is nobody's again, of whatever machine.
create function clients_end_keys() returns trigger language plpgsql as $$
begin
  update client_keys set ended_at = new.ended_at
  where municipality_id = new.municipality_id and client_id = new.id and ended_at is null;
  return null;
end $$;
create trigger clients_end_keys after update of ended_at on clients for each row
  when (new.ended_at is not null and old.ended_at is null) execute function clients_end_keys();
create function client_keys_not_again() returns trigger language plpgsql as $$
begin
  if exists (select from client_keys known where known.municipality_id = new.municipality_id
      and known.thumbprint = new.thumbprint and known.ended_at is not null) then
    raise exception 'a key that was ended is not used again' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger client_keys_not_again before insert on client_keys for each row execute function client_keys_not_again();

-- A member of staff lent to another organisation stands where that organisation stands.
create table staff_affiliations (
  municipality_id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 200),
  organisation_id uuid not null,
  primary key (municipality_id, staff_id, organisation_id),
  foreign key (municipality_id, organisation_id) references organisations
);
call keep_to_town('staff_affiliations');
grant select, insert, delete on staff_affiliations to padron_app, padron_gate;

-- Every change of the graph gets a number. A decision names the number it was taken at, and
-- what it permits is written only while that number still holds.
create table organisation_graphs (
  municipality_id uuid primary key references municipalities,
  version bigint not null default 1
);
call keep_to_town('organisation_graphs', watched => true);
grant select on organisation_graphs to padron_app, padron_gate;
grant select on organisation_graphs to padron_readonly_ops;

create function organisation_graph_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare changed uuid := case when tg_op = 'DELETE' then old.municipality_id else new.municipality_id end;
begin
  insert into organisation_graphs as graph (municipality_id) values (changed)
  on conflict (municipality_id) do update set version = graph.version + 1;
  return null;
end $$;
create trigger organisations_change after insert or update or delete on organisations
  for each row execute function organisation_graph_changed();
create trigger organisation_functions_change after insert or update or delete on organisation_functions
  for each row execute function organisation_graph_changed();
create trigger organisation_links_change after insert or update or delete on organisation_links
  for each row execute function organisation_graph_changed();
create trigger attestations_change after insert or update or delete on attestations
  for each row execute function organisation_graph_changed();
create trigger clients_change after insert or update or delete on clients
  for each row execute function organisation_graph_changed();
create trigger staff_affiliations_change after insert or update or delete on staff_affiliations
  for each row execute function organisation_graph_changed();

-- The list of enforcement bodies counts in every town.
create function enforcement_bodies_changed() returns trigger language plpgsql as $$
begin
  insert into organisation_graphs as graph (municipality_id) select town.id from municipalities town
  on conflict (municipality_id) do update set version = graph.version + 1;
  return null;
end $$;
create trigger enforcement_bodies_change after insert or update or delete on enforcement_bodies
  for each row execute function enforcement_bodies_changed();

-- What is taken away from organisations, or closes the gate, is journaled.
create trigger organisations_named after update of aliases on organisations for each row
  when (new.aliases is distinct from old.aliases) execute function note_taking('set', 'municipality_id id', 'aliases');
create trigger organisations_suspended_taken after update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null) execute function note_taking('set', 'id', 'suspended_at');
create trigger organisation_functions_taken after delete on organisation_functions for each row
  execute function note_taking('gone', 'municipality_id organisation_id function', '');
create trigger organisation_functions_put after insert on organisation_functions for each row
  execute function note_taking('put', 'municipality_id organisation_id function', '*');
create trigger organisation_links_put after insert on organisation_links for each row
  execute function note_taking('put', 'municipality_id organisation_id related_id kind', '*');
create trigger attestations_taken after update of lapsed_at on attestations for each row
  when (new.lapsed_at is not null and old.lapsed_at is null) execute function note_taking('set', 'id', 'lapsed_at');
create trigger clients_taken after delete on clients for each row
  execute function note_taking('gone', 'municipality_id id', '');
create trigger clients_ended after update of ended_at on clients for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'municipality_id id', 'ended_at');
create trigger client_keys_taken after delete on client_keys for each row
  execute function note_taking('gone', 'municipality_id client_id thumbprint', '');
create trigger client_keys_ended after update of ended_at on client_keys for each row
  when (new.ended_at is not null and old.ended_at is null)
  execute function note_taking('set', 'municipality_id client_id thumbprint', 'ended_at');
create trigger staff_affiliations_put after insert on staff_affiliations for each row
  execute function note_taking('put', 'municipality_id staff_id organisation_id', '*');

-- Which policies were in force from when.
create table policy_versions (
  municipality_id uuid not null references municipalities,
  in_force_from timestamptz not null default clock_timestamp(),
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  primary key (municipality_id, in_force_from)
);
create trigger policy_versions_append_only before update or delete or truncate on policy_versions
  for each statement execute function refuse_change();
create trigger policy_versions_put after insert on policy_versions for each row
  execute function note_taking('put', 'municipality_id digest', '*');
call keep_to_town('policy_versions', watched => true);
grant select, insert on policy_versions to padron_app, padron_gate;
grant select on policy_versions to padron_readonly_ops;

-- What a town has agreed that anyone may get: each kind of requester, action, purpose and moment, with the fields that are given
-- at most. The latest that is in force counts. Rules that give more start all the same, and what is beyond stays closed.
create table agreed_grants (
  municipality_id uuid not null references municipalities,
  agreed_at timestamptz not null,
  in_force_from timestamptz not null,
  basis text not null check (basis in ('founding', 'narrower', 'officers', 'returned')),
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  cells jsonb not null,
  -- The database's own fingerprint of what lies in it: by this a process knows a table that it has read.
  mark text not null,
  primary key (municipality_id, agreed_at),
  check (in_force_from >= agreed_at),
  -- What is wider begins no sooner than everybody could read of it.
  check (basis <> 'officers' or in_force_from >= agreed_at + interval '7 days')
);
create index agreed_grants_in_force on agreed_grants (municipality_id, in_force_from);
create trigger agreed_grants_append_only before update or delete or truncate on agreed_grants
  for each statement execute function refuse_change();
create trigger agreed_grants_put after insert on agreed_grants for each row execute function note_taking('put', 'municipality_id agreed_at', '*');
-- What a table of grants gives at a place: an order takes away nothing that is given without it.
create function granted_at(cells jsonb, place text) returns jsonb language sql immutable as $$
  select coalesce(cells -> place, cells -> substring(place from '^([^|]*[|][^|]*[|][^|]*[|][^|]*) [|] [^|]*$')) $$;
-- Whether one table of grants gives nothing that another does not.
create function is_within(narrow jsonb, wide jsonb) returns boolean language sql immutable as $$
  select not exists (select from jsonb_each(narrow) as place (name, fields)
    where granted_at(wide, place.name) is null
      or exists (select from jsonb_array_elements_text(fields) as field (name)
        where not granted_at(wide, place.name) ? field.name
          and not (field.name like 'asked for by %' and granted_at(wide, place.name) ? 'asked for by anybody')
          and not (field.name like 'days %' and substr(field.name, 6)::integer <= (select max(substr(known.name, 6)::integer)
            from jsonb_array_elements_text(granted_at(wide, place.name)) as known (name) where known.name like 'days %')))) $$;
-- A town agrees to what it starts with once; afterwards to less by itself, and to more by two officers alone. What is narrower counts
-- from now on, or takes the place of something that begins later; nothing is dated back, and nothing waits for its hour.
create function agreed_grants_kept_narrow() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  before agreed_grants[] := array(select one from agreed_grants one where one.municipality_id = new.municipality_id
    order by in_force_from desc, agreed_at desc);
  known jsonb;
begin
  new.mark := encode(sha256(convert_to(new.cells::text, 'UTF8')), 'hex');
  if exists (select from unnest(before) one where one.agreed_at >= new.agreed_at) then
    raise exception 'what is agreed comes after what was' using errcode = 'PD006';
  end if;
  if new.basis = 'founding' then
    if cardinality(before) = 0 and new.in_force_from = new.agreed_at then return new; end if;
  elsif new.basis = 'narrower' then
    select one.cells into known from unnest(before) one where one.in_force_from <= new.in_force_from limit 1;
    if is_within(new.cells, known) and (new.in_force_from = new.agreed_at
      or exists (select from unnest(before) one where one.in_force_from = new.in_force_from)) then return new; end if;
  elsif new.basis = 'returned' then
    -- A table that was in force within the last thirty days, or less than one. What was called off before it began never was.
    if exists (select from (select one.cells, one.in_force_from, lead(one.in_force_from, 1, 'infinity')
          over (order by one.in_force_from, one.agreed_at) as until from unnest(before) one
        where one.in_force_from <= new.agreed_at) known_then
      where known_then.until >= new.agreed_at - interval '30 days' and known_then.until > known_then.in_force_from
        and is_within(new.cells, known_then.cells)) then
      return new;
    end if;
  elsif new.basis = 'officers' and new.in_force_from >= new.agreed_at + interval '7 days' then
    return new;
  end if;
  raise exception 'what is wider is agreed by two officers' using errcode = 'PD006';
end $$;
create trigger agreed_grants_kept_narrow before insert on agreed_grants for each row execute function agreed_grants_kept_narrow();
call keep_to_town('agreed_grants', watched => true);
grant select, insert on agreed_grants to padron_app, padron_gate;
grant select on agreed_grants to padron_readonly_ops;

-- How often somebody asked in an hour; counted with the decision, so that no process is beside it.
create table query_counts (
  municipality_id uuid not null references municipalities,
  counted text not null,
  hour timestamptz not null,
  times integer not null check (times > 0),
  primary key (municipality_id, counted, hour)
);
call keep_to_town('query_counts');
grant select, insert, update (times) on query_counts to padron_app, padron_gate;

-- What leaves is counted: how many people, and which fields of them, each member of staff, each organisation and each card
-- was shown within an hour, a day and a month, whatever it was for.

-- Who was shown: a keyed hash of the person, so that the table tells nobody who was looked at; and which fields, as bits.
create table seen_people (
  municipality_id uuid not null references municipalities,
  counted text not null,
  month timestamptz not null,
  person bytea not null check (length(person) = 16),
  month_fields integer not null,
  day timestamptz not null,
  day_fields integer not null,
  hour timestamptz not null,
  hour_fields integer not null,
  primary key (municipality_id, counted, month, person)
);
call keep_to_town('seen_people');
create table seen_totals (
  municipality_id uuid not null references municipalities,
  counted text not null,
  span text not null check (span in ('hour', 'day', 'month')),
  begins timestamptz not null,
  people integer not null,
  points integer not null,
  primary key (municipality_id, counted, span, begins)
);
call keep_to_town('seen_totals');
grant select on seen_totals to padron_app, padron_gate;

-- What some fields weigh together.
create function points_of(fields integer, weights integer[]) returns bigint language sql immutable as $$
  select coalesce(sum(weights[bit]), 0) from generate_subscripts(weights, 1) as bit where (fields >> (bit - 1)) & 1 = 1 $$;
revoke all on function points_of(integer, integer[]) from public;

-- Counts what somebody is shown, once for each person, field and span, in the transaction that shows it. What the spans that
-- are running come to with it.
create function count_seen(who text, shown_people bytea[], shown integer, weights integer[]) returns jsonb
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := current_municipality();
  this_hour timestamptz := date_trunc('hour', clock_timestamp(), 'UTC');
  this_day timestamptz := date_trunc('day', clock_timestamp(), 'UTC');
  this_month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
  come_to jsonb;
begin
  -- One at a time for whoever is counted, so that nothing is missed between two questions.
  perform pg_advisory_xact_lock(hashtextextended(town::text || who, 40));
  with those as (select distinct unnest(shown_people) as person),
  before as (
    select those.person, coalesce(known.month_fields, 0) as in_month,
      case when known.day = this_day then known.day_fields else 0 end as in_day,
      case when known.hour = this_hour then known.hour_fields else 0 end as in_hour
    from those left join seen_people known on known.municipality_id = town and known.counted = who
      and known.month = this_month and known.person = those.person),
  noted as (
    insert into seen_people (municipality_id, counted, month, person, month_fields, day, day_fields, hour, hour_fields)
    select town, who, this_month, person, in_month | shown, this_day, in_day | shown, this_hour, in_hour | shown from before
    on conflict (municipality_id, counted, month, person) do update set month_fields = excluded.month_fields,
      day = excluded.day, day_fields = excluded.day_fields, hour = excluded.hour, hour_fields = excluded.hour_fields),
  added (span, begins, people, points) as (
    select 'hour', this_hour, count(*) filter (where in_hour = 0), sum(points_of(shown & ~in_hour, weights)) from before
    union all
    select 'day', this_day, count(*) filter (where in_day = 0), sum(points_of(shown & ~in_day, weights)) from before
    union all
    select 'month', this_month, count(*) filter (where in_month = 0), sum(points_of(shown & ~in_month, weights)) from before)
  insert into seen_totals as known (municipality_id, counted, span, begins, people, points)
  select town, who, added.span, added.begins, added.people, coalesce(added.points, 0) from added
  where coalesce(added.points, 0) > 0 or added.people > 0
  on conflict (municipality_id, counted, span, begins) do update
    set people = known.people + excluded.people, points = known.points + excluded.points;
  select coalesce(jsonb_agg(jsonb_build_object('span', known.span, 'begins', known.begins, 'people', known.people, 'points', known.points)), '[]')
  into come_to from seen_totals known where known.municipality_id = town and known.counted = who
    and known.begins = date_trunc(known.span, clock_timestamp(), 'UTC');
  return come_to;
end $$;
revoke all on function count_seen(text, bytea[], integer, integer[]) from public;
grant execute on function count_seen(text, bytea[], integer, integer[]) to padron_app, padron_gate;

-- A budget that a supervisor doubled for a day, with the reason, sealed.
create table budget_releases (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 320),
  day timestamptz not null default date_trunc('day', clock_timestamp(), 'UTC'),
  data_key_id uuid not null,
  reason bytea not null,
  released_by text not null check (length(released_by) between 1 and 320),
  released_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, id),
  unique (municipality_id, staff_id, day),
  foreign key (municipality_id, data_key_id) references data_keys,
  check (released_by <> staff_id)
);
create trigger budget_releases_append_only before update or delete or truncate on budget_releases
  for each statement execute function refuse_change();
call keep_to_town('budget_releases');
grant select, insert on budget_releases to padron_app, padron_gate;
