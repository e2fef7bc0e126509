-- Proofs on their way into wallets, and questions that service desks ask wallets.

-- What a clerk or a neighbour has offered to a wallet. Codes and tokens are kept as keyed hashes only.
create table wallet_offers (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  profile text not null,
  handed_to text not null check (handed_to in ('neighbour', 'representative')),
  code_hash bytea not null unique check (length(code_hash) = 32),
  transaction_hash bytea not null check (length(transaction_hash) = 32),
  attempts integer not null default 0,
  token_hash bytea unique check (length(token_hash) = 32),
  expires_at timestamptz not null,
  issued_at timestamptz,
  outcome text check (outcome in ('credential_accepted', 'credential_failure', 'credential_deleted')),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index wallet_offers_expired on wallet_offers (expires_at);

-- Numbers a wallet signs once.
create table wallet_nonces (
  municipality_id uuid not null references municipalities,
  nonce_hash bytea not null check (length(nonce_hash) = 32),
  expires_at timestamptz not null,
  primary key (municipality_id, nonce_hash)
);
create index wallet_nonces_expired on wallet_nonces (expires_at);

-- A question of a service desk to a wallet. The answer is encrypted to a key that only the desk's browser holds.
create table presentation_requests (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  profile text not null,
  nonce text not null,
  request_object text not null,
  -- What came and was not read yet, the newest first: whoever sees the QR code can send something.
  answers text[] not null default '{}' check (cardinality(answers) <= 8),
  expires_at timestamptz not null
);
create index presentation_requests_expired on presentation_requests (expires_at);

do $$
declare guarded text;
begin
  foreach guarded in array array['wallet_offers', 'wallet_nonces', 'presentation_requests'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
grant select, insert, update (attempts, token_hash, issued_at, outcome), delete on wallet_offers to padron_app, padron_gate;
grant select, insert, delete on wallet_nonces to padron_app, padron_gate;
grant select, insert, update (answers), delete on presentation_requests to padron_app, padron_gate;
grant select (id, municipality_id, profile, expires_at, issued_at, outcome) on wallet_offers to padron_readonly_ops;
