-- An organisation is known by its identifier in a public register (a tax or public-body number), so that it is one however it
-- is called and whatever machines it has. The town's own offices may have none.
alter table organisations
  add column identifier text check (identifier ~ '^[A-Z0-9]{4,40}$'),
  add column aliases text[] not null default '{}';
create unique index organisations_by_identifier on organisations (municipality_id, identifier) where identifier is not null;
grant update (aliases) on organisations to padron_app, padron_gate;

alter table officer_acts drop constraint officer_acts_kind_check, add constraint officer_acts_kind_check check (kind in
  ('enrol', 'application', 'function', 'tie', 'promise', 'machine', 'alias', 'lend', 'take-back', 'affected'));
