-- What somebody had typed when their session ran out, for when they are back: sealed, for an hour, for whoever comes in by the
-- same card, telephone or account. It is dropped when they sign out, and never kept of a form that hides somebody.
create table kept_forms (
  id uuid primary key default gen_random_uuid(),
  municipality_id uuid not null references municipalities,
  -- A keyed hash of what they came in by.
  owner bytea not null check (length(owner) = 32),
  data_key_id uuid not null references data_keys,
  -- The form, the page it stands on, and what was typed.
  content bytea not null,
  expires_at timestamptz not null
);
create index kept_forms_by_owner on kept_forms (municipality_id, owner);
create index kept_forms_over on kept_forms (municipality_id, expires_at);
alter table kept_forms enable row level security;
create policy own_municipality on kept_forms to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on kept_forms for select to padron_readonly_ops using (true);
grant select, insert, delete on kept_forms to padron_app, padron_gate;
insert into kept_for (part, held, since, keep) values (24, 'kept_forms', 'expires_at', '0');
