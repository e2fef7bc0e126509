-- What we signed, and what we took back: keys, proofs and their status, paper, wallets; and what is done again after a restore.

create table signing_keys (
  municipality_id uuid not null references municipalities,
  id text not null check (id ~ '^[A-Za-z0-9_-]{43}$'),
  data_key_id uuid not null,
  algorithm text not null check (algorithm in ('ES256', 'EdDSA')),
  public_jwk jsonb not null check (not public_jwk ? 'd'),
  private_jwk bytea not null,
  signs_from timestamptz not null,
  signs_until timestamptz check (signs_until >= signs_from),
  published_until timestamptz check (published_until >= signs_until),
  withdrawn_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys
);
comment on column signing_keys.id is 'RFC 7638 thumbprint; the kid of what it signs.';
create index signing_keys_by_municipality on signing_keys (municipality_id, signs_from);
create trigger signing_keys_taken after update of withdrawn_at on signing_keys for each row
  when (new.withdrawn_at is not null and old.withdrawn_at is null)
  execute function note_taking('set', 'id', 'withdrawn_at signs_until published_until');
call keep_to_town('signing_keys', watched => true);
grant select, insert, update (signs_until, published_until, withdrawn_at) on signing_keys to padron_app, padron_gate;
grant select (municipality_id, id, algorithm, public_jwk, signs_from, signs_until, published_until, withdrawn_at)
  on signing_keys to padron_readonly_ops;

create table status_lists (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  capacity integer not null check (capacity between 1024 and 16777216),
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  -- After a restore: everything in it is taken back.
  all_revoked boolean not null default false,
  primary key (municipality_id, id)
);
create unique index status_lists_one_open on status_lists (municipality_id) where closed_at is null;
call keep_to_town('status_lists', watched => true);
grant select, insert, update (closed_at) on status_lists to padron_app, padron_gate;
grant select on status_lists to padron_readonly_ops;

-- Places in a status list, and what was given with them. Nothing in clear leads from a place to a person, nor from a person to what
-- they were given, nor from one thing they were given to another: `mark` is a keyed hash of the neighbour's own key and a number,
-- another for each; `content` (profile, form, when, what it rests on) is sealed under that key without naming it; `bearer`, for
-- whoever is shown a proof and asks about it, is sealed to the town and emptied once everybody sees that it was taken back. Places are
-- made ahead, a batch at random indexes with room for what comes, and given out by lot, so that the order of rows within a batch tells
-- nothing; batches are appended, and tell roughly when.
create table proofs (
  municipality_id uuid not null,
  id uuid not null,
  status_list_id uuid not null,
  status_index integer not null check (status_index >= 0),
  -- Null of a place that nobody was given yet.
  mark bytea check (length(mark) = 16),
  content bytea not null,
  bearer bytea,
  signing_key_id text,
  -- From when others see that it was taken back; null of one in force. In clear, since the status list is made of it for everyone.
  public_from timestamptz,
  primary key (municipality_id, id),
  unique (municipality_id, status_list_id, status_index),
  unique (municipality_id, mark),
  foreign key (municipality_id, signing_key_id) references signing_keys,
  foreign key (municipality_id, status_list_id) references status_lists,
  constraint proofs_whole check (num_nulls(mark, signing_key_id) in (0, 2))
) with (fillfactor = 45);
create index proofs_free on proofs (municipality_id, status_list_id, status_index) where mark is null;
create index proofs_by_signing_key on proofs (municipality_id, signing_key_id) where public_from is null and mark is not null;
-- The lists are made of what is public by now.
create index proofs_revoked on proofs (municipality_id, status_list_id, public_from) include (status_index)
  where public_from is not null;
create index proofs_to_forget on proofs (municipality_id, public_from) where public_from is not null and bearer is not null;
create trigger proofs_taken after update of public_from on proofs for each row
  when (new.public_from is not null and new.public_from is distinct from old.public_from)
  execute function note_taking('set', 'id', 'public_from status_list_id status_index');
call keep_to_town('proofs');
grant insert, update (mark, content, bearer, signing_key_id, public_from) on proofs to padron_app, padron_gate;
grant select (municipality_id, id, status_list_id, status_index, mark, signing_key_id, public_from) on proofs to padron_app;
grant select on proofs to padron_gate;

-- Whoever was given a place keeps it until it is moved with their record, signed by the key it was signed by.
create function proofs_stay_given() returns trigger language plpgsql as $$
begin
  if new.mark is null or new.signing_key_id is distinct from old.signing_key_id then
    raise exception 'a place that was given is not given back' using errcode = 'PD006';
  end if;
  if new.bearer is null and old.bearer is not null and coalesce(new.public_from > clock_timestamp(), true) then
    raise exception 'whose a proof is stays known while it is in force' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger proofs_stay_given before update on proofs
  for each row when (old.mark is not null) execute function proofs_stay_given();

-- What was taken back stays so, and is not seen later than was said.
create function proofs_stay_taken_back() returns trigger language plpgsql as $$
begin
  new.public_from := least(old.public_from, new.public_from);
  return new;
end $$;
create trigger proofs_stay_taken_back before update of public_from on proofs
  for each row when (old.public_from is not null) execute function proofs_stay_taken_back();

-- Takes proofs back, by their ids. Which are whose is sealed, so that whoever calls has to know; whose they are is said, for the
-- database to see that nobody leaves with theirs. @param seen from when others see it: null for the next morning
create function take_back_proofs(whose uuid, ids uuid[], contents bytea[], seen timestamptz) returns void language plpgsql as $$
begin
  perform set_config('padron.took_back', coalesce(current_setting('padron.took_back', true), '') || whose::text || ' ', true);
  update proofs set content = one.content, public_from = coalesce(seen, next_publication(current_municipality()))
  from unnest(ids, contents) as one (id, content)
  where proofs.municipality_id = current_municipality() and proofs.id = one.id;
end $$;
revoke all on function take_back_proofs(uuid, uuid[], bytea[], timestamp with time zone) from public;
grant execute on function take_back_proofs(uuid, uuid[], bytea[], timestamp with time zone) to padron_app, padron_gate;

-- Forgets whose those were that everybody has seen to be over for a while.
create function forget_bearers(seen timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  update proofs set bearer = null
  where municipality_id = current_municipality() and public_from <= least(seen, clock_timestamp()) and bearer is not null $$;
revoke all on function forget_bearers(timestamp with time zone) from public;
grant execute on function forget_bearers(timestamp with time zone) to padron_app, padron_gate;

-- A neighbour who has left can no longer prove that they live here: nobody records a departure who did not look for their proofs.
create function departure_takes_back_proofs() returns trigger language plpgsql as $$
begin
  if position(new.id::text || ' ' in coalesce(current_setting('padron.took_back', true), '')) = 0 then
    raise exception 'a departure is recorded together with the end of the proofs' using errcode = 'PD011';
  end if;
  return new;
end $$;
create trigger neighbours_departure_takes_back before update of departed_on on neighbours
  for each row when (new.departed_on is not null and old.departed_on is null)
  execute function departure_takes_back_proofs();

-- What a paper shows, sealed under the code printed on it. Without the paper nobody can open it, the city included:
-- `id` is a keyed hash of the code, `content` is sealed under a key made from the code.
create table check_codes (
  municipality_id uuid not null references municipalities,
  id bytea not null check (length(id) = 32),
  content bytea not null,
  expires_at timestamptz not null,
  primary key (municipality_id, id)
);
create index check_codes_by_age on check_codes (municipality_id, expires_at);
call keep_to_town('check_codes');
grant select, insert, delete on check_codes to padron_app, padron_gate;

-- The keys and certificates with which the city seals documents (PAdES), and others with which it signs questions to wallets.
create table document_seals (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  signs text not null check (signs in ('documents', 'questions')),
  data_key_id uuid not null,
  certificate bytea not null,
  private_jwk bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys
);
create unique index document_seals_one_in_force on document_seals (municipality_id, signs) where retired_at is null;
create trigger document_seals_taken after update of retired_at on document_seals for each row
  when (new.retired_at is not null and old.retired_at is null) execute function note_taking('set', 'id', 'retired_at');
call keep_to_town('document_seals', watched => true);
grant select, insert, update (retired_at) on document_seals to padron_app, padron_gate;
grant select (municipality_id, id, signs, created_at, retired_at) on document_seals to padron_readonly_ops;

-- What a clerk or a neighbour has offered to a wallet. Codes and tokens are kept as keyed hashes only.
create table wallet_offers (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- Which kind of proof it is, sealed under the town's ledger key.
  profile bytea not null,
  handed_to text not null check (handed_to in ('neighbour', 'representative')),
  code_hash bytea not null check (length(code_hash) = 32),
  transaction_hash bytea not null check (length(transaction_hash) = 32),
  attempts integer not null default 0,
  token_hash bytea check (length(token_hash) = 32),
  expires_at timestamptz not null,
  issued_at timestamptz,
  outcome text check (outcome in ('credential_accepted', 'credential_failure', 'credential_deleted')),
  primary key (municipality_id, id),
  unique (municipality_id, code_hash),
  unique (municipality_id, token_hash),
  foreign key (municipality_id, neighbour_id) references neighbours
);
create index wallet_offers_by_age on wallet_offers (municipality_id, expires_at);
create trigger wallet_offers_for_neighbours before insert on wallet_offers
  for each row execute function for_neighbours_only('neighbour_id');
call keep_to_town('wallet_offers');
grant select, insert, update (attempts, token_hash, issued_at, outcome), delete on wallet_offers to padron_app, padron_gate;

-- Numbers that a wallet signed, until they are over: each is good once.
create table wallet_nonces (
  municipality_id uuid not null references municipalities,
  nonce_hash bytea not null check (length(nonce_hash) = 32),
  expires_at timestamptz not null,
  primary key (municipality_id, nonce_hash)
);
create index wallet_nonces_expired on wallet_nonces (municipality_id, expires_at);
call keep_to_town('wallet_nonces');
grant select, insert, delete on wallet_nonces to padron_app, padron_gate;

-- Moves what hangs on one record to another: all of it, or what `only_these` names by its ids. What was moved is said, so that it
-- can be moved back.
create function move_belongings(source uuid, target uuid, only_these jsonb) returns jsonb
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  town uuid := current_municipality();
  moved jsonb := '{}';
  ids uuid[];
  part text;
begin
  foreach part in array array['complaints', 'notices', 'flags'] loop
    execute format('with gone as (update %I set neighbour_id = $2 where neighbour_id = $1 and municipality_id = $3
      and ($4 is null or id in (select jsonb_array_elements_text($4 -> %L)::uuid)) returning id)
      select coalesce(array_agg(id), %L) from gone', part, part, '{}') into ids using source, target, town, only_these;
    moved := moved || jsonb_build_object(part, to_jsonb(ids));
  end loop;
  -- Whom they act for; where both records did, once is enough.
  with gone as (
    update representatives held set representative_id = target
    where held.representative_id = source and held.ended_at is null and held.municipality_id = town and held.neighbour_id <> target
      and (only_these is null or held.id in (select jsonb_array_elements_text(only_these -> 'acts')::uuid))
      and not exists (select from representatives own
        where own.municipality_id = town and own.neighbour_id = held.neighbour_id and own.representative_id = target and own.ended_at is null)
    returning id)
  select coalesce(array_agg(id), '{}') into ids from gone;
  moved := moved || jsonb_build_object('acts', to_jsonb(ids));
  -- Whose record it is, of the staff, and whether its look-ups are flagged: both records are, while they are one.
  with gone as (
    update staff_neighbours set neighbour_id = target where neighbour_id = source and municipality_id = town
      and (only_these is null or staff_id in (select jsonb_array_elements_text(only_these -> 'staff')))
    returning staff_id)
  select moved || jsonb_build_object('staff', coalesce(jsonb_agg(staff_id), '[]')) into moved from gone;
  if only_these is null then
    with added as (
      insert into watched_neighbours (municipality_id, neighbour_id)
      select municipality_id, target from watched_neighbours where neighbour_id = source and municipality_id = town
      on conflict do nothing returning neighbour_id)
    select moved || jsonb_build_object('watched', coalesce(jsonb_agg(neighbour_id), '[]')) into moved from added;
  else
    delete from watched_neighbours where municipality_id = town and neighbour_id = source
      and neighbour_id in (select jsonb_array_elements_text(only_these -> 'watched')::uuid);
  end if;
  return moved;
end $$;
revoke all on function move_belongings(uuid, uuid, jsonb) from public;
grant execute on function move_belongings(uuid, uuid, jsonb) to padron_app, padron_gate;

-- After a restore. Places of proofs that were taken back and are not known here.
create table lost_places (
  municipality_id uuid not null,
  status_list_id uuid not null,
  status_index integer not null check (status_index >= 0),
  public_from timestamptz not null,
  primary key (municipality_id, status_list_id, status_index),
  foreign key (municipality_id, status_list_id) references status_lists
);
call keep_to_town('lost_places');
grant select on lost_places to padron_app, padron_gate;
-- What everybody is told: when it was restored, to what it was before, and which ledger ended.
create table restores (
  municipality_id uuid not null references municipalities,
  epoch integer not null,
  restored_at timestamptz not null,
  -- The copy knows nothing since then.
  known_until timestamptz not null,
  reissue boolean not null,
  statement text not null,
  primary key (municipality_id, epoch)
);
call keep_to_town('restores', watched => true);
grant select on restores to padron_app, padron_gate;
grant select on restores to padron_readonly_ops;

-- Does one taking again. @returns whether there was anything to take it from
create function take_again(of_town uuid, taken jsonb) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  held text := taken ->> 'held';
  which jsonb := taken -> 'which';
  content jsonb := taken -> 'content';
  matches text;
  known boolean;
  done bigint;
begin
  if not exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = held::regclass and p.proname = 'note_taking') then
    raise exception 'nothing is taken from table %', held;
  end if;
  perform set_config('padron.municipality', of_town::text, true);
  select format('t.municipality_id = %L', of_town) || coalesce(string_agg(format(' and t.%1$I is not distinct from k.%1$I', name), ''), '')
  into matches from jsonb_object_keys(which) name where name <> 'municipality_id';
  if taken ->> 'act' = 'erased' then
    -- What was taken back with them is done again by itself.
    perform take_back_proofs((which ->> 'id')::uuid, '{}', '{}', null);
    update neighbours set departed_on = coalesce(departed_on, greatest(today_in(of_town),
      (select max(valid_from) from residences where municipality_id = of_town and neighbour_id = (which ->> 'id')::uuid)))
    where municipality_id = of_town and id = (which ->> 'id')::uuid and erased_at is null;
    get diagnostics done = row_count;
    if done > 0 then perform forget_neighbour(of_town, (which ->> 'id')::uuid); end if;
    return done > 0;
  elsif taken ->> 'act' = 'gone' then
    if held = 'clients' then
      delete from client_keys where municipality_id = of_town and client_id = which ->> 'id';
    end if;
    execute format('delete from %1$I t using jsonb_populate_record(null::%1$I, $1) k where %2$s', held, matches) using which;
  elsif taken ->> 'act' = 'put' then
    begin
      -- What the copy knows already: a table that only grows would refuse it.
      execute format('select exists (select from %1$I t where t is not distinct from jsonb_populate_record(null::%1$I, $1))', held)
        into known using content;
      if known then return true; end if;
      if held = 'lockdowns' then
        execute format('delete from %1$I t using jsonb_populate_record(null::%1$I, $1) k where %2$s', held, matches) using which;
      end if;
      execute format('insert into %1$I select * from jsonb_populate_record(null::%1$I, $1) on conflict do nothing', held)
        using content;
    exception when foreign_key_violation then return false;
    end;
  else
    execute format('update %1$I t set %2$s
        from jsonb_populate_record(null::%1$I, $1) k, jsonb_populate_record(null::%1$I, $2) c where %3$s',
      held, (select string_agg(format('%1$I = c.%1$I', name), ', ') from jsonb_object_keys(content) name
        where name not in ('status_list_id', 'status_index')), matches) using which, content;
  end if;
  get diagnostics done = row_count;
  if done = 0 and held = 'proofs' then
    insert into lost_places (municipality_id, status_list_id, status_index, public_from)
    select of_town, list.id, (content ->> 'status_index')::integer,
      (content ->> 'public_from')::timestamptz
    from status_lists list where list.municipality_id = of_town and list.id = (content ->> 'status_list_id')::uuid
    on conflict do nothing;
  end if;
  return done > 0;
end $$;
revoke all on function take_again(uuid, jsonb) from public;
