-- When somebody began to live here, or at an address, as far as it is somebody's word: years that are said and not yet
-- confirmed, and corrections that take a second person. residences holds only what is confirmed, so that no proof, paper
-- or page can show a start that nobody has confirmed.

alter table municipalities add column backdate_days integer not null default 90 check (backdate_days between 0 and 36500),
  add column time_correction_days integer not null default 30 check (time_correction_days between 0 and 36500);
comment on column municipalities.backdate_days is
  'A start longer ago than this, on the day it is said, is kept as said until a second member of staff confirms it.';
comment on column municipalities.time_correction_days is
  'By how many days one member of staff alone may correct a start.';

-- One person's corrections are measured from here, however many there are. In clear like valid_from, which it once was.
alter table residences add column settled_from date;
comment on column residences.settled_from is
  'Where one person alone has corrected the start: the start as first recorded, or as two people decided it.';

create table said_starts (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  -- The residence it is the start of, as that stands now. Tells no more than that something is to be decided about it.
  residence_id uuid not null references residences (id),
  -- The start that is said, why, and what else is to be done; sealed.
  content bytea not null,
  said_by text not null check (length(said_by) between 1 and 200),
  said_at timestamptz not null default now(),
  decided_by text,
  decided_at timestamptz,
  -- 'lapsed' where the residence itself turned out never to have been.
  decision text check (decision in ('confirmed', 'refused', 'lapsed')),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id),
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint said_starts_second_person check (decision is distinct from 'confirmed' or decided_by <> said_by)
);
create unique index said_starts_one_open on said_starts (residence_id) where decision is null;
create index said_starts_open on said_starts (municipality_id, said_at) where decision is null;
create index said_starts_by_neighbour on said_starts (neighbour_id);

alter table said_starts enable row level security;
create policy own_municipality on said_starts to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on said_starts for select to padron_readonly_ops using (true);
grant insert, update (residence_id, decided_by, decided_at, decision) on said_starts to padron_app, padron_gate;
grant select on said_starts to padron_gate;
grant select (id, municipality_id, neighbour_id, residence_id, said_by, said_at, decided_by, decided_at, decision)
  on said_starts to padron_app;
grant select (id, municipality_id, said_at, decided_at, decision) on said_starts to padron_readonly_ops;

-- A start is corrected in both directions, and one that was said is confirmed or refused.
alter table movements drop constraint movements_cause_of_kind,
  add constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission', 'return')
      when 'change' then cause in ('address', 'address-corrected', 'time-corrected', 'start-refused', 'personal-data',
        'representatives')
      when 'confirmation' then cause = 'residence'
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered')
      else false
    end);
