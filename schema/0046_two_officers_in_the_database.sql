-- What widens who is answered is written only in the transaction in which a second officer approved an act of that kind; what
-- closes the gate, in the one in which one officer did. Only the login that owns the tables, which adds towns, is not asked.
alter table officer_acts add column proposed_in xid8 not null default pg_current_xact_id(), add column decided_in xid8;
create function officer_acts_decided() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.decision is not null then
    raise exception 'an act that is decided stays so' using errcode = 'PD006';
  end if;
  -- Nobody proposes and approves in one go.
  if tg_op = 'INSERT' then new.proposed_in := pg_current_xact_id(); end if;
  if new.decision = 'approved' and new.proposed_in = pg_current_xact_id() then
    raise exception 'an act is approved after it was proposed' using errcode = 'PD006';
  end if;
  new.decided_in := case when new.decision is null then null else pg_current_xact_id() end;
  return new;
end $$;
create trigger officer_acts_decided before insert or update on officer_acts for each row execute function officer_acts_decided();

-- Whether an organisation, or anything it is tied to, closes the gate.
create function closes_the_gate(organisation uuid) returns boolean language sql stable as $$
  select exists (select from organisation_functions own join functions known on known.id = own.function
    where known.closes and (own.organisation_id = organisation
      or own.organisation_id in (select tie.related_id from organisation_closure(organisation) tie))) $$;

-- The acts that write to each table.
create table officer_act_writes (kind text not null, written text not null, primary key (kind, written));
insert into officer_act_writes (kind, written)
select kind, written from (values ('enrol'), ('application')) as act (kind), (values ('organisations'), ('organisation_functions'),
  ('attestations'), ('clients')) as one (written)
union all values ('application', 'client_keys'), ('function', 'organisation_functions'), ('tie', 'organisation_links'),
  ('promise', 'attestations'), ('machine', 'clients'), ('alias', 'organisations'), ('lend', 'staff_affiliations'),
  ('take-back', 'staff_affiliations'), ('secrecy', 'notices');
grant select on officer_act_writes to padron_app, padron_gate, padron_readonly_ops;

create function takes_two_officers() returns trigger language plpgsql as $$
declare
  changed jsonb := to_jsonb(coalesce(new, old));
  decided text[];
begin
  if (select relowner = current_user::regrole from pg_class where oid = tg_relid) then return null; end if;
  decided := array(select act.decision from officer_acts act join officer_act_writes allowed on allowed.kind = act.kind
    where allowed.written = tg_table_name and act.municipality_id = current_municipality()
      and act.decided_in = pg_current_xact_id());
  if 'approved' = any (decided) then return null; end if;
  if 'at-once' = any (decided) and tg_op = 'INSERT' and (
      tg_table_name in ('organisation_functions', 'organisation_links', 'staff_affiliations')
      and closes_the_gate((changed ->> 'organisation_id')::uuid)) then
    return null;
  end if;
  raise exception 'this takes two legal officers' using errcode = 'PD006';
end $$;

do $$
declare guarded text;
begin
  foreach guarded in array array['organisations', 'organisation_functions', 'organisation_links', 'attestations', 'clients',
    'client_keys', 'staff_affiliations'] loop
    execute format('create constraint trigger %I after insert or delete on %I deferrable initially deferred
      for each row execute function takes_two_officers()', guarded || '_take_two', guarded);
  end loop;
end $$;
create constraint trigger organisations_change_takes_two after update on organisations deferrable initially deferred
  for each row execute function takes_two_officers();
-- The secrecy of an order.
create constraint trigger notices_kept_back_take_two after update of visible_from on notices deferrable initially deferred
  for each row when (old.visible_from is distinct from new.visible_from) execute function takes_two_officers();
create function notices_visible_in_time() returns trigger language plpgsql as $$
begin
  if new.kind = 'access-request' and new.visible_from > clock_timestamp() + interval '91 days' then
    raise exception 'nothing is kept from a neighbour for longer than ninety days' using errcode = 'PD002';
  end if;
  return new;
end $$;
create trigger notices_visible_in_time before insert on notices for each row execute function notices_visible_in_time();
