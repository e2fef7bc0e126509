-- What the database can see of the dates of a life. Dates of birth are sealed: that nobody lives here before they are
-- born is for the service alone.

alter table municipalities
  add column earliest_residence date not null default '1900-01-01' check (earliest_residence >= '1850-01-01'),
  add column leap_day_birthday text not null default 'mar-1' check (leap_day_birthday in ('feb-28', 'mar-1'));
comment on column municipalities.earliest_residence is 'No residence began before: the town has no register of such a time.';
comment on column municipalities.leap_day_birthday is
  'When somebody born on 29 February is a year older, in a year without that day, by the law of the town.';

-- Nothing is in the future: a day of grace, since it is tomorrow already in the east of the world when UTC still says today.
alter table residences
  add constraint residences_not_to_come check (
    greatest(valid_from, valid_to) <= (recorded_at at time zone 'UTC')::date + 1);
alter table movements
  add constraint movements_not_before_anybody check (effective_on >= '1850-01-01'),
  add constraint movements_not_to_come check (effective_on <= (recorded_at at time zone 'UTC')::date + 1);

-- Once a statement, not once a row: many people are registered in one.
create function residences_from_the_floor() returns trigger language plpgsql as $$
begin
  if exists (
    select from written join municipalities town on town.id = written.municipality_id
    where written.valid_from < town.earliest_residence) then
    raise exception 'a residence begins before the town keeps residences' using errcode = 'PD007';
  end if;
  return null;
end $$;
create trigger residences_from_the_floor after insert on residences
  referencing new table as written for each statement execute function residences_from_the_floor();

-- Nobody leaves before the residence begins that their leaving ends.
create function departed_after_arriving() returns trigger language plpgsql as $$
begin
  if new.departed_on is not null and exists (
    select from residences r
    where r.neighbour_id = new.id and r.superseded_at is null and r.valid_from > new.departed_on) then
    raise exception 'a departure lies before a residence' using errcode = 'PD008';
  end if;
  return new;
end $$;
create trigger departed_after_arriving before update of departed_on on neighbours
  for each row execute function departed_after_arriving();
