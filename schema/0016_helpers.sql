-- People and organisations a neighbour has named to fetch proofs for them: for some services, until a day.

create table helpers (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  -- What the neighbour calls them, sealed under the town's ledger key.
  name bytea not null,
  code_hash bytea not null unique check (length(code_hash) = 32),
  profiles text[] not null check (array_length(profiles, 1) between 1 and 20),
  until date not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index helpers_by_neighbour on helpers (neighbour_id) where ended_at is null;

alter table helpers enable row level security;
create policy own_municipality on helpers to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on helpers for select to padron_readonly_ops using (true);
grant select, insert, update (ended_at) on helpers to padron_app, padron_gate;
