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

create table data_keys (
  municipality_id uuid not null,
  id uuid not null,
  owner text not null check (owner in ('neighbour', 'address', 'blind-index', 'signing-key', 'ledger')),
  registry_key_id text not null,
  wrapped bytea not null check (length(wrapped) = 60),
  primary key (municipality_id, id),
  foreign key (municipality_id, registry_key_id) references registry_keys
);
create index data_keys_by_registry_key on data_keys (municipality_id, registry_key_id, id);
create unique index data_keys_one_per_municipality on data_keys (municipality_id, owner)
  where owner in ('blind-index', 'ledger');
-- After the reference to the registry key has been checked, which waits for whoever retires it: so it is seen.
create function refuse_retired_key() returns trigger language plpgsql as $$
begin
  if exists (select from registry_keys
      where municipality_id = new.municipality_id and id = new.registry_key_id and retired_at is not null) then
    raise exception 'registry key % is retired', new.registry_key_id using errcode = 'PD009';
  end if;
  return null;
end $$;
create trigger zz_data_keys_not_retired after insert or update of registry_key_id on data_keys
  for each row execute function refuse_retired_key();
call keep_to_town('data_keys', watched => true);
grant select, insert, update (registry_key_id, wrapped), delete on data_keys to padron_app, padron_gate;
-- Not the id, which is the neighbour's.
grant select (municipality_id, owner, registry_key_id) on data_keys to padron_readonly_ops;

-- Which processes hold which registry keys.
create table key_holders (
  process uuid primary key,
  keys text[] not null,
  current text not null,
  seen_at timestamptz not null default clock_timestamp()
);
grant select on key_holders to padron_app, padron_readonly_ops;

create function hold_keys(who uuid, held text[], its_current text) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from key_holders where seen_at < clock_timestamp() - interval '1 hour';
  insert into key_holders (process, keys, current) values (who, held, its_current)
  on conflict (process) do update set keys = excluded.keys, current = excluded.current, seen_at = clock_timestamp()
$$;
revoke all on function hold_keys(uuid, text[], text) from public;
grant execute on function hold_keys(uuid, text[], text) to padron_app;

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
