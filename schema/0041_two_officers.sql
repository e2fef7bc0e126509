-- What widens who is answered, or lists people, takes two legal officers: one proposes it, another approves. What it says is
-- sealed with the town's key: it names organisations and those who sign for them.
create table officer_acts (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  kind text not null check (kind in ('enrol', 'application', 'function', 'tie', 'promise', 'lend', 'take-back', 'affected')),
  data_key_id uuid not null references data_keys,
  content bytea not null,
  proposed_by text not null check (length(proposed_by) between 1 and 320),
  proposed_at timestamptz not null default clock_timestamp(),
  decided_by text check (length(decided_by) between 1 and 320),
  decided_at timestamptz,
  -- `at-once`: it closes the gate, and one officer is enough for that.
  decision text check (decision in ('approved', 'refused', 'at-once')),
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint officer_acts_second_officer check (decision is distinct from 'approved' or decided_by <> proposed_by)
);
create index officer_acts_open on officer_acts (municipality_id, proposed_at) where decision is null;
alter table officer_acts enable row level security;
create policy own_municipality on officer_acts to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on officer_acts for select to padron_readonly_ops using (true);
grant select, insert, update (decided_by, decided_at, decision) on officer_acts to padron_app, padron_gate;
grant select (id, municipality_id, kind, proposed_by, proposed_at, decided_by, decided_at, decision) on officer_acts
  to padron_readonly_ops;
