-- What pages keep between two requests, and how much there is of everything.

-- Forms that are not finished.
create table drafts (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  staff_id text not null,
  data_key_id uuid not null,
  content bytea not null,
  updated_at timestamptz not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, data_key_id) references data_keys
);
create index drafts_by_staff on drafts (municipality_id, staff_id, updated_at);
call keep_to_town('drafts');
grant select, insert, update (content, data_key_id, updated_at), delete on drafts to padron_app, padron_gate;

-- A desk of an enrolled service, opened by its machine for a day: the code that a browser is signed in with, once, and then what
-- that browser holds. Both are kept as keyed hashes.
create table counters (
  municipality_id uuid not null,
  id uuid not null,
  organisation_id uuid not null,
  client_id text not null,
  profile text not null,
  code_hash bytea check (length(code_hash) = 32),
  -- A code waits for minutes.
  code_until timestamptz not null,
  session_hash bytea check (length(session_hash) = 32),
  expires_at timestamptz not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, organisation_id) references organisations,
  foreign key (municipality_id, client_id) references clients
);
create unique index counters_by_code on counters (municipality_id, code_hash) where code_hash is not null;
create unique index counters_by_session on counters (municipality_id, session_hash) where session_hash is not null;
create index counters_by_age on counters (municipality_id, expires_at);
create index counters_by_organisation on counters (municipality_id, organisation_id);
create index counters_by_client on counters (municipality_id, client_id);
call keep_to_town('counters');
grant select, insert, update (code_hash, session_hash), delete on counters to padron_app, padron_gate;

-- A counter ends with the machine that opened it, and with any key of that machine: which of them opened it is not known.
create function end_counters() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from counters where municipality_id = new.municipality_id
    and client_id = case tg_argv[0] when 'key' then to_jsonb(new) ->> 'client_id' else to_jsonb(new) ->> 'id' end;
  return null;
end $$;
create trigger client_keys_end_counters after update of ended_at on client_keys for each row
  when (new.ended_at is not null and old.ended_at is null) execute function end_counters('key');
create trigger clients_end_counters after update of ended_at on clients for each row
  when (new.ended_at is not null and old.ended_at is null) execute function end_counters('machine');

-- A question of a counter to a wallet. The answer is encrypted to a key that only the counter's page holds.
create table presentation_requests (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  counter_id uuid not null,
  profile text not null,
  nonce text not null,
  request_object text not null,
  -- What came and was not read yet, the newest first: whoever sees the QR code can send something.
  answers text[] not null default '{}' check (cardinality(answers) <= 8),
  expires_at timestamptz not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, counter_id) references counters on delete cascade
);
create index presentation_requests_by_age on presentation_requests (municipality_id, expires_at);
create index presentation_requests_by_counter on presentation_requests (municipality_id, counter_id);
call keep_to_town('presentation_requests');
grant select, insert, update (answers), delete on presentation_requests to padron_app, padron_gate;

-- How much there is of a town, for people who watch the machine. Counts only: a row of a person, with or without a name, would mark
-- them by the day it was written or changed.
create view town_counts as
  select town.id as municipality_id,
    (select count(*) from neighbours one where one.municipality_id = town.id and one.departed_on is null) as neighbours,
    (select count(*) from neighbours one where one.municipality_id = town.id and one.departed_on is not null) as departed,
    (select count(*) from households one where one.municipality_id = town.id) as households,
    (select count(*) from movements one where one.municipality_id = town.id) as movements,
    (select count(*) from proofs one where one.municipality_id = town.id and one.mark is not null) as proofs,
    (select count(*) from sessions one where one.municipality_id = town.id and one.ends_at > now()) as sessions,
    (select count(*) from complaints one where one.municipality_id = town.id and one.answered_at is null) as complaints_open,
    (select count(*) from complaints one where one.municipality_id = town.id and one.answered_at is null
      and one.due_on < today_in(town.id)) as complaints_late,
    (select count(*) from notices one where one.municipality_id = town.id and one.visible_from <= now()
      and not exists (select from notice_deliveries told
        where told.municipality_id = town.id and told.notice_id = one.id)) as notices_untold
  from municipalities town;
grant select on town_counts to padron_readonly_ops;
