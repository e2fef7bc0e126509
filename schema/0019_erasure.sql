-- Erasure. Destroying the key of a neighbour makes everything sealed to it unreadable for ever, in the ledger too, whose
-- tree stands on salted hashes and is not disturbed. What is left says that somebody, nobody knows who, came and went.

alter table neighbours add column erased_at timestamptz check (erased_at is null or departed_on is not null);
grant select (erased_at) on neighbours to padron_readonly_ops;
alter table municipalities add column erase_after_years integer not null default 5
  check (erase_after_years between 0 and 100);
comment on column municipalities.erase_after_years is
  'How long after a departure the record is kept for proofs of past residence, before it may be erased on request.';

-- A supervisor proposes, a legal officer decides: two people, never one.
create table erasures (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  ground text not null check (ground in ('time-over', 'wrongly-registered', 'duplicate', 'court')),
  -- Whether the neighbour asked for it.
  asked boolean not null default false,
  proposed_by text not null,
  proposed_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  decision text check (decision in ('approved', 'refused')),
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint erasures_second_person check (decided_by is distinct from proposed_by),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create unique index erasures_one_open on erasures (neighbour_id) where decision is null;
alter table erasures enable row level security;
create policy own_municipality on erasures to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on erasures for select to padron_readonly_ops using (true);
grant select, insert, update (decided_by, decided_at, decision) on erasures to padron_app, padron_gate;
grant select on erasures to padron_readonly_ops;

-- Evidence stays as it was written, until the person it is about is erased: then the keyed hash of a document goes.
drop trigger evidence_append_only on evidence;
create function evidence_of_the_erased_only() returns trigger language plpgsql as $$
begin
  if exists (select from data_keys where id = old.neighbour_id)
     or new.document_hash is not null
     or (to_jsonb(new) - 'document_hash') is distinct from (to_jsonb(old) - 'document_hash') then
    raise exception 'table evidence is append-only' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger evidence_of_the_erased_only before update on evidence
  for each row execute function evidence_of_the_erased_only();
create trigger evidence_append_only before delete or truncate on evidence
  for each statement execute function refuse_change();

-- What is left of somebody once they are forgotten: an id that is nobody's, and the days of their movements. The key that
-- seals everything else is destroyed. Nobody may call it but the two functions that have a reason for it.
create function forget_neighbour(whose uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  emptied uuid[];
  another uuid;
begin
  -- A record that was joined to this one is of the same person.
  for another in select one.joined_id from joins one where one.stays_id = whose and one.decision = 'approved'
      and one.undoes is null and one.undone_at is null loop
    perform forget_neighbour(another);
  end loop;
  delete from joins where stays_id = whose or joined_id = whose;
  select array_agg(distinct household_id) into emptied from residences where neighbour_id = whose;
  delete from data_keys where id = whose and owner = 'neighbour';
  update neighbours set erased_at = now() where id = whose;
  update search_tokens set tokens = '{}' where neighbour_id = whose;
  update evidence set document_hash = null where neighbour_id = whose and document_hash is not null;
  delete from said_starts where neighbour_id = whose;
  delete from residences where neighbour_id = whose;
  delete from visits where neighbour_id = whose;
  delete from likenesses where neighbour_id = whose;
  delete from representatives where neighbour_id = whose;
  -- That somebody acted for a child until they left stays known of the child.
  update representatives set representative_id = null where representative_id = whose;
  delete from idempotency_keys where response_owner = whose;
  delete from sessions where kind = 'resident' and subject = whose::text;
  delete from enrolments where neighbour_id = whose;
  delete from passkeys where neighbour_id = whose;
  delete from resident_cards where neighbour_id = whose;
  delete from helpers where neighbour_id = whose;
  delete from wallet_offers where neighbour_id = whose;
  delete from complaints where neighbour_id = whose;
  delete from proceeding_answers where neighbour_id = whose;
  delete from proceedings where neighbour_id = whose;
  delete from notice_deliveries where notice_id in (select id from notices where neighbour_id = whose);
  delete from jobs where kind = 'notices' and item in (select id::text from notices where neighbour_id = whose);
  delete from notices where neighbour_id = whose;
  delete from watched_neighbours where neighbour_id = whose;
  delete from staff_neighbours where neighbour_id = whose;
  delete from flags where neighbour_id = whose;
  delete from welfare_checks where neighbour_id = whose;
  delete from drawn_openings where neighbour_id = whose;
  -- An address at which nobody else was ever registered says where one person lived: it goes too.
  with gone as (
    delete from households home
    where home.id = any (emptied) and not exists (select from residences r where r.household_id = home.id)
    returning address_id),
  unused as (
    delete from addresses place
    where place.id in (select address_id from gone)
      and not exists (select from households h where h.address_id = place.id and h.id <> all (emptied))
    returning id)
  delete from data_keys where id in (select id from unused) and owner = 'address';
end $$;
revoke all on function forget_neighbour(uuid) from public;

-- Does what an approved erasure says, once, and nothing else. It runs as the owner: the service itself may delete none of this.
create function erase_neighbour(erasure uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  whose uuid;
begin
  select one.neighbour_id into whose
  from erasures one join neighbours n on n.id = one.neighbour_id
  where one.id = erasure and one.municipality_id = current_municipality() and one.decision = 'approved'
    and n.departed_on is not null and n.erased_at is null
  for update of n;
  if whose is null then
    raise exception 'there is no approved erasure of somebody who has left' using errcode = 'PD003';
  end if;
  perform forget_neighbour(whose);
end $$;
revoke all on function erase_neighbour(uuid) from public;
grant execute on function erase_neighbour(uuid) to padron_app;
