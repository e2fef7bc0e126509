-- Proofs on paper: what they were printed as, the code under them, and the seal they bear.

alter table proofs add column form text not null default 'sd-jwt' check (form in ('sd-jwt', 'paper'));
grant select (form) on proofs to padron_readonly_ops;

-- What a paper shows, sealed under the code printed on it. Without the paper nobody can open it, the city included:
-- `id` is a keyed hash of the code, `content` is sealed under a key made from the code.
create table check_codes (
  id bytea primary key check (length(id) = 32),
  municipality_id uuid not null references municipalities,
  proof_id uuid not null references proofs,
  content bytea not null,
  expires_at timestamptz not null
);
create index check_codes_by_proof on check_codes (proof_id);
create index check_codes_expired on check_codes (expires_at);

-- How often a code was tried from one place within ten minutes. `source` is a keyed hash that changes every day.
create table code_attempts (
  municipality_id uuid not null references municipalities,
  source bytea not null check (length(source) = 32),
  period timestamptz not null,
  attempts integer not null default 1,
  primary key (municipality_id, source, period)
);
create index code_attempts_period on code_attempts (period);

-- The key and certificate with which the city seals documents (PAdES).
create table document_seals (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  data_key_id uuid not null references data_keys,
  certificate bytea not null,
  private_jwk bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
create unique index document_seals_one_in_force on document_seals (municipality_id) where retired_at is null;

do $$
declare guarded text;
begin
  foreach guarded in array array['check_codes', 'code_attempts', 'document_seals'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
grant select, insert, delete on check_codes to padron_app, padron_gate;
grant select, insert, update (attempts), delete on code_attempts to padron_app, padron_gate;
grant select, insert, update (retired_at) on document_seals to padron_app, padron_gate;
grant select (id, municipality_id, created_at, retired_at) on document_seals to padron_readonly_ops;
