-- An organisation after its first day: its machines and their keys come and go, and it may be suspended.

-- A machine or a key that is ended stays so, and stays known: nobody else takes its name, and a machine all of whose keys are
-- ended is not one that never named any.
alter table clients add ended_at timestamptz;
alter table client_keys add known_at timestamptz not null default clock_timestamp(), add ended_at timestamptz;
create function ended_stays_ended() returns trigger language plpgsql as $$
begin
  if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
    raise exception 'what is ended stays so' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger clients_stay_ended before update of ended_at on clients for each row execute function ended_stays_ended();
create trigger client_keys_stay_ended before update of ended_at on client_keys for each row execute function ended_stays_ended();
create trigger clients_ended after update of ended_at on clients for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'municipality_id id', 'ended_at');
create trigger client_keys_ended after update of ended_at on client_keys for each row
  when (new.ended_at is not null and old.ended_at is null)
  execute function note_taking('set', 'municipality_id client_id thumbprint', 'ended_at');
-- With a machine its keys end. A key that was ended may have been lost: it is nobody's again, of whatever machine.
create function clients_end_keys() returns trigger language plpgsql as $$
begin
  update client_keys set ended_at = new.ended_at where client_id = new.id and ended_at is null;
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
create index client_keys_by_thumbprint on client_keys (municipality_id, thumbprint);
revoke delete on client_keys, clients from padron_app;
grant update (ended_at) on clients, client_keys to padron_app, padron_gate;
grant select, insert on client_keys to padron_gate;
create index clients_by_organisation on clients (organisation_id);

-- Since when an organisation is what it is, and tied to what it is tied to: it is told since when it is answered nothing.
alter table organisation_functions add since timestamptz not null default clock_timestamp();
alter table organisation_links add since timestamptz not null default clock_timestamp();

-- What an organisation asks for later: another machine, or other keys for one.
alter table applications add kind text not null default 'enrol' check (kind in ('enrol', 'machine', 'keys')),
  add asked_for uuid references organisations,
  add constraint applications_asked_for check ((asked_for is null) = (kind = 'enrol'));
-- An organisation calls off what it asked for.
alter table applications drop constraint applications_decision_check,
  add constraint applications_decision_check check (decision in ('enrolled', 'refused', 'withdrawn'));
create index applications_asked_for on applications (asked_for) where asked_for is not null;
grant select (kind, asked_for) on applications to padron_readonly_ops;

-- A service that asks for too much, or turns away who lives here, is reported without a name: whose it is would say which
-- services somebody uses.
alter table complaints drop constraint complaints_kind_check,
  add constraint complaints_kind_check check (kind in ('refused', 'asked-about-papers', 'wrong-data', 'who-looked', 'change',
    'objection', 'suggestion', 'service', 'other')),
  add service text check (service ~ '^[a-z][a-z-]{1,40}$'),
  add organisation_id uuid references organisations,
  add fault text check (fault in ('too-much', 'turned-away')),
  add constraint complaints_of_services check ((kind = 'service') = (fault is not null)
    and (kind = 'service' or num_nonnulls(service, organisation_id) = 0) and (kind <> 'service' or neighbour_id is null));
-- Whoever answers may find out which organisation it was.
grant update (organisation_id) on complaints to padron_app, padron_gate;
create index complaints_by_organisation on complaints (organisation_id, received_at) where organisation_id is not null;
grant select (service, organisation_id, fault) on complaints to padron_readonly_ops;

-- The code by which whoever speaks for an organisation is known, once it is not that of its application any more.
create table organisation_codes (
  organisation_id uuid primary key references organisations,
  municipality_id uuid not null references municipalities,
  reference_hash bytea not null unique check (length(reference_hash) = 32),
  given_at timestamptz not null,
  given_by text not null check (length(given_by) between 1 and 320)
);
alter table organisation_codes enable row level security;
create policy own_municipality on organisation_codes to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on organisation_codes for select to padron_readonly_ops using (true);
grant select, insert, update (reference_hash, given_at, given_by) on organisation_codes to padron_app, padron_gate;
grant select (organisation_id, municipality_id, given_at, given_by) on organisation_codes to padron_readonly_ops;

-- Suspended by two officers, after what neighbours reported: its promise is over, until two officers take another.
alter table organisations add suspended_at timestamptz, add readmitted_at timestamptz;
grant update (suspended_at, readmitted_at) on organisations to padron_app, padron_gate;
create function suspension_ends_the_promise() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update attestations set lapsed_at = clock_timestamp() where organisation_id = new.id and lapsed_at is null;
  return null;
end $$;
create trigger organisations_suspended after update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null) execute function suspension_ends_the_promise();
create trigger organisations_suspended_taken after update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null) execute function note_taking('set', 'id', 'suspended_at');

-- How many reports of an organisation were found right within twelve months, since it was last let in again; and how many have
-- to be before it is suspended.
create function upheld_reports(organisation uuid) returns bigint language sql stable as $$
  select count(*) from complaints said where said.organisation_id = organisation and said.outcome = 'upheld'
    and said.answered_at > greatest(clock_timestamp() - interval '12 months',
      (select own.readmitted_at from organisations own where own.id = organisation)) $$;
create function waiting_reports(organisation uuid) returns bigint language sql stable as $$
  select count(*) from complaints said where said.organisation_id = organisation and said.answered_at is null $$;
create function suspension_follows_reports() returns trigger language plpgsql as $$
begin
  -- The login that owns the tables puts back what was so before a restore.
  if (select relowner = current_user::regrole from pg_class where oid = tg_relid) then return new; end if;
  if upheld_reports(new.id) < 3 then
    raise exception 'an organisation is suspended after three reports that were found right' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger organisations_suspended_for_reports before update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null)
  execute function suspension_follows_reports();

alter table officer_acts drop constraint officer_acts_kind_check, add constraint officer_acts_kind_check check (kind in
  ('enrol', 'application', 'function', 'tie', 'promise', 'machine', 'alias', 'lend', 'take-back', 'affected', 'secrecy',
   'suspend', 'end-machine', 'end-key'));
insert into officer_act_writes (kind, written) values ('suspend', 'organisations'), ('promise', 'organisations');
