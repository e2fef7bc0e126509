-- What was known by whom. An entry is durable with the transaction that caused it; a sequencer gives it its place afterwards, so
-- writers never wait for each other.

create table ledger_entries (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  recorded_at timestamptz not null default clock_timestamp(),
  -- The transaction that wrote it: those still running may yet add entries older than the newest placed.
  written_by xid8 not null default pg_current_xact_id(),
  action text not null,
  purpose text not null,
  outcome text not null check (outcome in ('permitted', 'refused')),
  requester_kind text not null check (requester_kind in ('staff', 'client', 'resident', 'job', 'authority')),
  -- Whom it is about, or that it is about nobody, sealed to the town: as long for each.
  subject bytea not null,
  -- By which the person it is about finds it: a keyed hash of their own key, the week and who asked. Random where it is about nobody.
  mark bytea not null check (length(mark) = 16),
  details bytea not null,
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  primary key (municipality_id, id)
);
comment on column ledger_entries.details is
  'Who, why, which fields, which policies and the salt of the leaf hash; sealed to the subject, or to the ledger key when there is none, without saying which.';
create index ledger_entries_by_writer on ledger_entries (written_by, municipality_id);
create index ledger_entries_by_mark on ledger_entries (municipality_id, mark);
-- The sequencer looks over all towns in one go.
create index ledger_entries_in_order on ledger_entries (id);
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
call keep_to_town('ledger_entries', watched => true);
grant insert on ledger_entries to padron_app, padron_gate;
grant select (municipality_id, id, recorded_at, written_by, action, purpose, outcome, requester_kind, mark, leaf_hash)
  on ledger_entries to padron_app;
grant select on ledger_entries to padron_gate;
grant select (municipality_id, id, recorded_at, action, purpose, outcome, requester_kind, leaf_hash)
  on ledger_entries to padron_readonly_ops;

-- Gap-free by construction: place n may be taken only where place n-1 is.
create table ledger_sequence (
  municipality_id uuid not null,
  position bigint not null check (position >= 0),
  previous bigint generated always as (nullif(position, 0) - 1) stored,
  entry_id uuid not null,
  -- The leaf as it was when it got its place: what an altered entry is held against.
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  primary key (municipality_id, position),
  unique (municipality_id, entry_id),
  foreign key (municipality_id, entry_id) references ledger_entries,
  foreign key (municipality_id, previous) references ledger_sequence
);
create index ledger_sequence_by_leaf on ledger_sequence (municipality_id, leaf_hash);
create trigger ledger_sequence_append_only before update or delete or truncate on ledger_sequence
  for each statement execute function refuse_change();
call keep_to_town('ledger_sequence', watched => true);
grant select, insert on ledger_sequence to padron_app, padron_gate;
grant select on ledger_sequence to padron_readonly_ops;

-- Wakes the towns whose ledgers were written to by transactions that had not ended when it was last asked; the first time all.
-- @returns what to ask with next time
create function wake_ledgers(since xid8, at timestamptz) returns xid8
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  running xid8 := pg_snapshot_xmin(pg_current_snapshot());
begin
  perform wake_jobs('ledger-sequence', case when since = '0' then array(select id from municipalities)
    else array(select distinct entry.municipality_id from ledger_entries entry where entry.written_by >= since) end, at);
  return running;
end $$;
revoke all on function wake_ledgers(xid8, timestamp with time zone) from public;
grant execute on function wake_ledgers(xid8, timestamp with time zone) to padron_app;

-- One look over the ledgers of all towns, so many entries at a time. @returns how far it came, and of each town the first entry
-- that has no place yet; nothing where there are no more entries
create function entries_without_place(after uuid, most integer)
  returns table (up_to uuid, municipality_id uuid, entry_id uuid)
  language sql security definer stable set search_path = public, pg_temp as $$
  with page as materialized (select e.id, e.municipality_id from ledger_entries e where e.id > after order by e.id limit most)
  select page_end.id, waits.municipality_id, waits.id
  from (select id from page order by id desc limit 1) page_end left join (
    select distinct on (page.municipality_id) page.municipality_id, page.id from page
    where not exists (select from ledger_sequence placed
      where placed.municipality_id = page.municipality_id and placed.entry_id = page.id)
    order by page.municipality_id, page.id) waits on true
$$;
revoke all on function entries_without_place(uuid, integer) from public;
grant execute on function entries_without_place(uuid, integer) to padron_app;

-- The Merkle tree over the ledger's places, as tiles (C2SP tlog-tiles) and signed checkpoints (C2SP tlog-checkpoint). Full tiles
-- never change, so they are kept; the rest follows from the entries.
create table ledger_tiles (
  municipality_id uuid not null references municipalities,
  level smallint not null check (level between 0 and 7),
  tile bigint not null check (tile >= 0),
  hashes bytea not null check (length(hashes) = 256 * 32),
  root bytea not null check (length(root) = 32),
  primary key (municipality_id, level, tile)
);
create trigger ledger_tiles_append_only before update or delete or truncate on ledger_tiles
  for each statement execute function refuse_change();
call keep_to_town('ledger_tiles', watched => true);
grant select, insert on ledger_tiles to padron_app, padron_gate;
grant select (municipality_id, level, tile) on ledger_tiles to padron_readonly_ops;

create table ledger_checkpoints (
  municipality_id uuid not null references municipalities,
  size bigint not null check (size > 0),
  root bytea not null check (length(root) = 32),
  note text not null,
  signed_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, size)
);
create trigger ledger_checkpoints_append_only before update or delete or truncate on ledger_checkpoints
  for each statement execute function refuse_change();
call keep_to_town('ledger_checkpoints', watched => true);
grant select, insert on ledger_checkpoints to padron_app, padron_gate;
grant select on ledger_checkpoints to padron_readonly_ops;

-- What witnesses outside the town answered: that they saw a checkpoint and that it extends the one before.
create table ledger_cosignatures (
  municipality_id uuid not null,
  size bigint not null,
  witness text not null,
  line text not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, size, witness),
  foreign key (municipality_id, size) references ledger_checkpoints
);
create trigger ledger_cosignatures_append_only before update or delete or truncate on ledger_cosignatures
  for each statement execute function refuse_change();
call keep_to_town('ledger_cosignatures', watched => true);
grant select, insert on ledger_cosignatures to padron_app, padron_gate;
grant select on ledger_cosignatures to padron_readonly_ops;

-- A checkpoint is history once a later one of the same day is there: the last of each day is kept for ever.
create function superseded_since(town uuid, size_then bigint) returns timestamptz
  language sql stable set search_path = public, pg_temp as $$
  select case when later.signed_at::date = one.signed_at::date then later.signed_at end
  from ledger_checkpoints one,
    lateral (select signed_at from ledger_checkpoints next
      where next.municipality_id = town and next.size > size_then order by next.size limit 1) later
  where one.municipality_id = town and one.size = size_then
$$;
revoke all on function superseded_since(uuid, bigint) from public;

-- Ed25519, one a municipality; its public half is what outsiders hold.
create table ledger_keys (
  municipality_id uuid primary key references municipalities,
  data_key_id uuid not null,
  public_key bytea not null check (length(public_key) = 32),
  private_key bytea not null,
  created_at timestamptz not null default now(),
  foreign key (municipality_id, data_key_id) references data_keys
);
call keep_to_town('ledger_keys', watched => true);
grant select, insert on ledger_keys to padron_app, padron_gate;
grant select (municipality_id, public_key, created_at) on ledger_keys to padron_readonly_ops;
