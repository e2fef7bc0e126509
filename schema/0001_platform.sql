-- The platform: roles, towns, background work, what is forgotten in time, and what is journaled outside the database.
--
-- The files of this folder follow the rooms of src/, a file each, and each refers only to what stands above it. Two things
-- stand earlier than their room does: the table of the towns (town) stands here, since everything belongs to one; and who lives
-- here (registry) comes before who is asking (identity), since a way in belongs to a neighbour.
--
-- Every table that belongs to a town has municipality_id first in its primary key, in every unique index and in every foreign
-- key: ids are a town's own, and the same tables can be divided by town (`padron migrate --partitions`). The few that belong to
-- no town are listed in global.json, each with its reason.
--
-- padron_owner    owns every table and runs migrations (whoever runs this file).
-- padron_app      what the service connects as: reads and writes rows, never DDL.
-- padron_gate     what the gate's transactions switch to (set local role): everything padron_app may do, and reading what is
--                 sealed. The service's own role may write sealed columns, count them and never read them: a query outside the
--                 gate's transaction fails, whoever wrote it.
-- padron_readonly_ops  for people who watch the machine: counts, and nothing that marks a person.

create extension if not exists btree_gist;

do $$
begin
  if not exists (select from pg_roles where rolname = 'padron_app') then
    create role padron_app nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'padron_gate') then
    create role padron_gate nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'padron_readonly_ops') then
    create role padron_readonly_ops nologin noinherit;
  end if;
end $$;
grant padron_gate to padron_app;

revoke create on schema public from public;
grant usage on schema public to padron_app, padron_gate, padron_readonly_ops;

-- The municipality a transaction works for. Row-level security compares every row with it,
-- so a forgotten "where" cannot reach another town's neighbours.
create function current_municipality() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('padron.municipality', true), '')::uuid;

-- Keeps a table's rows to their own town. `watched`: people who watch the machine may read of all towns what they are granted.
create procedure keep_to_town(held regclass, watched boolean default false) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', held);
  execute format('create policy own_municipality on %s to padron_app, padron_gate
    using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', held);
  if watched then
    execute format('create policy watch on %s for select to padron_readonly_ops using (true)', held);
  end if;
end $$;
revoke all on procedure keep_to_town(regclass, boolean) from public;

-- The name of a table; of one of its parts, where it is divided.
create function table_name_of(held oid) returns name language sql stable as $$
  select relname from pg_class where oid = coalesce(pg_partition_root(held), held) $$;

-- How long rows are kept whose use ends by itself. A row not named here stays as long as what it is about: schema/retention.json
-- says of every table which.
create table kept_for (
  held text primary key check (held ~ '^[a-z_]+$'),
  since text not null,
  keep interval not null,
  part integer not null unique
);
grant select on kept_for to padron_app, padron_readonly_ops;

insert into kept_for (part, held, since, keep) values
  (1, 'used_proofs', 'used_at', '1 hour'),
  (2, 'passkey_challenges', 'expires_at', '0'),
  (3, 'enrolments', 'expires_at', '0'),
  (4, 'sessions', 'ends_at', '1 hour'),
  (5, 'drafts', 'updated_at', '7 days'),
  (6, 'wallet_nonces', 'expires_at', '0'),
  (7, 'wallet_offers', 'expires_at', '30 days'),
  (8, 'presentation_requests', 'expires_at', '0'),
  (9, 'check_codes', 'expires_at', '0'),
  (10, 'code_attempts', 'period', '1 day'),
  (11, 'idempotency_keys', 'recorded_at', '30 days'),
  (12, 'query_counts', 'hour', '2 days'),
  (13, 'seen_people', 'month', '62 days'),
  (14, 'seen_totals', 'begins', '62 days'),
  (15, 'budget_releases', 'released_at', '1 year'),
  (16, 'drawn_openings', 'seen_at', '1 year'),
  (17, 'flags', 'raised_at', '1 year'),
  (18, 'visits', 'until', '0'),
  (19, 'staff_neighbours', 'unlinked_at', '1 year'),
  (20, 'ledger_cosignatures',
    $$case when received_at < clock_timestamp() - interval '30 days' then superseded_since(municipality_id, size) end$$, '30 days'),
  (21, 'ledger_checkpoints',
    $$case when signed_at < clock_timestamp() - interval '30 days' and not exists (select from ledger_cosignatures c
      where c.municipality_id = ledger_checkpoints.municipality_id and c.size = ledger_checkpoints.size)
      then superseded_since(municipality_id, size) end$$, '30 days'),
  (22, 'complaint_attachments', $$(select asked.answered_at from complaints asked
    where asked.municipality_id = complaint_attachments.municipality_id and asked.id = complaint_id)$$, '5 years'),
  (23, 'complaints',
    $$case when not exists (select from complaint_attachments a
      where a.municipality_id = complaints.municipality_id and a.complaint_id = complaints.id) then answered_at end$$, '5 years'),
  (24, 'kept_forms', 'expires_at', '0'),
  -- That there was an answer, or that a way in changed. What tells of a proceeding or an order stays as long as they do.
  (25, 'notices', $$case when kind in ('answer', 'way-in', 'ways-changed', 'card-tried', 'way-waits', 'acts-waits', 'reach-changed') then (select told.sent_at from notice_deliveries told
    where told.municipality_id = notices.municipality_id and told.notice_id = notices.id and told.channel <> 'portal') end$$, '5 years'),
  (26, 'counters', 'expires_at', '0');

-- Refuses any change to a row that history depends on, for every role short of a superuser. What is append-only stays so for
-- everybody; what is forgotten in time is forgotten by forget_what_is_over() and nothing else.
create function refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and exists (select from kept_for where held = table_name_of(tg_relid))
     and current_setting('padron.forgets', true) = table_name_of(tg_relid)
     and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    return null;
  end if;
  raise exception 'table % is append-only', tg_table_name using errcode = 'PD002';
end $$;

-- Forgets rows of one table of this town whose time is over, a few thousand at a time. @returns how many
create function forget_what_is_over(at timestamptz, most integer, which integer) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  one kept_for;
  gone bigint;
begin
  if current_municipality() is null then
    raise exception 'no municipality' using errcode = 'PD001';
  end if;
  select * into strict one from kept_for where part = which;
  perform set_config('padron.forgets', one.held, true);
  -- Named once more outside: where the table is divided, rows of other towns have the same ctid.
  execute format('delete from %1$I where municipality_id = $1 and ctid = any (array(
      select ctid from %1$I where municipality_id = $1 and (%2$s)::timestamptz < $2 - $3 limit $4))',
    one.held, one.since) using current_municipality(), at, one.keep, most;
  get diagnostics gone = row_count;
  perform set_config('padron.forgets', '', true);
  return gone;
end $$;
revoke all on function forget_what_is_over(timestamp with time zone, integer, integer) from public;
grant execute on function forget_what_is_over(timestamp with time zone, integer, integer) to padron_app;

-- The towns, and how each has its register (src/town). Everything else belongs to one.
create table municipalities (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name jsonb not null check (jsonb_typeof(name) = 'object' and name <> '{}'::jsonb),
  country_code text not null check (country_code ~ '^[A-Z]{2}$'),
  province_code text check (province_code ~ '^[0-9]{2}$'),
  municipality_code text check (municipality_code ~ '^[0-9]{3}$'),
  languages text[] not null check (cardinality(languages) > 0),
  issuer text not null unique check (issuer ~ '^https?://[^/?#]+$'),
  seal_svg text check (length(seal_svg) <= 65536),
  time_zone text not null,
  expected_population integer not null check (expected_population > 0),
  blind_index_bits smallint not null check (blind_index_bits between 8 and 31),
  reference_address jsonb not null check (jsonb_typeof(reference_address) = 'object'),
  -- Where else neighbours without a fixed address may have their post kept, beside reference_address.
  -- Each may name the parts of town it is near, in the words people use.
  reference_addresses jsonb not null default '[]' check (jsonb_typeof(reference_addresses) = 'array'),
  departure_notice_days integer not null default 30 check (departure_notice_days between 1 and 365),
  -- RD 1690/1986 art. 72: some towns have a council for these cases (Consejo de Empadronamiento), whose opinion binds.
  departure_council boolean not null default false,
  confirm_after_months integer not null default 24 check (confirm_after_months between 1 and 240),
  erase_after_years integer not null default 5 check (erase_after_years between 0 and 100),
  -- From which age a minor holds a way in of their own. Before it, whoever acts for them uses theirs.
  minor_access_age integer not null default 14 check (minor_access_age between 0 and 18),
  -- After how long a way in works that was made at a counter for somebody who had one before.
  new_way_hours integer not null default 72 check (new_way_hours between 0 and 720),
  widening_days integer not null default 14 check (widening_days between 7 and 365),
  earliest_residence date not null default '1900-01-01' check (earliest_residence >= '1850-01-01'),
  leap_day_birthday text not null default 'mar-1' check (leap_day_birthday in ('feb-28', 'mar-1')),
  backdate_days integer not null default 90 check (backdate_days between 0 and 36500),
  time_correction_days integer not null default 30 check (time_correction_days between 0 and 36500),
  -- When complaints are heard in person. Weekdays from 1 (Monday) to 7, and times of the town's own clock.
  hearing_hours jsonb not null
    default '[{"weekday": 2, "from": "10:00", "to": "13:00"}, {"weekday": 4, "from": "16:00", "to": "19:00"}]',
  -- How many searches and openings an hour one member of staff, and one outside organisation, may make.
  hourly_budget_staff integer not null default 240 check (hourly_budget_staff > 0),
  hourly_budget_organisation integer not null default 1200 check (hourly_budget_organisation > 0),
  -- Budgets that are others than the usual ones, by role; and when the office is open, where look-ups outside are flagged.
  budgets jsonb not null default '{}',
  office_hours jsonb,
  -- Which share of the day's look-ups is drawn by lot.
  drawn_share double precision not null default 0.02 check (drawn_share between 0 and 1),
  -- A law that may oblige the town to answer other authorities, as the town names it: what is promised in public says so.
  access_law text check (length(access_law) between 1 and 200),
  created_at timestamptz not null default now()
);
comment on column municipalities.blind_index_bits is
  'Bits kept of each blind-index token: floor(log2(expected_population * 24 / 8)), a person having some 24 of them, so that a value stands for several people.';
comment on column municipalities.reference_address is
  'The office whose address a neighbour with no fixed address gets when none other is named.';
comment on column municipalities.confirm_after_months is
  'After so long without a word from them, a neighbour is asked whether they still live here.';
comment on column municipalities.erase_after_years is
  'How long after a departure the record is kept for proofs of past residence, before it may be erased on request.';
comment on column municipalities.earliest_residence is 'No residence began before: the town has no register of such a time.';
comment on column municipalities.leap_day_birthday is
  'When somebody born on 29 February is a year older, in a year without that day, by the law of the town.';
comment on column municipalities.backdate_days is
  'A start longer ago than this, on the day it is said, is kept as said until a second member of staff confirms it.';
comment on column municipalities.time_correction_days is
  'By how many days one member of staff alone may correct a start.';
grant select on municipalities to padron_app, padron_gate, padron_readonly_ops;

-- The day it is in a town, by its own clock: for an hour or two around midnight it is another than the server's.
create function today_in(whose uuid) returns date
  language sql stable security definer set search_path = public, pg_temp as $$
  select (clock_timestamp() at time zone town.time_zone)::date from municipalities town where town.id = whose $$;
revoke all on function today_in(uuid) from public;
grant execute on function today_in(uuid) to padron_app, padron_gate, padron_readonly_ops;

-- What others see of a change, they see the next morning with all that changed that day: a status that turns at once would tell
-- whoever holds a proof the hour in which somebody hid. Only what is lost or stolen is cancelled at once.
-- Four in the morning of the next day, by the town's own clock.
create function next_publication(whose uuid) returns timestamptz
  language sql stable security definer set search_path = public, pg_temp as $$
  select ((clock_timestamp() at time zone town.time_zone)::date + 1 + time '04:00') at time zone town.time_zone
  from municipalities town where town.id = whose $$;
-- The same morning, the last that there was.
create function last_publication(whose uuid) returns timestamptz
  language sql stable security definer set search_path = public, pg_temp as $$
  select ((clock_timestamp() at time zone town.time_zone - interval '4 hours')::date + time '04:00') at time zone town.time_zone
  from municipalities town where town.id = whose $$;
revoke all on function last_publication(uuid) from public;
-- The last full hour, by the town's own clock.
create function last_hour(whose uuid) returns timestamptz
  language sql stable security definer set search_path = public, pg_temp as $$
  select date_trunc('hour', clock_timestamp() at time zone town.time_zone) at time zone town.time_zone
  from municipalities town where town.id = whose $$;
revoke all on function last_hour(uuid) from public;
grant execute on function last_hour(uuid) to padron_app, padron_gate;
grant execute on function last_publication(uuid) to padron_app, padron_gate;
revoke all on function next_publication(uuid) from public;
grant execute on function next_publication(uuid) to padron_app, padron_gate;

-- Background work, item by item. A process claims what is due, for a while; what it does not finish in time another may claim.
-- An item is a random id of ours or the name of something public: nothing here says who anybody is.
create table jobs (
  municipality_id uuid not null references municipalities,
  kind text not null check (kind ~ '^[a-z-]{1,40}$'),
  item text not null check (length(item) between 1 and 200),
  due_at timestamptz not null,
  tries integer not null default 0,
  -- Something happened meanwhile: it is done once more, whenever it would have been next.
  woken boolean not null default false,
  -- Something that cannot be taken back was begun, and nobody knows yet how it ended.
  begun_at timestamptz,
  held_by uuid,
  held_until timestamptz,
  primary key (municipality_id, kind, item),
  check (num_nonnulls(held_by, held_until) in (0, 2))
);
comment on column jobs.due_at is 'Infinity: asleep until something wakes it.';
create index jobs_due on jobs (kind, due_at);
call keep_to_town('jobs', watched => true);
grant select, insert, update (due_at, woken) on jobs to padron_app, padron_gate;
-- Not the item: it may be the id of somebody's message.
grant select (municipality_id, kind, due_at, tries, woken, begun_at, held_until) on jobs to padron_readonly_ops;

-- How much waits, and how long the oldest has. For the operators: no town and no item.
create view job_states as
  select kind, count(*) filter (where due_at <= now() and held_by is null) as waiting,
    count(*) filter (where held_until >= now()) as under_way,
    count(*) filter (where tries > 1 and due_at < 'infinity') as failing,
    count(*) filter (where begun_at is not null and (held_until is null or held_until < now())) as doubtful,
    min(due_at) filter (where due_at <= now()) as oldest_due
  from jobs group by kind;
grant select on job_states to padron_app, padron_readonly_ops;

-- The runner works for all towns in one statement: thousands of towns in which nothing happens cost nothing.
create function claim_jobs(of_kind text, whose text, at timestamptz, most integer, holding interval, holder uuid)
  returns table (municipality_id uuid, item text, tries integer, doubtful boolean)
  language sql security definer set search_path = public, pg_temp as $$
  -- Found once and for all before any is taken: otherwise the search may be gone through again for each, and passes over its own.
  with due as materialized (
    select one.municipality_id, one.item from jobs one
    where one.kind = of_kind and (whose is null or one.item = whose) and one.due_at <= at
      and (one.held_until is null or one.held_until < clock_timestamp())
    order by one.due_at limit most for update skip locked)
  update jobs set held_by = holder, held_until = clock_timestamp() + holding, tries = jobs.tries + 1, woken = false
  from due
  where jobs.municipality_id = due.municipality_id and jobs.kind = of_kind and jobs.item = due.item
  returning jobs.municipality_id, jobs.item, jobs.tries, jobs.begun_at is not null
$$;
revoke all on function claim_jobs(text, text, timestamp with time zone, integer, interval, uuid) from public;
grant execute on function claim_jobs(text, text, timestamp with time zone, integer, interval, uuid) to padron_app;

-- Before something is begun that cannot be taken back. @returns false: another process has taken the item over.
create function begin_job(town uuid, of_kind text, which text, holder uuid, begins boolean) returns boolean
  language sql security definer set search_path = public, pg_temp as $$
  with known as (
    update jobs set begun_at = case when begins then clock_timestamp() end
    where municipality_id = town and kind = of_kind and item = which and held_by = holder returning 1)
  select exists (select from known)
$$;
revoke all on function begin_job(uuid, text, text, uuid, boolean) from public;
grant execute on function begin_job(uuid, text, text, uuid, boolean) to padron_app;

-- Ends what a process held: for good, without a next time, or until then. What failed keeps the number of its tries.
create function settle_job(town uuid, of_kind text, which text, holder uuid, next timestamptz, failed boolean, at timestamptz)
  returns void language sql security definer set search_path = public, pg_temp as $$
  delete from jobs
  where municipality_id = town and kind = of_kind and item = which and held_by = holder and next is null and not woken;
  update jobs
  set due_at = case when failed then next when woken then at else coalesce(next, at) end, held_by = null, held_until = null,
    tries = case when failed then tries else 0 end, begun_at = case when failed then begun_at end
  where municipality_id = town and kind = of_kind and item = which and held_by = holder
$$;
revoke all on function settle_job(uuid, text, text, uuid, timestamp with time zone, boolean, timestamp with time zone) from public;
grant execute on function settle_job(uuid, text, text, uuid, timestamp with time zone, boolean, timestamp with time zone) to padron_app;

-- Work that every town has: there from the day the town is, due at once.
create function ensure_jobs(of_kind text, which text, at timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  insert into jobs (municipality_id, kind, item, due_at)
  select town.id, of_kind, which, at from municipalities town
  where not exists (
    select from jobs known where known.municipality_id = town.id and known.kind = of_kind and known.item = which)
  on conflict do nothing
$$;
revoke all on function ensure_jobs(text, text, timestamp with time zone) from public;
grant execute on function ensure_jobs(text, text, timestamp with time zone) to padron_app;

create function wake_jobs(of_kind text, towns uuid[], at timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  -- What failed keeps its pause.
  update jobs set due_at = case when tries > 0 and held_by is null then due_at else least(due_at, at) end,
    woken = held_by is not null
  where kind = of_kind and municipality_id = any (towns) and (due_at > at or (held_by is not null and not woken))
$$;
revoke all on function wake_jobs(text, uuid[], timestamp with time zone) from public;
grant execute on function wake_jobs(text, uuid[], timestamp with time zone) to padron_app;

-- A database that is restored from a copy has forgotten what was taken away since: a proof revoked would be valid again, somebody
-- erased would open again by name. So each act that takes something away is written to a journal outside the database before it
-- is answered, and done again after a restore.
--
-- Which acts those are is said of tables and not of forms, by the triggers that call note_taking(): whatever changes such a row,
-- by whatever door, leaves a taking.

create table installation (
  one boolean primary key default true check (one),
  -- Another database in the place of this one has another.
  id uuid not null default gen_random_uuid(),
  -- One more after each restore.
  epoch integer not null default 1,
  -- The last taking that was given out to be written to the journal.
  journaled bigint not null default 0,
  journaled_at timestamptz not null default clock_timestamp(),
  -- Grows with every checkpoint that is signed: a copy has less.
  mark bigint not null default 0,
  -- When that was: a clock that is behind it has been put back.
  marked_at timestamptz not null default clock_timestamp()
);
insert into installation default values;
grant select on installation to padron_app, padron_gate, padron_readonly_ops;

create table takings (
  municipality_id uuid not null references municipalities,
  id bigint generated always as identity,
  held text not null,
  act text not null check (act in ('set', 'put', 'gone', 'erased')),
  which jsonb not null,
  content jsonb not null default '{}',
  primary key (municipality_id, id)
);
comment on table takings is 'Waits to be written to the journal, and is gone from here then.';
create index takings_in_order on takings (id);
call keep_to_town('takings');

-- @param tg_argv the act, the columns that say which row, the columns that say what is so from now on
create function note_taking() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  row jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  which jsonb;
  content jsonb;
begin
  select jsonb_object_agg(name, row -> name) into which from unnest(string_to_array(tg_argv[1], ' ')) name;
  select coalesce(jsonb_object_agg(name, row -> name), '{}') into content
  from unnest(case when tg_argv[2] = '*' then array(select jsonb_object_keys(row)) else string_to_array(tg_argv[2], ' ') end) name;
  insert into takings (municipality_id, held, act, which, content)
  values ((row ->> 'municipality_id')::uuid, table_name_of(tg_relid), tg_argv[0], which, content);
  -- Heard by the connection: what this transaction took is in the journal before whoever asked is answered.
  -- Heard by whoever asked, whatever a login is set to hear.
  raise info 'padron: taken';
  return null;
end $$;

-- Gives out what is not in the journal yet, and says so first: a database that knows of less than the journal holds is a copy.
-- What is known of this database elsewhere is held against what it says, before it says more: otherwise new acts would hide that
-- earlier ones are lost.
create function must_not_be_behind(known_epoch integer, known_journaled bigint, known_mark bigint) returns void
  language plpgsql stable set search_path = public, pg_temp as $$
begin
  if exists (select from installation i where i.epoch < known_epoch
      or (i.epoch = known_epoch and (i.journaled < known_journaled or i.mark < known_mark))) then
    raise exception 'the database is older than what is known of it' using errcode = 'PD010';
  end if;
end $$;
revoke all on function must_not_be_behind(integer, bigint, bigint) from public;

create function takings_to_journal(known_epoch integer, known_journaled bigint, known_mark bigint)
  returns table (id bigint, epoch integer, municipality_id uuid, taken jsonb)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform must_not_be_behind(known_epoch, known_journaled, known_mark);
  return query
    with waiting as (select t.* from takings t order by t.id limit 5000),
    marked as (
      update installation set journaled = greatest(journaled, (select max(w.id) from waiting w)), journaled_at = clock_timestamp()
      where exists (select from waiting) returning installation.epoch)
    select w.id, marked.epoch, w.municipality_id,
      jsonb_build_object('held', w.held, 'act', w.act, 'which', w.which, 'content', w.content)
    from waiting w, marked order by w.id;
end $$;
revoke all on function takings_to_journal(integer, bigint, bigint) from public;
grant execute on function takings_to_journal(integer, bigint, bigint) to padron_app;

create function takings_journaled(ids bigint[]) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from takings where id = any (ids)
$$;
revoke all on function takings_journaled(bigint[]) from public;
grant execute on function takings_journaled(bigint[]) to padron_app;

-- @returns the mark from now on
create function mark_signed(known_epoch integer, known_journaled bigint, known_mark bigint) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  select must_not_be_behind(known_epoch, known_journaled, known_mark);
  update installation set mark = mark + 1, marked_at = clock_timestamp() returning mark
$$;
revoke all on function mark_signed(integer, bigint, bigint) from public;
grant execute on function mark_signed(integer, bigint, bigint) to padron_app;
