-- What an organisation does, from a closed list (policies/functions.json): one that does something else has no function, and
-- gets nothing until the list says what it is. A word that only looks like another opens and closes nothing.

create table functions (
  id text primary key,
  -- Immigration enforcement, and the ways round a sanctuary that are known elsewhere.
  closes boolean not null
);
insert into functions (id, closes) values
  ('citizenship-office', false),
  ('council', false),
  ('library', false),
  ('culture', false),
  ('school', false),
  ('university', false),
  ('health', false),
  ('social-services', false),
  ('housing', false),
  ('mobility', false),
  ('employment', false),
  ('sports', false),
  ('charity', false),
  ('bank', false),
  ('utilities', false),
  ('ombudsperson', false),
  ('court', false),
  ('prosecution', false),
  ('police', false),
  ('tax', false),
  ('statistics', false),
  ('technology', false),
  ('immigration-enforcement', true),
  ('data-broker', true),
  ('credit-reference', true),
  ('debt-collection', true),
  ('tenant-screening', true),
  ('fusion-centre', true),
  ('plate-and-ticket-data', true);
grant select on functions to padron_app, padron_gate, padron_readonly_ops;

alter table organisation_functions
  add constraint organisation_functions_listed foreign key (function) references functions (id);
