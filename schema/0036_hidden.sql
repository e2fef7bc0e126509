-- The hidden stay hidden, however often they are registered.

-- Who wrote a hidden record sees it for the visit in which it was written, and until the day is over; nobody else does.
create table visits (
  municipality_id uuid not null,
  neighbour_id uuid not null,
  staff_id text not null check (length(staff_id) between 1 and 200),
  until timestamptz not null,
  primary key (municipality_id, neighbour_id, staff_id),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index visits_over on visits (until);

-- A new record that may be somebody who hides: hidden like them until a supervisor has joined the two or told them
-- apart. Which record it resembles is sealed to the new one.
create table likenesses (
  id uuid primary key,
  municipality_id uuid not null,
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
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create unique index likenesses_open on likenesses (neighbour_id) where decision is null;

do $$
declare guarded text;
begin
  foreach guarded in array array['visits', 'likenesses'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
  end loop;
end $$;
grant select, insert, update (until), delete on visits to padron_app, padron_gate;
grant insert, update (hides, decided_at, decided_by, decision) on likenesses to padron_app, padron_gate;
grant select on likenesses to padron_gate;
grant select (id, municipality_id, neighbour_id, hides, recorded_by, recorded_at, decided_at, decision) on likenesses to padron_app;

-- Whether a record is hidden from whoever asks in this transaction: who they are and what time it is, the gate says.
create function is_hidden(whose uuid, hides boolean) returns boolean language sql stable as $$
  select hides and not exists (select from visits visit where visit.neighbour_id = whose
    and visit.staff_id = nullif(current_setting('padron.visitor', true), '')
    and visit.until > nullif(current_setting('padron.visited_at', true), '')::timestamptz) $$;
revoke all on function is_hidden(uuid, boolean) from public;
grant execute on function is_hidden(uuid, boolean) to padron_app, padron_gate;

-- Whether a record is hidden only because it resembles somebody who hides.
create function is_held(whose uuid) returns boolean language sql stable as $$
  select exists (select from likenesses open where open.neighbour_id = whose and open.decision is null and not open.hides) $$;
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
create or replace function neighbours_protection_public_from() returns trigger language plpgsql as $$
begin
  new.protection_public_from :=
    case when is_held(new.id) then null
      -- Hidden and shown again within a day: for others nothing happened.
      when old.protection_public_from > clock_timestamp() then null else next_publication(new.municipality_id) end;
  return new;
end $$;

-- Who is held and asks to be hidden is hidden from others too, the next morning as everybody.
create function likenesses_hide_too() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update neighbours set protection_public_from = next_publication(new.municipality_id) where id = new.neighbour_id;
  return null;
end $$;
create trigger likenesses_hide_too after update of hides on likenesses for each row
  when (new.hides and not old.hides) execute function likenesses_hide_too();

-- A message may go to somebody who is only held: that it did not go would tell.
create or replace function notices_reach_the_hidden() returns trigger language plpgsql as $$
begin
  if new.channel not in ('portal', 'in-person') and exists (
      select from notices told join neighbours n on n.id = told.neighbour_id
      where told.id = new.notice_id and n.protected and not is_held(n.id)) then
    raise exception 'a protected neighbour is not written to' using errcode = 'PD035';
  end if;
  return new;
end $$;

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
