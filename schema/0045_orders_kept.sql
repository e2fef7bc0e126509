-- The document of a demand is uploaded, hashed by the registry and kept sealed; an order's secrecy is prolonged by two officers.
create table demand_documents (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  uploaded_by text not null check (length(uploaded_by) between 1 and 320),
  uploaded_at timestamptz not null default clock_timestamp(),
  data_key_id uuid not null references data_keys,
  content bytea not null,
  -- SHA-256 of what was uploaded: whoever has the same paper sees that it is the one that was kept.
  sha256 bytea not null check (length(sha256) = 32)
);
create trigger demand_documents_append_only before update or delete or truncate on demand_documents
  for each statement execute function refuse_change();
alter table demand_documents enable row level security;
create policy own_municipality on demand_documents to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
grant select, insert on demand_documents to padron_app, padron_gate;

alter table access_requests drop column document_hash,
  add column document_id uuid not null unique references demand_documents,
  -- The message to the neighbour, once the order was opened.
  add column notice_id uuid references notices on delete set null;
grant update (notice_id, subject_id) on access_requests to padron_app, padron_gate;

-- A message may become visible later only as the secrecy of the order it tells of is prolonged: by two officers, before it has
-- become visible, and for ninety days from now at most. Nothing else of it changes, save whose it is when records are joined.
alter table officer_acts drop constraint officer_acts_kind_check, add constraint officer_acts_kind_check check (kind in
  ('enrol', 'application', 'function', 'tie', 'promise', 'machine', 'alias', 'lend', 'take-back', 'affected', 'secrecy'));
create or replace function notices_change_owner_only() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - array['neighbour_id', 'visible_from', 'due_by'])
      is distinct from (to_jsonb(old) - array['neighbour_id', 'visible_from', 'due_by']) then
    raise exception 'table notices is append-only' using errcode = 'PD002';
  end if;
  if new.visible_from is distinct from old.visible_from or new.due_by is distinct from old.due_by then
    if old.kind <> 'access-request' or old.visible_from <= clock_timestamp() or new.visible_from < old.visible_from
      or new.visible_from > clock_timestamp() + interval '91 days' or new.due_by > new.visible_from + interval '8 days' then
      raise exception 'a message is kept back only while it is secret, and for ninety days' using errcode = 'PD002';
    end if;
  end if;
  return new;
end $$;
grant update (visible_from, due_by) on notices to padron_app, padron_gate;
