-- Which session at the city's provider a session here came of, so that it ends when that one does (OpenID Connect Back-Channel
-- Logout 1.0).
alter table sessions add column provider_session text check (length(provider_session) between 1 and 200);
create index sessions_of_provider on sessions (provider_session) where provider_session is not null;
