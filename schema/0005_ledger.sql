-- What was known by whom. An entry is durable with the transaction that caused it; a sequencer
-- gives it its place afterwards, so writers never wait for each other.

create table ledger_entries (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  recorded_at timestamptz not null default clock_timestamp(),
  -- The transaction that wrote it: those still running may yet add entries older than the newest placed.
  written_by xid8 not null default pg_current_xact_id(),
  action text not null,
  purpose text not null,
  outcome text not null check (outcome in ('permitted', 'refused')),
  requester_kind text not null check (requester_kind in ('staff', 'client', 'resident', 'job', 'authority')),
  subject_id uuid,
  details bytea not null,
  leaf_hash bytea not null check (length(leaf_hash) = 32)
);
comment on column ledger_entries.details is
  'Who, why, which fields, which policies and the salt of the leaf hash; sealed to the subject, or to the ledger key when there is none.';
create index ledger_entries_by_writer on ledger_entries (municipality_id, written_by);
create index ledger_entries_by_subject on ledger_entries (subject_id, recorded_at) where subject_id is not null;

-- Gap-free by construction: place n may be taken only where place n-1 is.
create table ledger_sequence (
  municipality_id uuid not null,
  position bigint not null check (position >= 0),
  previous bigint generated always as (nullif(position, 0) - 1) stored,
  entry_id uuid not null unique references ledger_entries,
  -- The leaf as it was when it got its place: what an altered entry is held against.
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  primary key (municipality_id, position),
  foreign key (municipality_id, previous) references ledger_sequence (municipality_id, position)
);

create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
create trigger ledger_sequence_append_only before update or delete or truncate on ledger_sequence
  for each statement execute function refuse_change();

grant select, insert on ledger_entries, ledger_sequence to padron_app;
grant select (id, municipality_id, recorded_at, action, purpose, outcome, requester_kind, leaf_hash) on ledger_entries to padron_readonly_ops;
grant select on ledger_sequence to padron_readonly_ops;
