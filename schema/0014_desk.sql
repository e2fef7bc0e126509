-- Who is signed in at a desk or a telephone, and forms that are not finished.

create table sessions (
  -- A keyed hash: whoever reads this table cannot sign in with it.
  id bytea primary key check (length(id) = 32),
  municipality_id uuid not null references municipalities,
  -- Names a session to its owner, who may close it from elsewhere.
  handle uuid not null unique,
  kind text not null check (kind in ('staff', 'resident')),
  -- The pseudonym of staff, or the neighbour's id.
  subject text not null,
  role text check (role in ('clerk', 'supervisor', 'legal', 'auditor')),
  office_id uuid,
  work_case text check (work_case ~ '^[A-Za-z0-9-]{4,64}$'),
  signed_in_at timestamptz not null,
  last_seen_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > signed_in_at),
  locked_at timestamptz,
  -- Of a neighbour's: by what they came in, so that it ends when that does, and so that who came in by it is told from who came
  -- in by another; and the office in whose browser it was, where its staff were signed in there.
  way text check (way in ('card', 'telephone')),
  way_id uuid,
  at_office uuid,
  check ((kind = 'staff') = (role is not null and office_id is not null)),
  check (num_nonnulls(way, way_id) = case when kind = 'resident' then 2 else 0 end),
  check (at_office is null or kind = 'resident')
);
create index sessions_by_subject on sessions (municipality_id, kind, subject);
create index sessions_ended on sessions (ends_at);
create index sessions_by_way on sessions (way_id) where way_id is not null;

create table drafts (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  staff_id text not null,
  data_key_id uuid not null references data_keys,
  content bytea not null,
  updated_at timestamptz not null
);
create index drafts_by_staff on drafts (municipality_id, staff_id, updated_at);

do $$
declare guarded text;
begin
  foreach guarded in array array['sessions', 'drafts'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
grant select, insert, update (last_seen_at, locked_at, work_case, signed_in_at), delete on sessions to padron_app, padron_gate;
grant select, insert, update (content, updated_at), delete on drafts to padron_app, padron_gate;
grant select (municipality_id, kind, signed_in_at, last_seen_at, ends_at) on sessions to padron_readonly_ops;
