-- A registry key is turned in two steps: it is announced, every process says that it holds it, and only then is anything wrapped
-- by it. One that was retired wraps nothing any more, whatever process still thinks it current.

alter table registry_keys add column awaited boolean not null default false;
comment on column registry_keys.awaited is 'Announced, and not switched to yet: a process may do without it.';
grant update (awaited) on registry_keys to padron_app;

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
create function let_go_of_keys(who uuid) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from key_holders where process = who
$$;
-- The keys of all towns that a process must hold, and those that were retired.
create function registry_key_states() returns table (id text, needed boolean, retired boolean)
  language sql security definer stable set search_path = public, pg_temp as $$
  select id, bool_or(retired_at is null and not awaited), bool_and(retired_at is not null) from registry_keys group by id
$$;

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

do $$
declare name regprocedure;
begin
  foreach name in array array['hold_keys(uuid,text[],text)', 'let_go_of_keys(uuid)', 'registry_key_states()']::regprocedure[] loop
    execute format('revoke all on function %s from public', name);
    execute format('grant execute on function %s to padron_app', name);
  end loop;
end $$;
