-- Who is asking: who is signed in at a desk or a telephone, how neighbours get in without an identity document, and who may act
-- for them. Every code is kept as a keyed hash only.

create table sessions (
  municipality_id uuid not null references municipalities,
  -- A keyed hash: whoever reads this table cannot sign in with it.
  id bytea not null check (length(id) = 32),
  -- Names a session to its owner, who may close it from elsewhere.
  handle uuid not null,
  kind text not null check (kind in ('staff', 'resident')),
  -- The pseudonym of staff, or the neighbour's id.
  subject text not null,
  role text check (role in ('clerk', 'supervisor', 'legal', 'auditor')),
  office_id uuid,
  -- Why a clerk opens records, chosen once for a case. A ticket or file number is what offices use, as it stands: letters,
  -- digits, blanks and / . _ -.
  work_case text check (length(work_case) between 1 and 40),
  work_purpose text check (work_purpose ~ '^[a-z-]{4,64}$'),
  signed_in_at timestamptz not null,
  last_seen_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > signed_in_at),
  locked_at timestamptz,
  -- Of a neighbour's: by what they came in, so that it ends when that does, and so that who came in by it is told from who came
  -- in by another; and the office in whose browser it was, where its staff were signed in there.
  way text check (way in ('card', 'telephone')),
  way_id uuid,
  at_office uuid,
  -- Which session at the city's provider it came of, so that it ends when that one does (OpenID Connect Back-Channel Logout 1.0).
  provider_session text check (length(provider_session) between 1 and 200),
  -- Where the city's sign-in does not say by itself that an account was closed, it is asked: with the refresh token that it gave
  -- at signing in, sealed. `asked_at` is when it last was, `confirmed_at` when it last said yes.
  refresh bytea,
  asked_at timestamptz,
  confirmed_at timestamptz,
  primary key (municipality_id, id),
  unique (municipality_id, handle),
  check ((kind = 'staff') = (role is not null and office_id is not null)),
  check (num_nonnulls(way, way_id) = case when kind = 'resident' then 2 else 0 end),
  check (at_office is null or kind = 'resident'),
  check (num_nonnulls(refresh, asked_at, confirmed_at) in (0, 3)),
  check (refresh is null or kind = 'staff')
);
create index sessions_by_subject on sessions (municipality_id, kind, subject);
create index sessions_ended on sessions (municipality_id, ends_at);
create index sessions_by_way on sessions (municipality_id, way_id) where way_id is not null;
create index sessions_of_provider on sessions (municipality_id, provider_session) where provider_session is not null;
call keep_to_town('sessions');
grant select, insert, update (provider_session, work_case, work_purpose, signed_in_at, last_seen_at, locked_at, refresh, asked_at,
  confirmed_at), delete
  on sessions to padron_app, padron_gate;

-- Proofs of possession (RFC 9449) that were used: none counts twice, on whichever process.
create table used_proofs (
  municipality_id uuid not null references municipalities,
  id bytea not null check (length(id) = 32),
  used_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, id)
);
create index used_proofs_by_age on used_proofs (municipality_id, used_at);
call keep_to_town('used_proofs');
grant select, insert, delete on used_proofs to padron_app, padron_gate;

-- How often a code was tried from one place within ten minutes. `source` is a keyed hash that changes every day.
create table code_attempts (
  municipality_id uuid not null references municipalities,
  source bytea not null check (length(source) = 32),
  period timestamptz not null,
  attempts integer not null default 1,
  primary key (municipality_id, source, period)
);
create index code_attempts_period on code_attempts (municipality_id, period);
call keep_to_town('code_attempts');
grant select, insert, update (attempts), delete on code_attempts to padron_app, padron_gate;

create table enrolments (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  code_hash bytea not null check (length(code_hash) = 32),
  expires_at timestamptz not null,
  -- Who made it at a counter, and from which network that day (a keyed hash): they are asked where it is used from there at once.
  given_by text check (length(given_by) between 1 and 320),
  given_from bytea check (length(given_from) = 32),
  primary key (municipality_id, id),
  unique (municipality_id, code_hash),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index enrolments_by_age on enrolments (municipality_id, expires_at);
call keep_to_town('enrolments');
grant select, insert, delete on enrolments to padron_app, padron_gate;

create table passkeys (
  municipality_id uuid not null,
  -- A keyed hash of the credential's id.
  id bytea not null check (length(id) = 32),
  neighbour_id uuid not null,
  handle uuid not null,
  public_key bytea not null,
  counter bigint not null default 0,
  -- A name its owner gave it, and what it calls its owner, sealed under the town's ledger key.
  device bytea not null,
  -- The credential's id, sealed likewise: a telephone is asked not to make a second one for the same person.
  credential bytea not null,
  created_at timestamptz not null,
  -- As of cards; of one that its owner added it is nobody.
  given_by text check (length(given_by) between 1 and 320),
  given_from bytea check (length(given_from) = 32),
  -- Made at a counter for somebody who had a way in before, it works later, unless they let it work themselves.
  works_from timestamptz not null,
  -- From when it shows where its owner lives and how they are reached: made later than their registration, where nothing was
  -- before, it works at once and shows that after a while.
  shows_from timestamptz not null,
  used_at timestamptz,
  -- Who came in by it stays told apart in "who looked".
  removed_at timestamptz,
  primary key (municipality_id, id),
  unique (municipality_id, handle),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index passkeys_by_neighbour on passkeys (municipality_id, neighbour_id) where removed_at is null;
create trigger passkeys_taken after update of removed_at on passkeys for each row
  when (new.removed_at is not null and old.removed_at is null) execute function note_taking('set', 'handle', 'removed_at');
call keep_to_town('passkeys');
grant select, insert, update (counter, used_at, removed_at, works_from, shows_from) on passkeys to padron_app, padron_gate;

-- Numbers that a passkey signed, until they are over: each is good once. What was given out and not signed is nowhere.
create table passkey_challenges (
  municipality_id uuid not null references municipalities,
  challenge_hash bytea not null check (length(challenge_hash) = 32),
  expires_at timestamptz not null,
  primary key (municipality_id, challenge_hash)
);
call keep_to_town('passkey_challenges');
grant select, insert, delete on passkey_challenges to padron_app, padron_gate;

create table resident_cards (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  code_hash bytea not null check (length(code_hash) = 32),
  -- The second thing asked for: the year of birth as recorded, or a word of the neighbour's own.
  word_hash bytea not null check (length(word_hash) = 32),
  -- Wrong words from devices it never let in; and from each that it did, and at the desk: a keyed hash of the device, and how many.
  failures integer not null default 0,
  failures_known jsonb not null default '{}',
  created_at timestamptz not null,
  -- Who made it at a counter, and from which network that day (a keyed hash): they are asked where it is used from there at once.
  given_by text check (length(given_by) between 1 and 320),
  given_from bytea check (length(given_from) = 32),
  -- As of telephones.
  works_from timestamptz not null,
  shows_from timestamptz not null,
  used_at timestamptz,
  cancelled_at timestamptz,
  -- Why a card is none any more. One that ended with a departure still tells its holder what was decided, and nothing else.
  ended_by text check (ended_by in ('lost', 'replaced', 'departure', 'joined', 'representation')),
  -- What that was, sealed to the town: nothing, where there is nothing to tell.
  farewell bytea,
  primary key (municipality_id, id),
  unique (municipality_id, code_hash),
  foreign key (municipality_id, neighbour_id) references neighbours,
  constraint resident_cards_ended check (num_nonnulls(cancelled_at, ended_by) in (0, 2))
);
create index resident_cards_by_neighbour on resident_cards (municipality_id, neighbour_id) where cancelled_at is null;
create trigger resident_cards_taken after update of cancelled_at on resident_cards for each row
  when (new.cancelled_at is not null and old.cancelled_at is null)
  execute function note_taking('set', 'id', 'cancelled_at ended_by');
call keep_to_town('resident_cards');
grant select, insert, update (failures, failures_known, used_at, cancelled_at, ended_by, farewell, works_from, shows_from) on resident_cards to padron_app, padron_gate;

-- People and organisations a neighbour has named to fetch proofs for them: for some services, until a day.
create table helpers (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- What the neighbour calls them, and what they may fetch, sealed under the town's ledger key.
  details bytea not null,
  code_hash bytea not null check (length(code_hash) = 32),
  until date not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (municipality_id, id),
  unique (municipality_id, code_hash),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index helpers_by_neighbour on helpers (municipality_id, neighbour_id) where ended_at is null;
create trigger helpers_taken after update of ended_at on helpers for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'id', 'ended_at');
call keep_to_town('helpers');
grant select, insert, update (ended_at) on helpers to padron_app, padron_gate;

-- What somebody had typed when their session ran out, for when they are back: sealed, for an hour, for whoever comes in by the
-- same card, telephone or account. It is dropped when they sign out, and never kept of a form that hides somebody.
create table kept_forms (
  municipality_id uuid not null references municipalities,
  id uuid not null default gen_random_uuid(),
  -- A keyed hash of what they came in by.
  owner bytea not null check (length(owner) = 32),
  data_key_id uuid not null,
  -- The form, the page it stands on, and what was typed.
  content bytea not null,
  expires_at timestamptz not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys
);
create index kept_forms_by_owner on kept_forms (municipality_id, owner);
create index kept_forms_over on kept_forms (municipality_id, expires_at);
call keep_to_town('kept_forms');
grant select, insert, delete on kept_forms to padron_app, padron_gate;

-- Whether somebody ever had a way in: a card or a telephone that was used, or given before this. What was given to a record that
-- was joined to theirs was theirs, too.
create function had_way_in(whose uuid, before timestamptz) returns boolean language sql stable as $$
  with theirs (id) as (
    select whose
    union select one.joined_id from joins one where one.municipality_id = current_municipality()
      and one.decision = 'approved' and record_of(one.joined_id) = whose)
  select exists (select from resident_cards card where card.municipality_id = current_municipality()
      and card.neighbour_id in (select id from theirs) and (card.used_at is not null or card.created_at < before))
    or exists (select from passkeys one where one.municipality_id = current_municipality()
      and one.neighbour_id in (select id from theirs) and (one.used_at is not null or one.created_at < before)) $$;
-- Whether somebody was registered before a time: what is made for them since is not of that visit.
create function was_registered(whose uuid, before timestamptz) returns boolean language sql stable security definer
  set search_path = public, pg_temp as $$
  select exists (select from movements one where one.municipality_id = current_municipality()
    and record_of(one.neighbour_id) = record_of(whose) and one.recorded_at < before) $$;
revoke all on function was_registered(uuid, timestamptz) from public;
grant execute on function was_registered(uuid, timestamptz) to padron_app, padron_gate;
-- From when any way in of somebody's shows where they live.
create function shown_from(whose uuid) returns timestamptz language sql stable as $$
  select min(shows_from) from (
    select shows_from from resident_cards card
    where card.municipality_id = current_municipality() and card.neighbour_id = whose and card.cancelled_at is null
    union all select shows_from from passkeys one
    where one.municipality_id = current_municipality() and one.neighbour_id = whose and one.removed_at is null) theirs $$;
revoke all on function shown_from(uuid) from public;
grant execute on function shown_from(uuid) to padron_app, padron_gate;
revoke all on function had_way_in(uuid, timestamptz) from public;
grant execute on function had_way_in(uuid, timestamptz) to padron_app, padron_gate;

-- Access ends with the person or the representation it rested on: whatever door a departure came through, and whoever forgot to
-- tidy up. What is checked at use asks is_neighbour(); what is left behind is ended here, by the departure itself.
create function end_access() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from sessions where municipality_id = new.municipality_id and kind = 'resident' and subject = new.id::text;
  delete from enrolments where municipality_id = new.municipality_id and neighbour_id = new.id;
  update passkeys set removed_at = now()
  where municipality_id = new.municipality_id and neighbour_id = new.id and removed_at is null;
  update resident_cards set cancelled_at = now(), ended_by = 'departure'
  where municipality_id = new.municipality_id and neighbour_id = new.id and cancelled_at is null;
  update helpers set ended_at = now()
  where municipality_id = new.municipality_id and neighbour_id = new.id and ended_at is null;
  delete from wallet_offers where municipality_id = new.municipality_id and neighbour_id = new.id;
  -- Whom they acted for, and who acted for them: who comes back is asked anew who acts for them now.
  update representatives set ended_at = now(), ended_because = 'departed'
  where municipality_id = new.municipality_id and new.id in (representative_id, neighbour_id) and ended_at is null;
  return null;
end $$;
create trigger neighbours_end_access after update of departed_on on neighbours for each row
  when (old.departed_on is null and new.departed_on is not null) execute function end_access();
-- A session ends with what it came in by: a card that is cancelled or replaced, a telephone that is removed.
create function end_sessions_of_way() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from sessions where municipality_id = new.municipality_id and kind = 'resident'
    and way_id = (to_jsonb(new) ->> tg_argv[0])::uuid;
  return null;
end $$;
create trigger resident_cards_end_sessions after update of cancelled_at on resident_cards for each row
  when (new.cancelled_at is not null and old.cancelled_at is null) execute function end_sessions_of_way('id');
create trigger passkeys_end_sessions after update of removed_at on passkeys for each row
  when (new.removed_at is not null and old.removed_at is null) execute function end_sessions_of_way('handle');
-- Codes that were handed out to make another way in, and nobody has used yet.
create function end_unused_codes(whose uuid) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from enrolments where neighbour_id = whose and municipality_id = current_municipality();
  delete from wallet_offers where neighbour_id = whose and municipality_id = current_municipality();
end $$;
revoke all on function end_unused_codes(uuid) from public;
grant execute on function end_unused_codes(uuid) to padron_app, padron_gate;

-- Ends every way in to a record, with the reason that stands at its cards: whoever held one of two records that are joined
-- comes in to neither, and whoever acted for a child keeps none of its keys. A new card is handed over in person.
create function end_ways_in(whose uuid, why text) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from sessions where kind = 'resident' and subject = whose::text and municipality_id = current_municipality();
  delete from enrolments where neighbour_id = whose and municipality_id = current_municipality();
  update passkeys set removed_at = now()
  where neighbour_id = whose and removed_at is null and municipality_id = current_municipality();
  update resident_cards set cancelled_at = now(), ended_by = why
  where neighbour_id = whose and cancelled_at is null and municipality_id = current_municipality();
  update helpers set ended_at = now()
  where neighbour_id = whose and ended_at is null and municipality_id = current_municipality();
  delete from wallet_offers where neighbour_id = whose and municipality_id = current_municipality();
end $$;
revoke all on function end_ways_in(uuid, text) from public;
grant execute on function end_ways_in(uuid, text) to padron_app, padron_gate;

-- Gives back what a departure at that instant ended: cards, helpers, those they act for. Keys of telephones are gone.
create function revive_access(whose uuid, ended timestamptz) returns void language sql as $$
  update resident_cards set cancelled_at = null, ended_by = null
  where municipality_id = current_municipality() and neighbour_id = whose and ended_by = 'departure' and cancelled_at = ended;
  update helpers set ended_at = null
  where municipality_id = current_municipality() and neighbour_id = whose and ended_at = ended;
  update representatives held set ended_at = null, ended_because = null
  where held.municipality_id = current_municipality()
    and whose in (held.representative_id, held.neighbour_id) and held.ended_because = 'departed' and held.ended_at = ended
    and not exists (select from representatives other
      where other.municipality_id = held.municipality_id and other.neighbour_id = held.neighbour_id
      and other.representative_id is not distinct from held.representative_id and other.ended_at is null)
    -- Whoever acted for them, and is gone meanwhile, does not come back with them.
    and (held.representative_id is null or is_neighbour(held.representative_id)) and is_neighbour(held.neighbour_id);
$$;
revoke all on function revive_access(uuid, timestamp with time zone) from public;
grant execute on function revive_access(uuid, timestamp with time zone) to padron_app, padron_gate;

-- No new way in for somebody who is no neighbour. The use cases say so kindly; this holds where one forgets.
create function for_neighbours_only() returns trigger language plpgsql as $$
begin
  -- Locked, so that a departure under way is waited for.
  perform from neighbours
  where municipality_id = new.municipality_id and id = (to_jsonb(new) ->> tg_argv[0])::uuid and departed_on is null for share;
  if not found then
    raise exception 'access is for neighbours' using errcode = 'PD004';
  end if;
  return new;
end $$;
create trigger enrolments_for_neighbours before insert on enrolments
  for each row execute function for_neighbours_only('neighbour_id');
create trigger passkeys_for_neighbours before insert on passkeys
  for each row execute function for_neighbours_only('neighbour_id');
create trigger resident_cards_for_neighbours before insert on resident_cards
  for each row execute function for_neighbours_only('neighbour_id');
create trigger helpers_for_neighbours before insert on helpers
  for each row execute function for_neighbours_only('neighbour_id');
create trigger sessions_for_neighbours before insert on sessions
  for each row when (new.kind = 'resident') execute function for_neighbours_only('subject');
create trigger representatives_for_neighbours before insert on representatives
  for each row when (new.representative_id is not null) execute function for_neighbours_only('representative_id');
