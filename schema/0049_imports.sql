-- How far an import has come, in the database it goes into: the same file into another begins at its beginning, and one that
-- is run again after it ended brings nobody in twice. The file is known by a keyed hash.
create table imports (
  municipality_id uuid not null references municipalities,
  file bytea not null check (length(file) = 32),
  households integer not null check (households >= 0),
  -- Whether rows were left out: they may come in later, and everybody else is recognised for as long as keys are kept.
  left_out boolean not null,
  begun_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, file)
);
alter table imports enable row level security;
create policy own_municipality on imports to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on imports for select to padron_readonly_ops using (true);
grant select, insert, update (households, left_out, updated_at) on imports to padron_app, padron_gate;
grant select (municipality_id, households, left_out, begun_at, updated_at) on imports to padron_readonly_ops;
