-- Roles, extensions and the municipalities that own everything else.
--
-- padron_owner    owns every table and runs migrations (whoever runs this file).
-- padron_app      what the service connects as: reads and writes rows, never DDL.
-- padron_readonly_ops  for people who watch the machine: counts and dates, no sealed column.

create extension if not exists btree_gist;

do $$
begin
  if not exists (select from pg_roles where rolname = 'padron_app') then
    create role padron_app nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'padron_readonly_ops') then
    create role padron_readonly_ops nologin noinherit;
  end if;
end $$;

revoke create on schema public from public;
grant usage on schema public to padron_app, padron_readonly_ops;

-- The municipality a transaction works for. Row-level security compares every row with it,
-- so a forgotten "where" cannot reach another town's neighbours.
create function current_municipality() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('padron.municipality', true), '')::uuid;

-- Refuses any change to a row that history depends on, for every role short of a superuser.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'table % is append-only', tg_table_name using errcode = 'PD002';
end $$;

create table municipalities (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name jsonb not null check (jsonb_typeof(name) = 'object' and name <> '{}'::jsonb),
  country_code text not null check (country_code ~ '^[A-Z]{2}$'),
  province_code text check (province_code ~ '^[0-9]{2}$'),
  municipality_code text check (municipality_code ~ '^[0-9]{3}$'),
  languages text[] not null check (cardinality(languages) > 0),
  issuer text not null unique check (issuer ~ '^https?://[^/?#]+$'),
  seal_svg text check (length(seal_svg) <= 65536),
  time_zone text not null,
  expected_population integer not null check (expected_population > 0),
  blind_index_bits smallint not null check (blind_index_bits between 8 and 31),
  reference_address jsonb not null check (jsonb_typeof(reference_address) = 'object'),
  departure_notice_days integer not null default 30 check (departure_notice_days between 1 and 365),
  created_at timestamptz not null default now()
);
comment on column municipalities.blind_index_bits is
  'Bits kept of each blind-index token: floor(log2(expected_population * 24 / 8)), a person having some 24 of them, so that a value stands for several people.';
grant select on municipalities to padron_app, padron_readonly_ops;

-- Keys: the registry key itself is never here. A registry key id names a key held outside the
-- database; a data key is stored only wrapped by it. Deleting a neighbour's data key erases them.
create table registry_keys (
  municipality_id uuid not null references municipalities,
  id text not null check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  created_at timestamptz not null default now(),
  retired_at timestamptz check (retired_at >= created_at),
  primary key (municipality_id, id)
);
grant select, insert, update (retired_at) on registry_keys to padron_app;
grant select on registry_keys to padron_readonly_ops;

create table data_keys (
  id uuid primary key,
  municipality_id uuid not null,
  owner text not null check (owner in ('neighbour', 'address', 'blind-index', 'signing-key', 'ledger')),
  registry_key_id text not null,
  wrapped bytea not null check (length(wrapped) = 60),
  foreign key (municipality_id, registry_key_id) references registry_keys
);
create index data_keys_by_registry_key on data_keys (municipality_id, registry_key_id, id);
create unique index data_keys_one_per_municipality on data_keys (municipality_id, owner)
  where owner in ('blind-index', 'ledger');
grant select, insert, update (registry_key_id, wrapped), delete on data_keys to padron_app;
grant select (id, municipality_id, owner, registry_key_id) on data_keys to padron_readonly_ops;

create table signing_keys (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{43}$'),
  municipality_id uuid not null references municipalities,
  data_key_id uuid not null references data_keys,
  algorithm text not null check (algorithm in ('ES256', 'EdDSA')),
  public_jwk jsonb not null check (not public_jwk ? 'd'),
  private_jwk bytea not null,
  signs_from timestamptz not null,
  signs_until timestamptz check (signs_until >= signs_from),
  published_until timestamptz check (published_until >= signs_until),
  withdrawn_at timestamptz
);
comment on column signing_keys.id is 'RFC 7638 thumbprint; the kid of what it signs.';
create index signing_keys_by_municipality on signing_keys (municipality_id, signs_from);
grant select, insert, update (signs_until, published_until, withdrawn_at) on signing_keys to padron_app;
grant select (id, municipality_id, algorithm, public_jwk, signs_from, signs_until, published_until, withdrawn_at)
  on signing_keys to padron_readonly_ops;
comment on column municipalities.reference_address is
  'The office whose address a neighbour with no fixed address gets when none other is named.';
