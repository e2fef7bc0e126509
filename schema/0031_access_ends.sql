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
  delete from passkeys where neighbour_id = new.id;
  update resident_cards set cancelled_at = now(), ended_by = 'departure'
  where neighbour_id = new.id and cancelled_at is null;
  update helpers set ended_at = now() where neighbour_id = new.id and ended_at is null;
  delete from wallet_offers where neighbour_id = new.id;
  -- Whom they acted for, and who acted for them: who comes back is asked anew who acts for them now.
  update representatives set ended_at = now(), ended_because = 'departed'
  where new.id in (representative_id, neighbour_id) and ended_at is null;
  return null;
end $$;
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
