-- That a neighbour was told they have a message: how, never what.
create table notice_deliveries (
  notice_id uuid primary key references notices,
  municipality_id uuid not null references municipalities,
  channel text not null check (channel in ('email', 'portal')),
  sent_at timestamptz not null
);
alter table notice_deliveries enable row level security;
create policy own_municipality on notice_deliveries to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on notice_deliveries for select to padron_readonly_ops using (true);
grant select, insert on notice_deliveries to padron_app, padron_gate;
grant select on notice_deliveries to padron_readonly_ops;
