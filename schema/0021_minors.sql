-- From which age a minor holds a way in of their own. Before it, whoever acts for them uses theirs.
alter table municipalities add column minor_access_age integer not null default 14 check (minor_access_age between 0 and 18);
