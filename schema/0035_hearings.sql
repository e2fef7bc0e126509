-- Nobody's registration ends without their being heard: a message at once, a notice that was really given, answers that
-- a clerk has read, and in some towns the opinion of a council.

-- RD 1690/1986 art. 72: some towns have a council for these cases (Consejo de Empadronamiento), whose opinion binds.
alter table municipalities add departure_council boolean not null default false;

-- What is said of a proceeding (why, who said so, how the neighbour was told) is sealed in reason and notice.
-- In clear is only what the rules below compare: days, and whether the council agrees. It says no more of a person
-- than the cause and the decision beside it.
alter table proceedings
  drop constraint proceedings_cause_check,
  add constraint proceedings_cause_check check (cause in ('moved-away', 'duplicate', 'wrongly-registered')),
  add message_id uuid references notices,
  add notice bytea,
  add council_on date,
  add council_outcome text check (council_outcome in ('favourable', 'unfavourable')),
  add constraint proceedings_notice_whole check ((notice is null) = (notice_given_on is null)),
  add constraint proceedings_council_whole check ((council_on is null) = (council_outcome is null)),
  add unique (municipality_id, id);
comment on column proceedings.effective_from is 'The day after the last day to answer: the first on which it may be approved.';

-- What the neighbour, or somebody for them, says to it. The words, who said them and where are sealed.
create table proceeding_answers (
  id uuid primary key,
  municipality_id uuid not null,
  proceeding_id uuid not null,
  neighbour_id uuid not null,
  words bytea not null,
  received_at timestamptz not null,
  read_by text,
  read_at timestamptz,
  check ((read_by is null) = (read_at is null)),
  foreign key (municipality_id, proceeding_id) references proceedings (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create index proceeding_answers_by_proceeding on proceeding_answers (proceeding_id);
alter table proceeding_answers enable row level security;
create policy own_municipality on proceeding_answers to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on proceeding_answers for select to padron_readonly_ops using (true);
grant select (id, municipality_id, proceeding_id, neighbour_id, received_at, read_by, read_at), insert, update (read_by, read_at)
  on proceeding_answers to padron_app;
grant select, insert, update (read_by, read_at) on proceeding_answers to padron_gate;
grant select (id, municipality_id, received_at, read_at) on proceeding_answers to padron_readonly_ops;

grant select (message_id, council_on, council_outcome) on proceedings to padron_app;
grant select, update (message_id, notice, council_on, council_outcome) on proceedings to padron_gate;
grant update (message_id, notice, council_on, council_outcome) on proceedings to padron_app;

-- The day of a notice stays what it was, an answer that nobody has read stops an approval, and so does the council.
create function proceedings_heard() returns trigger language plpgsql as $$
begin
  if old.notice_given_on is not null
     and (new.notice_given_on, new.effective_from) is distinct from (old.notice_given_on, old.effective_from) then
    raise exception 'a notice is given once' using errcode = 'PD035';
  end if;
  if new.decision is not distinct from 'approved' and old.decision is null then
    if exists (select from proceeding_answers said where said.proceeding_id = new.id and said.read_at is null) then
      raise exception 'an answer has not been read' using errcode = 'PD035';
    end if;
    if new.council_outcome is not distinct from 'unfavourable' then
      raise exception 'the council is against it' using errcode = 'PD035';
    end if;
    if new.council_outcome is null
       and exists (select from municipalities town where town.id = new.municipality_id and town.departure_council)
       and (new.cause <> 'duplicate' or exists (select from proceeding_answers said where said.proceeding_id = new.id)) then
      raise exception 'the council has not been heard' using errcode = 'PD035';
    end if;
  end if;
  return new;
end $$;
create trigger proceedings_heard before update on proceedings for each row execute function proceedings_heard();

-- Messages that say nothing by themselves: what they are about is with the proceeding.
alter table notices
  drop constraint notices_kind_check,
  add constraint notices_kind_check
    check (kind in ('access-request', 'answer', 'proceeding', 'proceeding-withdrawn', 'proceeding-approved', 'way-in', 'ways-changed')),
  drop constraint notices_details_by_kind,
  add constraint notices_details_by_kind check ((kind <> 'access-request') = (details is null));

-- Nobody writes to a protected neighbour, whatever the query says: they are told in person or on their own page.
create function notices_reach_the_hidden() returns trigger language plpgsql as $$
begin
  if new.channel not in ('portal', 'in-person') and exists (
      select from notices told join neighbours n on n.id = told.neighbour_id
      where told.id = new.notice_id and n.protected) then
    raise exception 'a protected neighbour is not written to' using errcode = 'PD035';
  end if;
  return new;
end $$;
create trigger notice_deliveries_reach_the_hidden before insert or update on notice_deliveries
  for each row execute function notices_reach_the_hidden();

-- Messages stay as they were written, until the person they are for is erased.
drop trigger notices_append_only on notices;
create function notices_of_the_erased_only() returns trigger language plpgsql as $$
begin
  if exists (select from data_keys where id = old.neighbour_id) then
    raise exception 'table notices is append-only' using errcode = 'PD002';
  end if;
  return old;
end $$;
create trigger notices_of_the_erased_only before delete on notices
  for each row execute function notices_of_the_erased_only();
create trigger notices_append_only before update or truncate on notices
  for each statement execute function refuse_change();
