-- Where the city's sign-in does not say by itself that an account was closed, it is asked: with the refresh token that it gave at
-- signing in, sealed. `asked_at` is when it last was, `confirmed_at` when it last said yes.
alter table sessions add column refresh bytea, add column asked_at timestamptz, add column confirmed_at timestamptz,
  add check (num_nonnulls(refresh, asked_at, confirmed_at) in (0, 3)),
  add check (refresh is null or kind = 'staff');
grant update (refresh, asked_at, confirmed_at) on sessions to padron_app, padron_gate;
