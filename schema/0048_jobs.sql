-- Background work, item by item. A process claims what is due, for a while; what it does not finish in time another may claim.
-- An item is a random id of ours or the name of something public: nothing here says who anybody is.

create table jobs (
  municipality_id uuid not null references municipalities,
  kind text not null check (kind ~ '^[a-z-]{1,40}$'),
  item text not null check (length(item) between 1 and 200),
  due_at timestamptz not null,
  tries integer not null default 0,
  -- Something happened meanwhile: it is done once more, whenever it would have been next.
  woken boolean not null default false,
  -- Something that cannot be taken back was begun, and nobody knows yet how it ended.
  begun_at timestamptz,
  held_by uuid,
  held_until timestamptz,
  primary key (municipality_id, kind, item),
  check (num_nonnulls(held_by, held_until) in (0, 2))
);
create index jobs_due on jobs (kind, due_at);
comment on column jobs.due_at is 'Infinity: asleep until something wakes it.';

alter table jobs enable row level security;
create policy own_municipality on jobs to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on jobs for select to padron_readonly_ops using (true);
grant select, insert, update (due_at, woken) on jobs to padron_app, padron_gate;
grant select on jobs to padron_readonly_ops;

-- The runner works for all towns in one statement: thousands of towns in which nothing happens cost nothing.

create function claim_jobs(of_kind text, whose text, at timestamptz, most integer, holding interval, holder uuid)
  returns table (municipality_id uuid, item text, tries integer, doubtful boolean)
  language sql security definer set search_path = public, pg_temp as $$
  -- Found once and for all before any is taken: otherwise the search may be gone through again for each, and passes over its own.
  with due as materialized (
    select one.municipality_id, one.item from jobs one
    where one.kind = of_kind and (whose is null or one.item = whose) and one.due_at <= at
      and (one.held_until is null or one.held_until < clock_timestamp())
    order by one.due_at limit most for update skip locked)
  update jobs set held_by = holder, held_until = clock_timestamp() + holding, tries = jobs.tries + 1, woken = false
  from due
  where jobs.municipality_id = due.municipality_id and jobs.kind = of_kind and jobs.item = due.item
  returning jobs.municipality_id, jobs.item, jobs.tries, jobs.begun_at is not null
$$;

-- Before something is begun that cannot be taken back. @returns false: another process has taken the item over.
create function begin_job(town uuid, of_kind text, which text, holder uuid, begins boolean) returns boolean
  language sql security definer set search_path = public, pg_temp as $$
  with known as (
    update jobs set begun_at = case when begins then clock_timestamp() end
    where municipality_id = town and kind = of_kind and item = which and held_by = holder returning 1)
  select exists (select from known)
$$;

-- Ends what a process held: for good, without a next time, or until then. What failed keeps the number of its tries.
create function settle_job(town uuid, of_kind text, which text, holder uuid, next timestamptz, failed boolean, at timestamptz)
  returns void language sql security definer set search_path = public, pg_temp as $$
  delete from jobs
  where municipality_id = town and kind = of_kind and item = which and held_by = holder and next is null and not woken;
  update jobs
  set due_at = case when failed then next when woken then at else coalesce(next, at) end, held_by = null, held_until = null,
    tries = case when failed then tries else 0 end, begun_at = case when failed then begun_at end
  where municipality_id = town and kind = of_kind and item = which and held_by = holder
$$;

-- Work that every town has: there from the day the town is, due at once.
create function ensure_jobs(of_kind text, which text, at timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  insert into jobs (municipality_id, kind, item, due_at)
  select town.id, of_kind, which, at from municipalities town
  where not exists (
    select from jobs known where known.municipality_id = town.id and known.kind = of_kind and known.item = which)
  on conflict do nothing
$$;

-- Whoever leaves somebody a message leaves the work of telling them, for the moment from which it may be seen.
create function leave_notice_job() returns trigger language plpgsql as $$
begin
  insert into jobs (municipality_id, kind, item, due_at) values (new.municipality_id, 'notices', new.id::text, new.visible_from)
  on conflict (municipality_id, kind, item) do update
  set due_at = excluded.due_at, woken = jobs.held_by is not null;
  return null;
end $$;
create trigger notices_leave_jobs after insert or update of visible_from on notices
  for each row execute function leave_notice_job();

create function wake_jobs(of_kind text, towns uuid[], at timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  -- What failed keeps its pause.
  update jobs set due_at = case when tries > 0 and held_by is null then due_at else least(due_at, at) end,
    woken = held_by is not null
  where kind = of_kind and municipality_id = any (towns) and (due_at > at or (held_by is not null and not woken))
$$;

-- Wakes the towns whose ledgers were written to by transactions that had not ended when it was last asked; the first time all.
-- @returns what to ask with next time
create function wake_ledgers(since xid8, at timestamptz) returns xid8
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  running xid8 := pg_snapshot_xmin(pg_current_snapshot());
begin
  perform wake_jobs('ledger-sequence', case when since = '0' then array(select id from municipalities)
    else array(select distinct entry.municipality_id from ledger_entries entry where entry.written_by >= since) end, at);
  return running;
end $$;
-- One look over the ledgers of all towns, so many entries at a time. @returns how far it came, and of each town the first entry
-- that has no place yet; nothing where there are no more entries
create function entries_without_place(after uuid, most integer)
  returns table (up_to uuid, municipality_id uuid, entry_id uuid)
  language sql security definer stable set search_path = public, pg_temp as $$
  with page as materialized (select e.id, e.municipality_id from ledger_entries e where e.id > after order by e.id limit most)
  select page_end.id, waits.municipality_id, waits.id
  from (select id from page order by id desc limit 1) page_end left join (
    select distinct on (page.municipality_id) page.municipality_id, page.id from page
    where not exists (select from ledger_sequence placed where placed.entry_id = page.id)
    order by page.municipality_id, page.id) waits on true
$$;
drop index ledger_entries_by_writer;
create index ledger_entries_by_writer on ledger_entries (written_by, municipality_id);

-- How much waits, and how long the oldest has. For the operators: no town and no item.
create view job_states as
  select kind, count(*) filter (where due_at <= now() and held_by is null) as waiting,
    count(*) filter (where held_until >= now()) as under_way,
    count(*) filter (where tries > 1 and due_at < 'infinity') as failing,
    count(*) filter (where begun_at is not null and (held_until is null or held_until < now())) as doubtful,
    min(due_at) filter (where due_at <= now()) as oldest_due
  from jobs group by kind;
grant select on job_states to padron_app, padron_readonly_ops;

-- How long rows are kept whose use ends by itself. A row not named here stays as long as what it is about: schema/retention.json
-- says of every table which.
create table kept_for (
  held text primary key check (held ~ '^[a-z_]+$'),
  since text not null,
  keep interval not null,
  part integer not null unique
);
grant select on kept_for to padron_app, padron_readonly_ops;

insert into kept_for (part, held, since, keep) values
  (1, 'used_proofs', 'used_at', '1 hour'),
  (2, 'passkey_challenges', 'expires_at', '0'),
  (3, 'enrolments', 'expires_at', '0'),
  (4, 'sessions', 'ends_at', '1 hour'),
  (5, 'drafts', 'updated_at', '7 days'),
  (6, 'wallet_nonces', 'expires_at', '0'),
  (7, 'wallet_offers', 'expires_at', '30 days'),
  (8, 'presentation_requests', 'expires_at', '0'),
  (9, 'check_codes', 'expires_at', '0'),
  (10, 'code_attempts', 'period', '1 day'),
  (11, 'idempotency_keys', 'recorded_at', '30 days'),
  (12, 'query_counts', 'hour', '2 days'),
  (13, 'seen_people', 'month', '62 days'),
  (14, 'seen_totals', 'begins', '62 days'),
  (15, 'budget_releases', 'released_at', '1 year'),
  (16, 'drawn_openings', 'seen_at', '1 year'),
  (17, 'flags', 'raised_at', '1 year'),
  (18, 'visits', 'until', '0'),
  (19, 'staff_neighbours', 'unlinked_at', '1 year'),
  (20, 'ledger_cosignatures',
    $$case when received_at < clock_timestamp() - interval '30 days' then superseded_since(municipality_id, size) end$$, '30 days'),
  (21, 'ledger_checkpoints',
    $$case when signed_at < clock_timestamp() - interval '30 days' and not exists (select from ledger_cosignatures c
      where c.municipality_id = ledger_checkpoints.municipality_id and c.size = ledger_checkpoints.size)
      then superseded_since(municipality_id, size) end$$, '30 days'),
  (22, 'complaint_attachments', '(select answered_at from complaints where complaints.id = complaint_id)', '5 years'),
  (23, 'complaints',
    $$case when not exists (select from complaint_attachments a where a.complaint_id = complaints.id) then answered_at end$$,
    '5 years');

-- What is over in one town is found without looking at the rows of all the others.
create index idempotency_keys_by_age on idempotency_keys (municipality_id, recorded_at);
create index presentation_requests_by_age on presentation_requests (municipality_id, expires_at);
create index check_codes_by_age on check_codes (municipality_id, expires_at);
create index wallet_offers_by_age on wallet_offers (municipality_id, expires_at);
create index enrolments_by_age on enrolments (municipality_id, expires_at);
create index complaint_attachments_of_town on complaint_attachments (municipality_id);

-- A checkpoint is history once a later one of the same day is there: the last of each day is kept for ever.
create function superseded_since(town uuid, size_then bigint) returns timestamptz
  language sql stable set search_path = public, pg_temp as $$
  select case when later.signed_at::date = one.signed_at::date then later.signed_at end
  from ledger_checkpoints one,
    lateral (select signed_at from ledger_checkpoints next
      where next.municipality_id = town and next.size > size_then order by next.size limit 1) later
  where one.municipality_id = town and one.size = size_then
$$;

-- What is append-only stays so for everybody; what is forgotten in time is forgotten by this function and nothing else.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_table_name in (select held from kept_for) and current_setting('padron.forgets', true) = tg_table_name
     and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    return null;
  end if;
  raise exception 'table % is append-only', tg_table_name using errcode = 'PD002';
end $$;

-- Forgets rows of one table of this town whose time is over, a few thousand at a time. @returns how many
create function forget_what_is_over(at timestamptz, most integer, which integer) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  one kept_for;
  gone bigint;
begin
  if current_municipality() is null then
    raise exception 'no municipality' using errcode = 'PD001';
  end if;
  select * into strict one from kept_for where part = which;
  perform set_config('padron.forgets', one.held, true);
  execute format('delete from %1$I where ctid in (select ctid from %1$I where municipality_id = $1 and (%2$s)::timestamptz < $2 - $3 limit $4)',
    one.held, one.since) using current_municipality(), at, one.keep, most;
  get diagnostics gone = row_count;
  perform set_config('padron.forgets', '', true);
  return gone;
end $$;

do $$
declare name regprocedure;
begin
  foreach name in array array[
    'claim_jobs(text,text,timestamptz,integer,interval,uuid)', 'begin_job(uuid,text,text,uuid,boolean)',
    'settle_job(uuid,text,text,uuid,timestamptz,boolean,timestamptz)', 'ensure_jobs(text,text,timestamptz)',
    'wake_jobs(text,uuid[],timestamptz)', 'entries_without_place(uuid,integer)', 'wake_ledgers(xid8,timestamptz)', 'forget_what_is_over(timestamptz,integer,integer)']::regprocedure[] loop
    execute format('revoke all on function %s from public', name);
    execute format('grant execute on function %s to padron_app', name);
  end loop;
end $$;
