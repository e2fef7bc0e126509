-- A database that is restored from a copy has forgotten what was taken away since: a proof revoked would be valid again, somebody
-- erased would open again by name. So each act that takes something away is written to a journal outside the database before it
-- is answered, and done again after a restore.
--
-- Which acts those are is said here, of tables and not of forms: whatever changes such a row, by whatever door, leaves a taking.

create table installation (
  one boolean primary key default true check (one),
  -- Another database in the place of this one has another.
  id uuid not null default gen_random_uuid(),
  -- One more after each restore.
  epoch integer not null default 1,
  -- The last taking that was given out to be written to the journal.
  journaled bigint not null default 0,
  journaled_at timestamptz not null default clock_timestamp(),
  -- Grows with every checkpoint that is signed: a copy has less.
  mark bigint not null default 0,
  -- When that was: a clock that is behind it has been put back.
  marked_at timestamptz not null default clock_timestamp()
);
insert into installation default values;
grant select on installation to padron_app, padron_gate, padron_readonly_ops;

create table takings (
  id bigint generated always as identity primary key,
  municipality_id uuid not null references municipalities,
  held text not null,
  act text not null check (act in ('set', 'put', 'gone', 'erased')),
  which jsonb not null,
  content jsonb not null default '{}'
);
comment on table takings is 'Waits to be written to the journal, and is gone from here then.';

-- @param tg_argv the act, the columns that say which row, the columns that say what is so from now on
create function note_taking() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  row jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  which jsonb;
  content jsonb;
begin
  select jsonb_object_agg(name, row -> name) into which from unnest(string_to_array(tg_argv[1], ' ')) name;
  select coalesce(jsonb_object_agg(name, row -> name), '{}') into content
  from unnest(case when tg_argv[2] = '*' then array(select jsonb_object_keys(row)) else string_to_array(tg_argv[2], ' ') end) name;
  insert into takings (municipality_id, held, act, which, content)
  values ((row ->> 'municipality_id')::uuid, tg_table_name, tg_argv[0], which, content);
  -- Heard by the connection: what this transaction took is in the journal before whoever asked is answered.
  -- Heard by whoever asked, whatever a login is set to hear.
  raise info 'padron: taken';
  return null;
end $$;

create trigger proofs_taken after update of revoked_at, public_from on proofs for each row
  when (new.revoked_at is not null and (old.revoked_at is null or new.public_from is distinct from old.public_from))
  execute function note_taking('set', 'id', 'revoked_at public_from status_list_id status_index');
create trigger neighbours_hidden after update of protected on neighbours for each row
  when (new.protected and not old.protected) execute function note_taking('set', 'id', 'protected');
create trigger neighbours_erased after update of erased_at on neighbours for each row
  when (new.erased_at is not null and old.erased_at is null) execute function note_taking('erased', 'id', '');
create trigger likenesses_hide after update of hides on likenesses for each row
  when (new.hides and not old.hides) execute function note_taking('set', 'id', 'hides');
create trigger likenesses_hidden_from_the_start after insert on likenesses for each row
  when (new.hides) execute function note_taking('put', 'id', '*');
create trigger resident_cards_taken after update of cancelled_at on resident_cards for each row
  when (new.cancelled_at is not null and old.cancelled_at is null)
  execute function note_taking('set', 'id', 'cancelled_at ended_by');
create trigger passkeys_taken after update of removed_at on passkeys for each row
  when (new.removed_at is not null and old.removed_at is null) execute function note_taking('set', 'handle', 'removed_at');
create trigger helpers_taken after update of ended_at on helpers for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'id', 'ended_at');
create trigger representatives_taken after update of ended_at on representatives for each row
  when (new.ended_at is not null and old.ended_at is null) execute function note_taking('set', 'id', 'ended_at ended_because');
create trigger access_requests_taken after update of stage on access_requests for each row
  when (new.stage = 'refused') execute function note_taking('set', 'id', 'stage decided_at');
create trigger clients_taken after delete on clients for each row
  execute function note_taking('gone', 'municipality_id id', '');
create trigger client_keys_taken after delete on client_keys for each row
  execute function note_taking('gone', 'municipality_id client_id thumbprint', '');
create trigger attestations_taken after update of lapsed_at on attestations for each row
  when (new.lapsed_at is not null and old.lapsed_at is null) execute function note_taking('set', 'id', 'lapsed_at');
create trigger organisation_functions_taken after delete on organisation_functions for each row
  execute function note_taking('gone', 'municipality_id organisation_id function', '');
create trigger organisation_functions_put after insert on organisation_functions for each row
  execute function note_taking('put', 'municipality_id organisation_id function', '*');
create trigger organisation_links_put after insert on organisation_links for each row
  execute function note_taking('put', 'municipality_id organisation_id related_id kind', '*');
create trigger organisations_named after update of aliases on organisations for each row
  when (new.aliases is distinct from old.aliases) execute function note_taking('set', 'municipality_id id', 'aliases');
create trigger staff_affiliations_put after insert on staff_affiliations for each row
  execute function note_taking('put', 'municipality_id staff_id organisation_id', '*');
create trigger lockdowns_taken after insert or update of closed on lockdowns for each row
  when (new.closed) execute function note_taking('put', 'municipality_id', '*');
create trigger signing_keys_taken after update of withdrawn_at on signing_keys for each row
  when (new.withdrawn_at is not null and old.withdrawn_at is null)
  execute function note_taking('set', 'id', 'withdrawn_at signs_until published_until');
create trigger document_seals_taken after update of retired_at on document_seals for each row
  when (new.retired_at is not null and old.retired_at is null) execute function note_taking('set', 'id', 'retired_at');
create trigger registry_keys_taken after update of retired_at on registry_keys for each row
  when (new.retired_at is not null and old.retired_at is null)
  execute function note_taking('set', 'municipality_id id', 'retired_at');
create trigger watched_neighbours_put after insert on watched_neighbours for each row
  execute function note_taking('put', 'municipality_id neighbour_id', '*');
create trigger staff_neighbours_put after insert on staff_neighbours for each row
  execute function note_taking('put', 'municipality_id staff_id neighbour_id', '*');
create trigger policy_versions_put after insert on policy_versions for each row
  execute function note_taking('put', 'municipality_id digest', '*');

-- Gives out what is not in the journal yet, and says so first: a database that knows of less than the journal holds is a copy.
-- What is known of this database elsewhere is held against what it says, before it says more: otherwise new acts would hide that
-- earlier ones are lost.
create function must_not_be_behind(known_epoch integer, known_journaled bigint, known_mark bigint) returns void
  language plpgsql stable set search_path = public, pg_temp as $$
begin
  if exists (select from installation i where i.epoch < known_epoch
      or (i.epoch = known_epoch and (i.journaled < known_journaled or i.mark < known_mark))) then
    raise exception 'the database is older than what is known of it' using errcode = 'PD010';
  end if;
end $$;

create function takings_to_journal(known_epoch integer, known_journaled bigint, known_mark bigint) returns table (id bigint, epoch integer, municipality_id uuid, taken jsonb)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform must_not_be_behind(known_epoch, known_journaled, known_mark);
  return query
    with waiting as (select t.* from takings t order by t.id limit 5000),
    marked as (
      update installation set journaled = greatest(journaled, (select max(w.id) from waiting w)), journaled_at = clock_timestamp()
      where exists (select from waiting) returning installation.epoch)
    select w.id, marked.epoch, w.municipality_id,
      jsonb_build_object('held', w.held, 'act', w.act, 'which', w.which, 'content', w.content)
    from waiting w, marked order by w.id;
end $$;
create function takings_journaled(ids bigint[]) returns void
  language sql security definer set search_path = public, pg_temp as $$
  delete from takings where id = any (ids)
$$;

-- @returns the mark from now on
create function mark_signed(known_epoch integer, known_journaled bigint, known_mark bigint) returns bigint
  language sql security definer set search_path = public, pg_temp as $$
  select must_not_be_behind(known_epoch, known_journaled, known_mark);
  update installation set mark = mark + 1, marked_at = clock_timestamp() returning mark
$$;

do $$
declare name regprocedure;
begin
  foreach name in array array['takings_to_journal(integer,bigint,bigint)', 'takings_journaled(bigint[])', 'mark_signed(integer,bigint,bigint)']::regprocedure[] loop
    execute format('revoke all on function %s from public', name);
    execute format('grant execute on function %s to padron_app', name);
  end loop;
end $$;

-- After a restore. Places of proofs that were taken back and are not known here, and lists in which everything is.
create table lost_places (
  municipality_id uuid not null,
  status_list_id uuid not null,
  status_index integer not null check (status_index >= 0),
  public_from timestamptz not null,
  primary key (status_list_id, status_index),
  foreign key (municipality_id, status_list_id) references status_lists (municipality_id, id)
);
alter table status_lists add column all_revoked boolean not null default false;
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
do $$
declare guarded text;
begin
  foreach guarded in array array['lost_places', 'restores', 'takings'] loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app, padron_gate
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
  end loop;
end $$;
grant select on lost_places, restores to padron_app, padron_gate;
grant select on restores to padron_readonly_ops;

-- Does one taking again. @returns whether there was anything to take it from
create function take_again(of_town uuid, taken jsonb) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  held text := taken ->> 'held';
  which jsonb := taken -> 'which';
  content jsonb := taken -> 'content';
  matches text;
  done bigint;
begin
  if not exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = held::regclass and p.proname = 'note_taking') then
    raise exception 'nothing is taken from table %', held;
  end if;
  perform set_config('padron.municipality', of_town::text, true);
  select string_agg(format('t.%1$I is not distinct from k.%1$I', name), ' and ') into matches
  from jsonb_object_keys(which) name;
  if taken ->> 'act' = 'erased' then
    update neighbours set departed_on = coalesce(departed_on, greatest(current_date,
      (select max(valid_from) from residences where neighbour_id = (which ->> 'id')::uuid)))
    where id = (which ->> 'id')::uuid and erased_at is null;
    get diagnostics done = row_count;
    if done > 0 then perform forget_neighbour((which ->> 'id')::uuid); end if;
    return done > 0;
  elsif taken ->> 'act' = 'gone' then
    if held = 'clients' then
      delete from client_keys where municipality_id = of_town and client_id = which ->> 'id';
    end if;
    execute format('delete from %1$I t using jsonb_populate_record(null::%1$I, $1) k where %2$s', held, matches) using which;
  elsif taken ->> 'act' = 'put' then
    begin
      execute format('delete from %1$I t using jsonb_populate_record(null::%1$I, $1) k where %2$s and $2',
        held, matches) using which, held = 'lockdowns';
      execute format('insert into %1$I select * from jsonb_populate_record(null::%1$I, $1) on conflict do nothing', held)
        using content;
    exception when foreign_key_violation then return false;
    end;
  else
    execute format('update %1$I t set %2$s from jsonb_populate_record(null::%1$I, $1) k, jsonb_populate_record(null::%1$I, $2) c where %3$s',
      held, (select string_agg(format('%1$I = c.%1$I', name), ', ') from jsonb_object_keys(content) name
        where name not in ('status_list_id', 'status_index')), matches) using which, content;
  end if;
  get diagnostics done = row_count;
  if done = 0 and held = 'proofs' then
    insert into lost_places (municipality_id, status_list_id, status_index, public_from)
    select of_town, list.id, (content ->> 'status_index')::integer,
      coalesce((content ->> 'public_from')::timestamptz, (content ->> 'revoked_at')::timestamptz)
    from status_lists list where list.id = (content ->> 'status_list_id')::uuid
    on conflict do nothing;
  end if;
  return done > 0;
end $$;
revoke all on function take_again(uuid, jsonb) from public;
