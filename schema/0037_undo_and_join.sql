-- A mistake is taken back within the hour by whoever made it; two records of one person become one, and come apart again.

alter table movements drop constraint movements_cause_of_kind,
  add constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission', 'return')
      when 'change' then cause in ('address', 'address-corrected', 'time-corrected', 'start-refused', 'personal-data',
        'representatives', 'undone', 'joined', 'taken-apart')
      when 'confirmation' then cause = 'residence'
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered', 'undone', 'joined')
      else false
    end);

-- Forgets somebody who was registered by mistake, within the hour and by whoever did it. Of a record with anything else in it
-- nothing is undone: that is for an erasure.
create function undo_registration(whose uuid, by text) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  written movements;
begin
  perform from neighbours n where n.id = whose and n.municipality_id = current_municipality() and n.departed_on is null for update;
  if not found or (select count(*) from movements where neighbour_id = whose) <> 1 then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  select * into written from movements where neighbour_id = whose;
  if written.kind <> 'registration' or written.recorded_by <> by or written.recorded_at < now() - interval '1 hour'
    or exists (select from representatives tie where tie.representative_id = whose and tie.ended_at is null)
    -- What they said to the city is not forgotten with a mistake.
    or exists (select from complaints said where said.neighbour_id = whose)
    or exists (select from proceedings heard where heard.neighbour_id = whose) then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  update neighbours set departed_on = written.effective_on where id = whose;
  insert into movements (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_by)
  values (gen_random_uuid(), written.municipality_id, whose, 'departure', 'undone', written.effective_on, by);
  perform forget_neighbour(whose);
end $$;
revoke all on function undo_registration(uuid, text) from public;
grant execute on function undo_registration(uuid, text) to padron_app, padron_gate;

-- Gives back what a departure at that instant ended: cards, helpers, those they act for. Keys of telephones are gone.
create function revive_access(whose uuid, ended timestamptz) returns void language sql as $$
  update resident_cards set cancelled_at = null, ended_by = null
  where neighbour_id = whose and ended_by = 'departure' and cancelled_at = ended;
  update helpers set ended_at = null where neighbour_id = whose and ended_at = ended;
  update representatives tie set ended_at = null, ended_because = null
  where whose in (tie.representative_id, tie.neighbour_id) and tie.ended_because = 'departed' and tie.ended_at = ended
    and not exists (select from representatives other where other.neighbour_id = tie.neighbour_id
      and other.representative_id is not distinct from tie.representative_id and other.ended_at is null)
    -- Whoever acted for them, and is gone meanwhile, does not come back with them.
    and (tie.representative_id is null or is_neighbour(tie.representative_id)) and is_neighbour(tie.neighbour_id);
$$;
revoke all on function revive_access(uuid, timestamptz) from public;
grant execute on function revive_access(uuid, timestamptz) to padron_app, padron_gate;

-- Takes back every proof given since an instant.
create function withdraw_proofs_since(whose uuid, since timestamptz) returns void language sql as $$
  update proofs set revoked_at = clock_timestamp()
  where neighbour_id = whose and revoked_at is null and issued_at >= since $$;
revoke all on function withdraw_proofs_since(uuid, timestamptz) from public;
grant execute on function withdraw_proofs_since(uuid, timestamptz) to padron_app, padron_gate;

-- Two records of one person. Joining and taking apart each take two people; what was moved is sealed to the record that stays.
create table joins (
  id uuid primary key,
  municipality_id uuid not null,
  stays_id uuid not null,
  joined_id uuid not null,
  -- The join that is taken apart, where that is what is proposed.
  undoes uuid references joins,
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
  check (stays_id <> joined_id),
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  constraint joins_second_person check (decision is distinct from 'approved' or decided_by <> proposed_by),
  foreign key (municipality_id, stays_id) references neighbours (municipality_id, id),
  foreign key (municipality_id, joined_id) references neighbours (municipality_id, id)
);
create unique index joins_one_open on joins (joined_id) where decision is null;
create unique index joins_one_in_force on joins (joined_id) where decision = 'approved' and undoes is null and undone_at is null;
create index joins_by_record on joins (stays_id);
alter table joins enable row level security;
create policy own_municipality on joins to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
grant insert, update (moved, decided_by, decided_at, decision, undone_at, hides_since) on joins to padron_app, padron_gate;
grant select on joins to padron_gate;
grant select (id, municipality_id, stays_id, joined_id, undoes, proposed_by, proposed_at, decided_at, decision, undone_at, hides_since)
  on joins to padron_app;

-- The record a person is in: their own, or the one it was joined to.
create function record_of(whose uuid) returns uuid language sql stable as $$
  select coalesce((select record_of(one.stays_id) from joins one where one.joined_id = whose and one.decision = 'approved'
    and one.undoes is null and one.undone_at is null), whose) $$;
revoke all on function record_of(uuid) from public;
grant execute on function record_of(uuid) to padron_app, padron_gate;

-- Somebody whose record was joined to another does not come back by themself: they are there, in the other.
create function joined_stay_joined() returns trigger language plpgsql as $$
begin
  if record_of(new.id) <> new.id then
    raise exception 'this record was joined to another' using errcode = 'PD005';
  end if;
  return new;
end $$;
create trigger neighbours_joined_stay_joined before update of departed_on on neighbours for each row
  when (new.departed_on is null and old.departed_on is not null) execute function joined_stay_joined();

alter table resident_cards drop constraint resident_cards_ended_by_check,
  add constraint resident_cards_ended_by_check check (ended_by in ('lost', 'replaced', 'departure', 'joined', 'tie'));

-- Ends every way in to a record, with the reason that stands at its cards: whoever held one of two records that are joined
-- comes in to neither, and whoever acted for a child keeps none of its keys. A new card is handed over in person.
create function end_ways_in(whose uuid, why text) returns void language sql security definer set search_path = public, pg_temp as $$
  delete from sessions where kind = 'resident' and subject = whose::text and municipality_id = current_municipality();
  delete from enrolments where neighbour_id = whose and municipality_id = current_municipality();
  update passkeys set removed_at = now()
  where neighbour_id = whose and removed_at is null and municipality_id = current_municipality();
  update resident_cards set cancelled_at = now(), ended_by = why
  where neighbour_id = whose and cancelled_at is null and municipality_id = current_municipality();
  update helpers set ended_at = now()
  where neighbour_id = whose and ended_at is null and municipality_id = current_municipality();
  delete from wallet_offers where neighbour_id = whose and municipality_id = current_municipality();
$$;
revoke all on function end_ways_in(uuid, text) from public;
grant execute on function end_ways_in(uuid, text) to padron_app, padron_gate;

-- Of a message only whose it is changes, when two records are found to be of one person.
drop trigger notices_append_only on notices;
create trigger notices_append_only before truncate on notices
  for each statement execute function refuse_change();
create function notices_change_owner_only() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - 'neighbour_id') is distinct from (to_jsonb(old) - 'neighbour_id') then
    raise exception 'table notices is append-only' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger notices_change_owner_only before update on notices
  for each row execute function notices_change_owner_only();

-- Moves what hangs on one record to another: all of it, or what `only` names by its ids. What was moved is said, so that it
-- can be moved back.
create function move_belongings(source uuid, target uuid, only_these jsonb) returns jsonb
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := current_municipality();
  moved jsonb := '{}';
  ids uuid[];
  part text;
begin
  foreach part in array array['proofs', 'complaints', 'notices', 'flags'] loop
    execute format('with gone as (update %I set neighbour_id = $2 where neighbour_id = $1 and municipality_id = $3
      and ($4 is null or id in (select jsonb_array_elements_text($4 -> %L)::uuid)) returning id)
      select coalesce(array_agg(id), %L) from gone', part, part, '{}') into ids using source, target, town, only_these;
    moved := moved || jsonb_build_object(part, to_jsonb(ids));
  end loop;
  -- Whom they act for; where both records did, once is enough.
  with gone as (
    update representatives tie set representative_id = target
    where tie.representative_id = source and tie.ended_at is null and tie.municipality_id = town and tie.neighbour_id <> target
      and (only_these is null or tie.id in (select jsonb_array_elements_text(only_these -> 'acts')::uuid))
      and not exists (select from representatives own where own.neighbour_id = tie.neighbour_id
        and own.representative_id = target and own.ended_at is null)
    returning id)
  select coalesce(array_agg(id), '{}') into ids from gone;
  moved := moved || jsonb_build_object('acts', to_jsonb(ids));
  -- Whose record it is, of the staff, and whether its look-ups are flagged: both records are, while they are one.
  with gone as (
    update staff_neighbours set neighbour_id = target where neighbour_id = source and municipality_id = town
      and (only_these is null or staff_id in (select jsonb_array_elements_text(only_these -> 'staff')))
    returning staff_id)
  select moved || jsonb_build_object('staff', coalesce(jsonb_agg(staff_id), '[]')) into moved from gone;
  if only_these is null then
    with added as (
      insert into watched_neighbours (municipality_id, neighbour_id)
      select municipality_id, target from watched_neighbours where neighbour_id = source and municipality_id = town
      on conflict do nothing returning neighbour_id)
    select moved || jsonb_build_object('watched', coalesce(jsonb_agg(neighbour_id), '[]')) into moved from added;
  else
    delete from watched_neighbours where municipality_id = town and neighbour_id = source
      and neighbour_id in (select jsonb_array_elements_text(only_these -> 'watched')::uuid);
  end if;
  return moved;
end $$;
revoke all on function move_belongings(uuid, uuid, jsonb) from public;
grant execute on function move_belongings(uuid, uuid, jsonb) to padron_app, padron_gate;
