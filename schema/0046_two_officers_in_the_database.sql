-- What widens who is answered is written only in the transaction in which a second officer approved it; what closes the gate, in
-- the one in which one officer did. The owner's login, which adds towns, is not asked.
alter table officer_acts add column decided_in xid8;
create function officer_acts_decided() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.decision is not null then
    raise exception 'an act that is decided stays so' using errcode = 'PD006';
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

create function takes_two_officers() returns trigger language plpgsql as $$
declare
  changed jsonb := to_jsonb(coalesce(new, old));
  decided text[];
begin
  if current_user not in ('padron_app', 'padron_gate') then return null; end if;
  decided := array(select act.decision from officer_acts act
    where act.municipality_id = current_municipality() and act.decided_in = pg_current_xact_id());
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
  foreach guarded in array array['organisations', 'organisation_functions', 'organisation_links', 'attestations', 'clients', 'staff_affiliations'] loop
    execute format('create constraint trigger %I after insert or delete on %I deferrable initially deferred
      for each row execute function takes_two_officers()', guarded || '_take_two', guarded);
  end loop;
end $$;
create constraint trigger organisations_change_takes_two after update on organisations deferrable initially deferred
  for each row execute function takes_two_officers();
