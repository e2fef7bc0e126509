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
create table seen_totals (
  municipality_id uuid not null references municipalities,
  counted text not null,
  span text not null check (span in ('hour', 'day', 'month')),
  begins timestamptz not null,
  people integer not null,
  points integer not null,
  primary key (municipality_id, counted, span, begins)
);

-- A budget that a supervisor doubled for a day, with the reason, sealed.
create table budget_releases (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  staff_id text not null check (length(staff_id) between 1 and 320),
  day timestamptz not null default date_trunc('day', clock_timestamp(), 'UTC'),
  data_key_id uuid not null references data_keys,
  reason bytea not null,
  released_by text not null check (length(released_by) between 1 and 320),
  released_at timestamptz not null default clock_timestamp(),
  unique (municipality_id, staff_id, day),
  check (released_by <> staff_id)
);
create trigger budget_releases_append_only before update or delete or truncate on budget_releases
  for each statement execute function refuse_change();

-- Budgets that are others than the usual ones, by role; and when the office is open, where look-ups outside are flagged.
alter table municipalities add column budgets jsonb not null default '{}';
alter table municipalities add column office_hours jsonb;

-- What some fields weigh together.
create function points_of(fields integer, weights integer[]) returns bigint language sql immutable as $$
  select coalesce(sum(weights[bit]), 0) from generate_subscripts(weights, 1) as bit where (fields >> (bit - 1)) & 1 = 1 $$;

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
revoke all on function points_of(integer, integer[]), count_seen(text, bytea[], integer, integer[]) from public;
grant execute on function count_seen(text, bytea[], integer, integer[]) to padron_app, padron_gate;

-- What makes a look-up worth a second look is what was true at any time in the last year: whose record it was, who lived
-- with them, and at which address.
alter table staff_neighbours drop constraint staff_neighbours_pkey;
alter table staff_neighbours add column linked_at timestamptz not null default clock_timestamp(), add column unlinked_at timestamptz;
create unique index staff_neighbours_now on staff_neighbours (municipality_id, staff_id) where unlinked_at is null;
create index staff_neighbours_by_staff on staff_neighbours (municipality_id, staff_id);
revoke update on staff_neighbours from padron_app, padron_gate;
grant update (unlinked_at) on staff_neighbours to padron_app, padron_gate;

create or replace function conspicuous(staff text, opened uuid[]) returns table (neighbour_id uuid, kind text)
  language sql stable as $$
  with own as (
    select one.neighbour_id from staff_neighbours one
    where one.municipality_id = current_municipality() and one.staff_id = staff
      and (one.unlinked_at is null or one.unlinked_at > clock_timestamp() - interval '1 year')),
  lived as (
    select home.neighbour_id, home.household_id, place.address_id from residences home
    join households place on place.id = home.household_id
    where (home.valid_to is null or home.valid_to > current_date - 365)
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

alter table flags drop constraint flags_kind_check, add constraint flags_kind_check check (kind in
  ('no-case', 'own-record', 'same-household', 'same-address', 'watched', 'probing', 'many-people', 'out-of-hours'));

do $$
declare guarded text;
begin
  foreach guarded in array array['seen_people', 'seen_totals', 'budget_releases'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
  end loop;
end $$;
grant select on seen_totals to padron_app, padron_gate;
grant select, insert on budget_releases to padron_app, padron_gate;
