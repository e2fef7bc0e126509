-- Children of whom a trained person should know: those whom a household was left to, and those who hide or leave by themselves.
-- Why is said by kind; who they are is opened when somebody looks.
create table welfare_checks (
  id uuid primary key default gen_random_uuid(),
  municipality_id uuid not null,
  neighbour_id uuid not null,
  reason text not null check (reason in ('left-alone', 'hides-alone', 'leaves-alone')),
  raised_on date not null default current_date,
  looked_by text check (length(looked_by) between 1 and 320),
  looked_on date,
  check (num_nonnulls(looked_by, looked_on) in (0, 2)),
  foreign key (municipality_id, neighbour_id) references neighbours (municipality_id, id)
);
create unique index welfare_checks_open on welfare_checks (neighbour_id, reason) where looked_on is null;
create index welfare_checks_of_town on welfare_checks (municipality_id, raised_on) where looked_on is null;
alter table welfare_checks enable row level security;
create policy own_municipality on welfare_checks to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on welfare_checks for select to padron_readonly_ops using (true);
grant select, insert, update (looked_by, looked_on) on welfare_checks to padron_app, padron_gate;
grant select (id, municipality_id, reason, raised_on, looked_on) on welfare_checks to padron_readonly_ops;

-- Whatever ends a residence, by whichever door: where only people are left at home for whom somebody acts, each of them is one of
-- these. Who is of age among them is seen when they are looked at. In a home that is an institution's, nobody is alone.
create function look_who_is_left() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into welfare_checks (municipality_id, neighbour_id, reason)
  select home.municipality_id, left_here.neighbour_id, 'left-alone'
  from residences left_here
  join households home on home.id = left_here.household_id
  join addresses place on place.id = home.address_id and place.kind <> 'collective'
  where left_here.household_id = new.household_id and left_here.superseded_at is null and left_here.valid_to is null
    and not exists (select from residences mate where mate.household_id = new.household_id and mate.superseded_at is null and mate.valid_to is null
      and not exists (select from representatives tie where tie.neighbour_id = mate.neighbour_id and tie.ended_at is null))
  on conflict do nothing;
  return null;
end $$;
create constraint trigger residences_who_is_left after insert or update on residences
  deferrable initially deferred for each row when (new.valid_to is not null or new.superseded_at is not null)
  execute function look_who_is_left();
