-- The Merkle tree over the ledger's places, as tiles (C2SP tlog-tiles) and signed checkpoints
-- (C2SP tlog-checkpoint). Full tiles never change, so they are kept; the rest follows from the entries.

create table ledger_tiles (
  municipality_id uuid not null references municipalities,
  level smallint not null check (level between 0 and 7),
  tile bigint not null check (tile >= 0),
  hashes bytea not null check (length(hashes) = 256 * 32),
  root bytea not null check (length(root) = 32),
  primary key (municipality_id, level, tile)
);

create table ledger_checkpoints (
  municipality_id uuid not null references municipalities,
  size bigint not null check (size > 0),
  root bytea not null check (length(root) = 32),
  note text not null,
  signed_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, size)
);

-- What witnesses outside the town answered: that they saw a checkpoint and that it extends the one before.
create table ledger_cosignatures (
  municipality_id uuid not null,
  size bigint not null,
  witness text not null,
  line text not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, size, witness),
  foreign key (municipality_id, size) references ledger_checkpoints (municipality_id, size)
);

-- Ed25519, one a municipality; its public half is what outsiders hold.
create table ledger_keys (
  municipality_id uuid primary key references municipalities,
  data_key_id uuid not null references data_keys,
  public_key bytea not null check (length(public_key) = 32),
  private_key bytea not null,
  created_at timestamptz not null default now()
);

create index ledger_sequence_by_leaf on ledger_sequence (municipality_id, leaf_hash);

create trigger ledger_tiles_append_only before update or delete or truncate on ledger_tiles
  for each statement execute function refuse_change();
create trigger ledger_cosignatures_append_only before update or delete or truncate on ledger_cosignatures
  for each statement execute function refuse_change();
create trigger ledger_checkpoints_append_only before update or delete or truncate on ledger_checkpoints
  for each statement execute function refuse_change();

grant select, insert on ledger_tiles, ledger_checkpoints, ledger_cosignatures, ledger_keys to padron_app;
grant select on ledger_checkpoints, ledger_cosignatures to padron_readonly_ops;
grant select (municipality_id, level, tile) on ledger_tiles to padron_readonly_ops;
grant select (municipality_id, public_key, created_at) on ledger_keys to padron_readonly_ops;

do $$
declare guarded text;
begin
  foreach guarded in array array['ledger_tiles', 'ledger_checkpoints', 'ledger_cosignatures', 'ledger_keys'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
