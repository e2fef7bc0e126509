-- How neighbours get in without an identity document, who may act for them, and what they write to the city.
-- Every code is kept as a keyed hash only.

create table enrolments (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  code_hash bytea not null unique check (length(code_hash) = 32),
  expires_at timestamptz not null,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index enrolments_expired on enrolments (expires_at);

create table passkeys (
  -- A keyed hash of the credential's id.
  id bytea primary key check (length(id) = 32),
  municipality_id uuid not null,
  neighbour_id uuid not null,
  handle uuid not null unique,
  public_key bytea not null,
  counter bigint not null default 0,
  -- A name its owner gave it, and what it calls its owner, sealed under the town's ledger key.
  device bytea not null,
  -- The credential's id, sealed likewise: a telephone is asked not to make a second one for the same person.
  credential bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  -- Who came in by it stays told apart in "who looked".
  removed_at timestamptz,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index passkeys_by_neighbour on passkeys (neighbour_id) where removed_at is null;

-- Numbers for a passkey to sign, each good once.
create table passkey_challenges (
  municipality_id uuid not null references municipalities,
  challenge_hash bytea not null check (length(challenge_hash) = 32),
  expires_at timestamptz not null,
  primary key (municipality_id, challenge_hash)
);

create table resident_cards (
  id uuid primary key,
  municipality_id uuid not null,
  neighbour_id uuid not null,
  code_hash bytea not null unique check (length(code_hash) = 32),
  -- The second thing asked for: the year of birth as recorded, or a word of the neighbour's own.
  word_hash bytea not null check (length(word_hash) = 32),
  failures integer not null default 0,
  created_at timestamptz not null,
  used_at timestamptz,
  cancelled_at timestamptz,
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index resident_cards_by_neighbour on resident_cards (neighbour_id) where cancelled_at is null;

-- What somebody complains of or suggests; signed in or not, registered or not.
create table complaints (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  reference_hash bytea not null unique check (length(reference_hash) = 32),
  kind text not null check (kind in ('refused', 'asked-about-papers', 'wrong-data', 'who-looked', 'change', 'suggestion', 'other')),
  neighbour_id uuid,
  language text not null,
  data_key_id uuid not null references data_keys,
  content bytea not null,
  answer bytea,
  received_at timestamptz not null,
  due_on date not null,
  answered_at timestamptz,
  outcome text check (outcome in ('upheld', 'partly', 'not-upheld', 'answered')),
  escalated_at timestamptz,
  check (num_nonnulls(answer, answered_at, outcome) in (0, 3))
);
create index complaints_open on complaints (municipality_id, due_on) where answered_at is null;
create index complaints_by_neighbour on complaints (neighbour_id) where neighbour_id is not null;

do $$
declare guarded text;
begin
  foreach guarded in array array['enrolments', 'passkeys', 'passkey_challenges', 'resident_cards', 'complaints'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
grant select, insert, delete on enrolments, passkey_challenges to padron_app, padron_gate;
grant select, insert, update (counter, used_at, removed_at) on passkeys to padron_app, padron_gate;
grant select, insert, update (failures, used_at, cancelled_at) on resident_cards to padron_app, padron_gate;
grant select, insert, update (answer, answered_at, outcome, escalated_at) on complaints to padron_app, padron_gate;
grant select (id, municipality_id, kind, received_at, due_on, answered_at, outcome, escalated_at) on complaints to padron_readonly_ops;
