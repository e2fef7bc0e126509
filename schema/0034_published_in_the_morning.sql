-- What others see of a change, they see the next morning with all that changed that day: a status that turns at once
-- would tell whoever holds a proof the hour in which somebody hid. Only what is lost or stolen is cancelled at once.

-- Four in the morning of the next day, by the town's own clock.
create function next_publication(whose uuid) returns timestamptz
  language sql stable security definer set search_path = public, pg_temp as $$
  select ((clock_timestamp() at time zone town.time_zone)::date + 1 + time '04:00') at time zone town.time_zone
  from municipalities town where town.id = whose $$;
revoke all on function next_publication(uuid) from public;
grant execute on function next_publication(uuid) to padron_app, padron_gate;

-- From when others see that it was cancelled. In clear, since the status list is made of it for everyone; a dump shows
-- no more by it than by revoked_at.
alter table proofs add column public_from timestamptz;
alter table proofs add constraint proofs_cancelled_publicly check ((revoked_at is null) = (public_from is null));
grant update (public_from) on proofs to padron_app, padron_gate;
grant select (public_from) on proofs to padron_readonly_ops;

-- Whatever cancels a proof, and whoever forgets to say when others see it, it is the next morning.
create function proofs_public_from() returns trigger language plpgsql as $$
begin
  if new.revoked_at is not null and new.public_from is null then new.public_from := next_publication(new.municipality_id); end if;
  return new;
end $$;
create trigger proofs_public_from before update of revoked_at on proofs
  for each row execute function proofs_public_from();

-- The lists are made of what is public by now.
drop index proofs_revoked;
create index proofs_revoked on proofs (status_list_id, public_from) include (status_index) where revoked_at is not null;

-- Until when others are answered as before, after a record was hidden or shown again. In clear, since it is decided
-- before anything is opened; until that morning a dump shows that the record was hidden or shown that day. A job
-- empties it within the hour after.
alter table neighbours add column protection_public_from timestamptz;
create index neighbours_protection_public_from on neighbours (municipality_id, protection_public_from)
  where protection_public_from is not null;
grant update (protection_public_from) on neighbours to padron_app;
create function neighbours_protection_public_from() returns trigger language plpgsql as $$
begin
  new.protection_public_from :=
    -- Hidden and shown again within a day: for others nothing happened.
    case when old.protection_public_from > clock_timestamp() then null else next_publication(new.municipality_id) end;
  return new;
end $$;
create trigger neighbours_protection_public_from before update of protected on neighbours
  for each row when (new.protected is distinct from old.protected)
  execute function neighbours_protection_public_from();
