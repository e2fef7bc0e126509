-- What we signed, and what we took back.

create table status_lists (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  capacity integer not null check (capacity between 1024 and 16777216),
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  unique (municipality_id, id)
);
create unique index status_lists_one_open on status_lists (municipality_id) where closed_at is null;

create table proofs (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  profile text not null,
  signing_key_id text not null references signing_keys,
  status_list_id uuid not null,
  status_index integer not null check (status_index >= 0),
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null check (expires_at > issued_at),
  revoked_at timestamptz,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  foreign key (municipality_id, status_list_id) references status_lists (municipality_id, id),
  unique (status_list_id, status_index)
);
create index proofs_by_neighbour on proofs (neighbour_id) where revoked_at is null;
create index proofs_revoked on proofs (status_list_id, status_index) where revoked_at is not null;

grant select, insert, update (closed_at) on status_lists to padron_app;
grant select, insert, update (revoked_at) on proofs to padron_app;
grant select on status_lists to padron_readonly_ops;
grant select (id, municipality_id, profile, status_list_id, issued_at, expires_at, revoked_at) on proofs to padron_readonly_ops;

-- A neighbour who has left can no longer prove that they live here, whoever recorded the departure.
create function departure_revokes_proofs() returns trigger language plpgsql as $$
begin
  update proofs set revoked_at = clock_timestamp() where neighbour_id = new.id and revoked_at is null;
  return null;
end $$;
create trigger neighbours_departure_revokes after update of departed_on on neighbours
  for each row when (new.departed_on is not null and old.departed_on is null)
  execute function departure_revokes_proofs();
