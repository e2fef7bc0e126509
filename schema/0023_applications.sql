-- An organisation that must ask the registry says who it is; a legal officer decides. What it says is sealed: it names people.
create table applications (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  reference_hash bytea not null unique check (length(reference_hash) = 32),
  data_key_id uuid not null references data_keys,
  content bytea not null,
  received_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  decision text check (decision in ('enrolled', 'refused')),
  reason bytea,
  organisation_id uuid references organisations,
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  check ((organisation_id is not null) = (decision is not distinct from 'enrolled'))
);
create index applications_open on applications (municipality_id, received_at) where decision is null;
alter table applications enable row level security;
create policy own_municipality on applications to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on applications for select to padron_readonly_ops using (true);
grant select, insert, update (decided_at, decided_by, decision, reason, organisation_id) on applications to padron_app, padron_gate;
grant select (id, municipality_id, received_at, decided_at, decision, organisation_id) on applications to padron_readonly_ops;

-- Keys a machine said are its own. A token bound to another key is not its.
create table client_keys (
  client_id text not null references clients,
  municipality_id uuid not null,
  thumbprint text not null check (thumbprint ~ '^[A-Za-z0-9_-]{43}$'),
  primary key (client_id, thumbprint)
);
alter table client_keys enable row level security;
create policy own_municipality on client_keys to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on client_keys for select to padron_readonly_ops using (true);
grant select, insert, delete on client_keys to padron_app;
grant select on client_keys to padron_readonly_ops;
