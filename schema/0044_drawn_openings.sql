-- Some of what each member of staff was shown in a day is drawn by lot: they
-- say later why, and a supervisor reads it. The lot is a keyed hash of the day, the member of staff and the person: looking
-- again draws nothing anew, and who looks cannot know. Besides those below the share, the
-- lowest of each day is drawn where nobody can say whether its case was issued.
alter table municipalities add column drawn_share double precision not null default 0.02 check (drawn_share between 0 and 1);

create table drawn_openings (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  staff_id text not null check (length(staff_id) between 1 and 320),
  neighbour_id uuid not null references neighbours,
  day date not null,
  lot double precision not null check (lot >= 0 and lot < 1),
  seen_at timestamptz not null default clock_timestamp(),
  data_key_id uuid not null references data_keys,
  -- The case, the purpose and the action, sealed with the town's key; so is what was said about it.
  content bytea not null,
  -- What was shown by the look that is told, as `points_of`.
  weight integer not null,
  reason bytea,
  explained_at timestamptz,
  read_by text check (length(read_by) between 1 and 320 and read_by <> staff_id),
  read_at timestamptz,
  unique (municipality_id, staff_id, neighbour_id, day),
  check (num_nonnulls(reason, explained_at) in (0, 2)),
  check (num_nonnulls(read_by, read_at) in (0, 2))
);
create index drawn_openings_of_day on drawn_openings (municipality_id, staff_id, day);
create index drawn_openings_unread on drawn_openings (municipality_id, day) where read_at is null;
alter table drawn_openings enable row level security;
create policy own_municipality on drawn_openings to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
grant select, update (reason, explained_at, read_by, read_at) on drawn_openings to padron_app, padron_gate;

-- What was said, and who read it, stays as it is.
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

alter table flags drop constraint flags_kind_check, add constraint flags_kind_check check (kind in
  ('no-case', 'unknown-case', 'own-record', 'same-household', 'same-address', 'watched', 'probing', 'many-people', 'out-of-hours'));
