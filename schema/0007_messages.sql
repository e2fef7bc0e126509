-- What the city tells: what a neighbour has to be told, and by when.

-- Messages that say nothing by themselves: what they are about is with what they tell of, except an access request's.
create table notices (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  kind text not null
    check (kind in ('access-request', 'answer', 'proceeding', 'proceeding-withdrawn', 'proceeding-approved', 'way-in', 'ways-changed', 'card-tried', 'way-waits', 'acts-waits', 'reach-changed')),
  details bytea,
  visible_from timestamptz not null,
  due_by timestamptz not null check (due_by >= visible_from),
  created_at timestamptz not null default clock_timestamp(),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  constraint notices_details_by_kind check ((kind <> 'access-request') = (details is null))
);
create index notices_by_neighbour on notices (municipality_id, neighbour_id, visible_from);
call keep_to_town('notices');
grant insert, update (visible_from, due_by) on notices to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, kind, visible_from, due_by, created_at) on notices to padron_app;
grant select on notices to padron_gate;

-- Messages stay as they were written, until the person they are for is erased; what only says that there was something to see
-- goes in time (kept_for).
create function notices_of_the_erased_only() returns trigger language plpgsql as $$
begin
  if exists (select from data_keys where municipality_id = old.municipality_id and id = old.neighbour_id)
     and not (current_setting('padron.forgets', true) is not distinct from 'notices'
       and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)) then
    raise exception 'table notices is append-only' using errcode = 'PD002';
  end if;
  return old;
end $$;
create trigger notices_of_the_erased_only before delete on notices
  for each row execute function notices_of_the_erased_only();
create trigger notices_append_only before truncate on notices
  for each statement execute function refuse_change();
-- A message may become visible later only as the secrecy of the order it tells of is prolonged: by two officers, before it has
-- become visible, and for ninety days from now at most. Nothing else of it changes, save whose it is when two records are found
-- to be of one person.
create function notices_change_owner_only() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - array['neighbour_id', 'visible_from', 'due_by'])
      is distinct from (to_jsonb(old) - array['neighbour_id', 'visible_from', 'due_by']) then
    raise exception 'table notices is append-only' using errcode = 'PD002';
  end if;
  if new.visible_from is distinct from old.visible_from or new.due_by is distinct from old.due_by then
    if old.kind <> 'access-request' or old.visible_from <= clock_timestamp() or new.visible_from < old.visible_from
      or new.visible_from > clock_timestamp() + interval '91 days' or new.due_by > new.visible_from + interval '8 days' then
      raise exception 'a message is kept back only while it is secret, and for ninety days' using errcode = 'PD002';
    end if;
  end if;
  return new;
end $$;
create trigger notices_change_owner_only before update on notices
  for each row execute function notices_change_owner_only();
create function notices_visible_in_time() returns trigger language plpgsql as $$
begin
  if new.kind = 'access-request' and new.visible_from > clock_timestamp() + interval '91 days' then
    raise exception 'nothing is kept from a neighbour for longer than ninety days' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger notices_visible_in_time before insert on notices for each row execute function notices_visible_in_time();

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

-- That a neighbour was told they have a message: how, never what. In person is at a desk, or where somebody without a fixed
-- address has their post kept.
create table notice_deliveries (
  municipality_id uuid not null references municipalities,
  notice_id uuid not null,
  channel text not null check (channel in ('email', 'sms', 'portal', 'post', 'in-person')),
  sent_at timestamptz not null,
  primary key (municipality_id, notice_id),
  foreign key (municipality_id, notice_id) references notices on delete cascade
);
create index notice_deliveries_to_print on notice_deliveries (municipality_id) where channel = 'portal';
call keep_to_town('notice_deliveries');
grant select, insert, update (channel, sent_at) on notice_deliveries to padron_app, padron_gate;

-- Nobody writes to a protected neighbour, whatever the query says: they are told in person or on their own page. A message may go
-- to somebody who is only held: that it did not go would tell.
create function notices_reach_the_hidden() returns trigger language plpgsql as $$
begin
  if new.channel not in ('portal', 'in-person') and exists (
      select from notices told join neighbours n on n.municipality_id = told.municipality_id and n.id = told.neighbour_id
      where told.municipality_id = new.municipality_id and told.id = new.notice_id and n.protected
        and not exists (select from likenesses open where open.municipality_id = n.municipality_id and open.neighbour_id = n.id
          and open.decision is null and not open.hides)) then
    raise exception 'a protected neighbour is not written to' using errcode = 'PD035';
  end if;
  return new;
end $$;
create trigger notice_deliveries_reach_the_hidden before insert or update on notice_deliveries
  for each row execute function notices_reach_the_hidden();
