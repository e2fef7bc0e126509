-- A photo or a voice that somebody adds to what they write to the city. Sealed like the words.
create table complaint_attachments (
  id uuid primary key,
  municipality_id uuid not null references municipalities,
  complaint_id uuid not null references complaints on delete cascade,
  data_key_id uuid not null references data_keys,
  media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp',
    'audio/webm', 'audio/ogg', 'audio/mp4', 'audio/mpeg', 'audio/wav', 'audio/aac')),
  content bytea not null
);
create index complaint_attachments_by_complaint on complaint_attachments (complaint_id);
alter table complaint_attachments enable row level security;
create policy own_municipality on complaint_attachments to padron_app, padron_gate
  using (municipality_id = current_municipality()) with check (municipality_id = current_municipality());
create policy watch on complaint_attachments for select to padron_readonly_ops using (true);
grant select, insert on complaint_attachments to padron_app, padron_gate;
grant select (id, municipality_id, complaint_id, media_type) on complaint_attachments to padron_readonly_ops;
