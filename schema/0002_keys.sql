-- Keys: the registry key itself is never here. A registry key id names a key held outside the database; a data key is stored
-- only wrapped by it. Deleting a neighbour's data key erases them.

-- A registry key is turned in two steps: it is announced, every process says that it holds it, and only then is anything wrapped
-- by it. One that was retired wraps nothing any more, whatever process still thinks it current.
create table registry_keys (
  municipality_id uuid not null references municipalities,
  id text not null check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  created_at timestamptz not null default now(),
  awaited boolean not null default false,
  retired_at timestamptz check (retired_at >= created_at),
  primary key (municipality_id, id)
);
comment on column registry_keys.awaited is 'Announced, and not switched to yet: a process may do without it.';
create trigger registry_keys_taken after update of retired_at on registry_keys for each row
  when (new.retired_at is not null and old.retired_at is null)
  execute function note_taking('set', 'municipality_id id', 'retired_at');
call keep_to_town('registry_keys', watched => true);
grant select, insert on registry_keys to padron_app, padron_gate;
grant update (awaited, retired_at) on registry_keys to padron_app;
grant update (retired_at) on registry_keys to padron_gate;
grant select on registry_keys to padron_readonly_ops;

-- Epochs. A data key is wrapped by a registry key and by the key of an epoch together; that key lies outside the database too,
-- and is destroyed after an erasure, so that no earlier copy of the wrapped key opens again, in whatever file the server keeps.
-- The data keys of all towns fall into 1,024 buckets, each with epochs of its own. A row is an epoch that a process may
-- meet; one that is closed wraps nothing any more, whatever process still thinks it current.
create table epochs (
  bucket smallint not null check (bucket between 0 and 1023),
  epoch integer not null check (epoch > 0),
  mark bytea not null check (length(mark) = 8),
  lost boolean not null default false,
  closed_at timestamptz,
  gone_at timestamptz check (gone_at >= closed_at),
  primary key (bucket, epoch)
);
comment on column epochs.mark is 'Says which key it is: two processes with two keys of one name would each seal what the other cannot open.';
comment on column epochs.lost is 'A data key under it was destroyed: the bucket needs another epoch.';
comment on column epochs.gone_at is 'From when no process and no key folder has its key.';
grant select on epochs to padron_app, padron_gate;
grant select (bucket, epoch, lost, closed_at, gone_at) on epochs to padron_readonly_ops;

-- Which bucket a key is in, and by which epoch it is wrapped.
create function bucket_of(id uuid) returns smallint language sql immutable parallel safe
  return ((get_byte(uuid_send(id), 14) & 3) * 256 + get_byte(uuid_send(id), 15))::smallint;
create function epoch_of(wrapped bytea) returns integer language sql immutable parallel safe
  return (get_byte(wrapped, 0) << 24) + (get_byte(wrapped, 1) << 16) + (get_byte(wrapped, 2) << 8) + get_byte(wrapped, 3);

create table data_keys (
  municipality_id uuid not null,
  id uuid not null,
  owner text not null check (owner in ('neighbour', 'address', 'blind-index', 'signing-key', 'ledger', 'passing')),
  registry_key_id text not null,
  wrapped bytea not null check (length(wrapped) = 72),
  bucket smallint not null generated always as (bucket_of(id)) stored,
  epoch integer not null generated always as (epoch_of(wrapped)) stored,
  primary key (municipality_id, id),
  foreign key (municipality_id, registry_key_id) references registry_keys,
  foreign key (bucket, epoch) references epochs
);
create index data_keys_by_registry_key on data_keys (municipality_id, registry_key_id, id);
create index data_keys_by_epoch on data_keys (bucket, epoch);
create index data_keys_passing on data_keys (municipality_id, id) where owner = 'passing';
create unique index data_keys_one_per_municipality on data_keys (municipality_id, owner)
  where owner in ('blind-index', 'ledger');
-- After the references to the registry key and the epoch have been checked, which wait for whoever retires or closes them: so it
-- is seen. What is wrapped says by which key, so that none comes in that only one process could open.
create function refuse_retired_key() returns trigger language plpgsql as $$
begin
  if exists (select from registry_keys
      where municipality_id = new.municipality_id and id = new.registry_key_id and retired_at is not null) then
    raise exception 'registry key % is retired', new.registry_key_id using errcode = 'PD009';
  end if;
  if not exists (select from epochs where bucket = new.bucket and epoch = new.epoch and closed_at is null
      and mark = substring(new.wrapped from 5 for 8)) then
    raise exception 'epoch % of bucket % is closed, or has another key', new.epoch, new.bucket using errcode = 'PD009';
  end if;
  return null;
end $$;
create trigger zz_data_keys_not_retired after insert or update of registry_key_id, wrapped on data_keys
  for each row execute function refuse_retired_key();
-- Whatever destroys a key, whoever does it: its bucket gets another epoch, in the night to come.
create function epoch_is_lost() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update epochs set lost = true where bucket = old.bucket and epoch = old.epoch and not lost;
  insert into jobs as known (municipality_id, kind, item, due_at)
  values (old.municipality_id, 'epochs', 'town', next_publication(old.municipality_id))
  on conflict (municipality_id, kind, item) do update
    set due_at = least(known.due_at, excluded.due_at), woken = known.held_by is not null;
  return null;
end $$;
revoke all on function epoch_is_lost() from public;
create trigger data_keys_lost after delete on data_keys for each row execute function epoch_is_lost();
call keep_to_town('data_keys', watched => true);
grant select, insert, update (registry_key_id, wrapped), delete on data_keys to padron_app, padron_gate;
-- Not the id, which is the neighbour's.
grant select (municipality_id, owner, registry_key_id) on data_keys to padron_readonly_ops;

-- Makes epochs known of which every process has, or is about to have, the key. @param named [{bucket, epoch, mark in hex}]
create function open_epochs(named jsonb) returns void
  language sql security definer set search_path = public, pg_temp as $$
  insert into epochs (bucket, epoch, mark)
  select one.bucket, one.epoch, decode(one.mark, 'hex')
  from jsonb_to_recordset(named) as one (bucket smallint, epoch integer, mark text)
  on conflict do nothing
$$;
revoke all on function open_epochs(jsonb) from public;
grant execute on function open_epochs(jsonb) to padron_app;

-- Closes the epochs before the newest of each bucket, as far as nothing is wrapped by them. @returns how many are not closed yet
create function close_epochs() returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  old epochs;
  still integer := 0;
begin
  for old in select one.* from epochs one where one.closed_at is null
      and exists (select from epochs newer where newer.bucket = one.bucket and newer.epoch > one.epoch)
      order by one.bucket, one.epoch for update loop
    if exists (select from data_keys where bucket = old.bucket and epoch = old.epoch) then
      still := still + 1;
    else
      update epochs set closed_at = clock_timestamp() where bucket = old.bucket and epoch = old.epoch;
    end if;
  end loop;
  return still;
end $$;
revoke all on function close_epochs() from public;
grant execute on function close_epochs() to padron_app;

-- In which towns older epochs wrap something still.
create function towns_of_old_epochs() returns setof uuid
  language sql security definer stable set search_path = public, pg_temp as $$
  select distinct held.municipality_id from epochs one join data_keys held on held.bucket = one.bucket and held.epoch = one.epoch
  where one.closed_at is null
    and exists (select from epochs newer where newer.bucket = one.bucket and newer.epoch > one.epoch)
$$;
revoke all on function towns_of_old_epochs() from public;
grant execute on function towns_of_old_epochs() to padron_app;

-- Writes down that nobody has the key of these any more, and forgets it after a year. @param named [{bucket, epoch}]
create function epochs_gone(named jsonb) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update epochs set gone_at = clock_timestamp()
  from jsonb_to_recordset(named) as one (bucket smallint, epoch integer)
  where epochs.bucket = one.bucket and epochs.epoch = one.epoch and epochs.closed_at is not null and epochs.gone_at is null;
  delete from epochs where gone_at < clock_timestamp() - interval '1 year';
end $$;
revoke all on function epochs_gone(jsonb) from public;
grant execute on function epochs_gone(jsonb) to padron_app;

-- Which processes hold which registry keys, and which generation of the epoch keys.
create table key_holders (
  process uuid primary key,
  keys text[] not null,
  current text not null,
  generation bigint not null,
  seen_at timestamptz not null default clock_timestamp()
);
grant select on key_holders to padron_app, padron_readonly_ops;

create function hold_keys(who uuid, held text[], its_current text, its_generation bigint) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from key_holders where seen_at < clock_timestamp() - interval '1 hour';
  insert into key_holders (process, keys, current, generation) values (who, held, its_current, its_generation)
  on conflict (process) do update
    set keys = excluded.keys, current = excluded.current, generation = excluded.generation, seen_at = clock_timestamp()
$$;
revoke all on function hold_keys(uuid, text[], text, bigint) from public;
grant execute on function hold_keys(uuid, text[], text, bigint) to padron_app;

create function let_go_of_keys(who uuid) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from key_holders where process = who
$$;
revoke all on function let_go_of_keys(uuid) from public;
grant execute on function let_go_of_keys(uuid) to padron_app;

-- The keys of all towns that a process must hold, and those that were retired.
create function registry_key_states() returns table (id text, needed boolean, retired boolean)
  language sql security definer stable set search_path = public, pg_temp as $$
  select id, bool_or(retired_at is null and not awaited), bool_and(retired_at is not null) from registry_keys group by id
$$;
revoke all on function registry_key_states() from public;
grant execute on function registry_key_states() to padron_app;
