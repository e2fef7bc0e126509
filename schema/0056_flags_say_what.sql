-- What was opened by a look-up that a supervisor should ask about: names of fields, of nobody.
alter table flags add fields text[] not null default '{}';
