-- What people ask of the city: complaints, the end of a registration and its hearing, erasures, applications of organisations.

-- What somebody complains of or suggests; signed in or not, registered or not.
create table complaints (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  reference_hash bytea not null check (length(reference_hash) = 32),
  -- Whose duty the answer is: what a counter does, what may be about a counter, and what is a question of law. What it is about and in
  -- which language lies sealed in `outline`: that a nameless record was asked about papers would say that it has none.
  duty text not null check (duty in ('counter', 'supervision', 'law')),
  outline bytea not null,
  -- Whoever asked while signed in is told of the answer.
  neighbour_id uuid,
  data_key_id uuid not null,
  content bytea not null,
  answer bytea,
  received_at timestamptz not null,
  due_on date not null,
  answered_at timestamptz,
  outcome text check (outcome in ('upheld', 'partly', 'not-upheld', 'answered')),
  escalated_at timestamptz,
  -- It can be said in person: at a time that its code was given for, and no name. A time that is over, called off or no longer
  -- needed is somebody else's, and stays known to whoever had it.
  appointment_at timestamptz,
  appointment_was timestamptz,
  appointment_ended text check (appointment_ended in ('cancelled', 'answered')),
  -- A service that asks for too much, or turns away who lives here, is reported without a name: whose it is would say which
  -- services somebody uses.
  service text check (service ~ '^[a-z][a-z-]{1,40}$'),
  organisation_id uuid,
  fault text check (fault in ('too-much', 'turned-away')),
  primary key (municipality_id, id),
  unique (municipality_id, reference_hash),
  foreign key (municipality_id, data_key_id) references data_keys,
  foreign key (municipality_id, organisation_id) references organisations,
  check (num_nonnulls(answer, answered_at, outcome) in (0, 3)),
  check (num_nonnulls(appointment_was, appointment_ended) in (0, 2)),
  check (appointment_at is null or appointment_was is null),
  constraint complaints_of_services check (case when fault is null then num_nonnulls(service, organisation_id) = 0
    else duty = 'law' and neighbour_id is null end)
);
create index complaints_open on complaints (municipality_id, due_on) where answered_at is null;
create index complaints_by_neighbour on complaints (municipality_id, neighbour_id) where neighbour_id is not null;
create index complaints_by_organisation on complaints (municipality_id, organisation_id, received_at) where organisation_id is not null;
-- One person at a time, so that nobody is overheard.
create unique index complaints_by_appointment on complaints (municipality_id, appointment_at) where appointment_at is not null;
call keep_to_town('complaints');
grant select, insert, update (answer, answered_at, outcome, escalated_at, appointment_at, appointment_was,
  appointment_ended, organisation_id)
  on complaints to padron_app, padron_gate;

-- A photo or a voice that somebody adds to what they write to the city. Sealed like the words.
create table complaint_attachments (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  complaint_id uuid not null,
  data_key_id uuid not null,
  media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp',
    'audio/webm', 'audio/ogg', 'audio/mp4', 'audio/mpeg', 'audio/wav', 'audio/aac')),
  content bytea not null,
  primary key (municipality_id, id),
  foreign key (municipality_id, complaint_id) references complaints on delete cascade,
  foreign key (municipality_id, data_key_id) references data_keys
);
create index complaint_attachments_by_complaint on complaint_attachments (municipality_id, complaint_id);
call keep_to_town('complaint_attachments');
grant select, insert on complaint_attachments to padron_app, padron_gate;

-- How many reports of an organisation were found right within twelve months, since it was last let in again; how many wait; and
-- how many have to be before it is suspended.
create function upheld_reports(organisation uuid) returns bigint language sql stable as $$
  select count(*) from complaints said where said.municipality_id = current_municipality()
    and said.organisation_id = organisation and said.outcome = 'upheld' and said.answered_at > greatest(clock_timestamp() - interval '12 months',
      (select own.readmitted_at from organisations own
       where own.municipality_id = current_municipality() and own.id = organisation)) $$;
revoke all on function upheld_reports(uuid) from public;
grant execute on function upheld_reports(uuid) to padron_app, padron_gate;

create function waiting_reports(organisation uuid) returns bigint language sql stable as $$
  select count(*) from complaints said
  where said.municipality_id = current_municipality() and said.organisation_id = organisation and said.answered_at is null $$;
revoke all on function waiting_reports(uuid) from public;
grant execute on function waiting_reports(uuid) to padron_app, padron_gate;

create function suspension_follows_reports() returns trigger language plpgsql as $$
begin
  -- The login that owns the tables puts back what was so before a restore.
  if (select relowner = current_user::regrole from pg_class where oid = tg_relid) then return new; end if;
  if upheld_reports(new.id) < 3 then
    raise exception 'an organisation is suspended after three reports that were found right' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger organisations_suspended_for_reports before update of suspended_at on organisations for each row
  when (new.suspended_at is not null and old.suspended_at is null)
  execute function suspension_follows_reports();

-- Nobody's registration ends without their being heard: a message at once, a notice that was really given, answers that a clerk
-- has read, and in some towns the opinion of a council.

-- A departure other than by death or moving away: reasons, notice, waiting, a second person. What is said of it (why, who said
-- so, how the neighbour was told) is sealed in reason and notice. In clear is only what the rules below compare: days, and
-- whether the council agrees. It says no more of a person than the cause and the decision beside it.
create table proceedings (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  -- Why a registration is doubted, in one word and in many, and what the council says of it, are sealed to the neighbour.
  cause bytea not null,
  reason bytea not null,
  opened_at timestamptz not null default now(),
  opened_by text not null,
  message_id uuid,
  notice bytea,
  notice_given_on date,
  effective_from date check (effective_from > notice_given_on),
  council_on date,
  council_outcome bytea,
  decided_at timestamptz,
  decided_by text,
  decision text check (decision in ('approved', 'withdrawn')),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  foreign key (municipality_id, message_id) references notices,
  check (num_nonnulls(notice_given_on, effective_from) in (0, 2)),
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  constraint proceedings_notice_whole check ((notice is null) = (notice_given_on is null)),
  constraint proceedings_council_whole check ((council_on is null) = (council_outcome is null)),
  constraint proceedings_second_person check (decision is distinct from 'approved' or decided_by <> opened_by),
  constraint proceedings_after_notice check (decision is distinct from 'approved' or
    -- A day of grace: it is tomorrow already in the east of the world when UTC still says today.
    (effective_from is not null and (decided_at at time zone 'UTC')::date + 1 >= effective_from))
);
comment on column proceedings.effective_from is 'The day after the last day to answer: the first on which it may be approved.';
create unique index proceedings_one_open on proceedings (municipality_id, neighbour_id) where decision is null;
call keep_to_town('proceedings');
grant insert, update (message_id, notice, notice_given_on, effective_from, council_on, council_outcome, decided_at,
  decided_by, decision)
  on proceedings to padron_app, padron_gate;
grant select (municipality_id, id, neighbour_id, opened_at, opened_by, message_id, notice_given_on, effective_from,
  council_on, decided_at, decided_by, decision)
  on proceedings to padron_app;
grant select on proceedings to padron_gate;

-- What the neighbour, or somebody for them, says to it. The words, who said them and where are sealed.
create table proceeding_answers (
  municipality_id uuid not null,
  id uuid not null,
  proceeding_id uuid not null,
  neighbour_id uuid not null,
  words bytea not null,
  received_at timestamptz not null,
  read_by text,
  read_at timestamptz,
  primary key (municipality_id, id),
  foreign key (municipality_id, proceeding_id) references proceedings,
  foreign key (municipality_id, neighbour_id) references neighbours,
  check ((read_by is null) = (read_at is null))
);
create index proceeding_answers_by_proceeding on proceeding_answers (municipality_id, proceeding_id);
call keep_to_town('proceeding_answers');
grant insert, update (read_by, read_at) on proceeding_answers to padron_app, padron_gate;
grant select (municipality_id, id, proceeding_id, neighbour_id, received_at, read_by, read_at)
  on proceeding_answers to padron_app;
grant select on proceeding_answers to padron_gate;

-- The day of a notice stays what it was, an answer that nobody has read stops an approval, and so does the council.
create function proceedings_heard() returns trigger language plpgsql as $$
begin
  if old.notice_given_on is not null
     and (new.notice_given_on, new.effective_from) is distinct from (old.notice_given_on, old.effective_from) then
    raise exception 'a notice is given once' using errcode = 'PD035';
  end if;
  if new.decision is not distinct from 'approved' and old.decision is null then
    if exists (select from proceeding_answers said
        where said.municipality_id = new.municipality_id and said.proceeding_id = new.id and said.read_at is null) then
      raise exception 'an answer has not been read' using errcode = 'PD035';
    end if;
    if new.council_outcome is not distinct from 'unfavourable' then
      raise exception 'the council is against it' using errcode = 'PD035';
    end if;
    if new.council_outcome is null
       and exists (select from municipalities town where town.id = new.municipality_id and town.departure_council)
       and (new.cause <> 'duplicate' or exists (select from proceeding_answers said
         where said.municipality_id = new.municipality_id and said.proceeding_id = new.id)) then
      raise exception 'the council has not been heard' using errcode = 'PD035';
    end if;
  end if;
  return new;
end $$;
create trigger proceedings_heard before update on proceedings for each row execute function proceedings_heard();

-- Who is forgotten: a supervisor proposes, a legal officer decides: two people, never one.
create table erasures (
  municipality_id uuid not null,
  id uuid not null,
  neighbour_id uuid not null,
  ground text not null check (ground in ('time-over', 'wrongly-registered', 'duplicate', 'court')),
  -- Whether the neighbour asked for it.
  asked boolean not null default false,
  proposed_by text not null,
  proposed_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  decision text check (decision in ('approved', 'refused')),
  primary key (municipality_id, id),
  foreign key (municipality_id, neighbour_id) references neighbours,
  check (num_nonnulls(decided_by, decided_at, decision) in (0, 3)),
  constraint erasures_second_person check (decided_by is distinct from proposed_by)
);
create unique index erasures_one_open on erasures (municipality_id, neighbour_id) where decision is null;
call keep_to_town('erasures');
grant select, insert, update (decided_by, decided_at, decision) on erasures to padron_app, padron_gate;

-- Does what an approved erasure says, once, and nothing else. It runs as the owner: the service itself may delete none of this.
create function erase_neighbour(erasure uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  whose uuid;
begin
  select one.neighbour_id into whose
  from erasures one join neighbours n on n.municipality_id = one.municipality_id and n.id = one.neighbour_id
  where one.id = erasure and one.municipality_id = current_municipality() and one.decision = 'approved'
    and n.departed_on is not null and n.erased_at is null
  for update of n;
  if whose is null then
    raise exception 'there is no approved erasure of somebody who has left' using errcode = 'PD003';
  end if;
  perform forget_neighbour(current_municipality(), whose);
end $$;
revoke all on function erase_neighbour(uuid) from public;
grant execute on function erase_neighbour(uuid) to padron_app;

-- An organisation that must ask the registry says who it is; a legal officer decides. What it says is sealed: it names people.
create table applications (
  municipality_id uuid not null references municipalities,
  id uuid not null,
  reference_hash bytea not null check (length(reference_hash) = 32),
  -- What an organisation asks for later: another machine, or other keys for one.
  kind text not null default 'enrol' check (kind in ('enrol', 'machine', 'keys')),
  asked_for uuid,
  data_key_id uuid not null,
  content bytea not null,
  received_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  -- `withdrawn`: an organisation calls off what it asked for.
  decision text check (decision in ('enrolled', 'refused', 'withdrawn')),
  reason bytea,
  organisation_id uuid,
  primary key (municipality_id, id),
  unique (municipality_id, reference_hash),
  foreign key (municipality_id, data_key_id) references data_keys,
  foreign key (municipality_id, asked_for) references organisations,
  foreign key (municipality_id, organisation_id) references organisations,
  check (num_nonnulls(decided_at, decided_by, decision) in (0, 3)),
  check ((organisation_id is not null) = (decision is not distinct from 'enrolled')),
  constraint applications_asked_for check ((asked_for is null) = (kind = 'enrol'))
);
create index applications_open on applications (municipality_id, received_at) where decision is null;
create index applications_asked_for on applications (municipality_id, asked_for) where asked_for is not null;
call keep_to_town('applications', watched => true);
grant select, insert, update (decided_at, decided_by, decision, reason, organisation_id)
  on applications to padron_app, padron_gate;
grant select (municipality_id, id, kind, asked_for, received_at, decided_at, decision, organisation_id)
  on applications to padron_readonly_ops;
