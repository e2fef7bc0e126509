-- Access ends with the person or the tie it rested on: whatever door a departure came through, and whoever forgot to
-- tidy up. What is checked at use asks is_neighbour(); what is left behind is ended here, by the departure itself.

create function is_neighbour(whose uuid) returns boolean language sql stable as $$
  select exists (select from neighbours where id = whose and departed_on is null) $$;
revoke all on function is_neighbour(uuid) from public;
grant execute on function is_neighbour(uuid) to padron_app, padron_gate;

-- Why a card is none any more. One that ended with a departure still tells its holder what was decided, and nothing else.
alter table resident_cards add column ended_by text check (ended_by in ('lost', 'replaced', 'departure')),
  add constraint resident_cards_ended check (num_nonnulls(cancelled_at, ended_by) in (0, 2));
grant update (ended_by) on resident_cards to padron_app, padron_gate;

create function end_access() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from sessions where municipality_id = new.municipality_id and kind = 'resident' and subject = new.id::text;
  delete from enrolments where neighbour_id = new.id;
  update passkeys set removed_at = now() where neighbour_id = new.id and removed_at is null;
  update resident_cards set cancelled_at = now(), ended_by = 'departure'
  where neighbour_id = new.id and cancelled_at is null;
  update helpers set ended_at = now() where neighbour_id = new.id and ended_at is null;
  delete from wallet_offers where neighbour_id = new.id;
  -- Whom they acted for, and who acted for them: who comes back is asked anew who acts for them now.
  update representatives set ended_at = now(), ended_because = 'departed'
  where new.id in (representative_id, neighbour_id) and ended_at is null;
  return null;
end $$;
-- A session ends with what it came in by: a card that is cancelled or replaced, a telephone that is removed.
create function end_sessions_of_way() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from sessions where municipality_id = new.municipality_id and kind = 'resident'
    and way_id = (to_jsonb(new) ->> tg_argv[0])::uuid;
  return null;
end $$;
create trigger resident_cards_end_sessions after update of cancelled_at on resident_cards for each row
  when (new.cancelled_at is not null and old.cancelled_at is null) execute function end_sessions_of_way('id');
create trigger passkeys_end_sessions after update of removed_at on passkeys for each row
  when (new.removed_at is not null and old.removed_at is null) execute function end_sessions_of_way('handle');

-- Codes that were handed out to make another way in, and nobody has used yet.
create function end_unused_codes(whose uuid) returns void language sql security definer set search_path = public, pg_temp as $$
  delete from enrolments where neighbour_id = whose and municipality_id = current_municipality();
  delete from wallet_offers where neighbour_id = whose and municipality_id = current_municipality();
$$;
revoke all on function end_unused_codes(uuid) from public;
grant execute on function end_unused_codes(uuid) to padron_app, padron_gate;

create trigger neighbours_end_access after update of departed_on on neighbours for each row
  when (old.departed_on is null and new.departed_on is not null) execute function end_access();

-- No new way in for somebody who is no neighbour. The use cases say so kindly; this holds where one forgets.
create function for_neighbours_only() returns trigger language plpgsql as $$
begin
  -- Locked, so that a departure under way is waited for.
  perform from neighbours where id = (to_jsonb(new) ->> tg_argv[0])::uuid and departed_on is null for share;
  if not found then
    raise exception 'access is for neighbours' using errcode = 'PD004';
  end if;
  return new;
end $$;
create trigger enrolments_for_neighbours before insert on enrolments
  for each row execute function for_neighbours_only('neighbour_id');
create trigger passkeys_for_neighbours before insert on passkeys
  for each row execute function for_neighbours_only('neighbour_id');
create trigger resident_cards_for_neighbours before insert on resident_cards
  for each row execute function for_neighbours_only('neighbour_id');
create trigger helpers_for_neighbours before insert on helpers
  for each row execute function for_neighbours_only('neighbour_id');
create trigger wallet_offers_for_neighbours before insert on wallet_offers
  for each row execute function for_neighbours_only('neighbour_id');
create trigger sessions_for_neighbours before insert on sessions
  for each row when (new.kind = 'resident') execute function for_neighbours_only('subject');
create trigger representatives_for_neighbours before insert on representatives
  for each row when (new.representative_id is not null) execute function for_neighbours_only('representative_id');

alter table movements drop constraint movements_cause_of_kind,
  add constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission', 'return')
      when 'change' then cause in ('address', 'address-corrected', 'personal-data', 'representatives')
      when 'confirmation' then cause = 'residence'
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered')
      else false
    end);
