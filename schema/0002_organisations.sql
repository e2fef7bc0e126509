-- Who may ask. Organisations form a graph; a path to an enforcement function closes the gate.

create table organisations (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now(),
  unique (municipality_id, id)
);

create table organisation_functions (
  municipality_id uuid not null,
  organisation_id uuid not null,
  function text not null check (function ~ '^[a-z][a-z-]{1,63}$'),
  primary key (organisation_id, function),
  foreign key (municipality_id, organisation_id) references organisations (municipality_id, id)
);

create table organisation_links (
  municipality_id uuid not null,
  organisation_id uuid not null,
  kind text not null check (kind in ('memberOf', 'reportsTo', 'sharesWith', 'suppliedBy')),
  related_id uuid not null,
  primary key (organisation_id, kind, related_id),
  foreign key (municipality_id, organisation_id) references organisations (municipality_id, id),
  foreign key (municipality_id, related_id) references organisations (municipality_id, id),
  check (organisation_id <> related_id)
);

-- A promise, signed by a named officer, not to pass data on. Twelve months at most.
create table attestations (
  id uuid primary key,
  municipality_id uuid not null,
  organisation_id uuid not null,
  signed_by text not null check (length(signed_by) between 1 and 200),
  signed_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > signed_at and expires_at <= signed_at + interval '12 months 1 day'),
  foreign key (municipality_id, organisation_id) references organisations (municipality_id, id)
);
create index attestations_by_organisation on attestations (organisation_id, expires_at);

create table clients (
  id text primary key check (length(id) between 1 and 200),
  municipality_id uuid not null,
  organisation_id uuid not null,
  foreign key (municipality_id, organisation_id) references organisations (municipality_id, id)
);

-- Every change of the graph gets a number. A decision names the number it was taken at, and
-- what it permits is written only while that number still holds.
create table organisation_graphs (
  municipality_id uuid primary key references municipalities,
  version bigint not null default 1
);

create function organisation_graph_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare changed uuid := case when tg_op = 'DELETE' then old.municipality_id else new.municipality_id end;
begin
  insert into organisation_graphs as graph (municipality_id) values (changed)
  on conflict (municipality_id) do update set version = graph.version + 1;
  return null;
end $$;

create trigger organisations_change after insert or update or delete on organisations
  for each row execute function organisation_graph_changed();
create trigger organisation_functions_change after insert or update or delete on organisation_functions
  for each row execute function organisation_graph_changed();
create trigger organisation_links_change after insert or update or delete on organisation_links
  for each row execute function organisation_graph_changed();
create trigger attestations_change after insert or update or delete on attestations
  for each row execute function organisation_graph_changed();
create trigger clients_change after insert or update or delete on clients
  for each row execute function organisation_graph_changed();

grant select, insert on organisations, organisation_functions, organisation_links, attestations, clients to padron_app;
grant delete on organisation_functions, organisation_links, clients to padron_app;
grant select on organisation_graphs to padron_app;
grant select on organisations, organisation_functions, organisation_links, organisation_graphs to padron_readonly_ops;

-- Every edge reachable from an organisation, each once, whatever the depth and even around a cycle.
create function organisation_closure(start uuid)
  returns table (organisation_id uuid, kind text, related_id uuid)
  language sql stable as $$
  with recursive reached (id) as (
    select start
    union
    select link.related_id from organisation_links link join reached on link.organisation_id = reached.id
  )
  select link.organisation_id, link.kind, link.related_id
  from reached join organisation_links link on link.organisation_id = reached.id
$$;
grant execute on function organisation_closure(uuid) to padron_app;
