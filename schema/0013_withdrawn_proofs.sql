-- A proof that no longer says what is true is taken back with the change that made it so.

alter table proofs add column rests_on text[] not null default '{}';
grant update (revoked_at) on proofs to padron_gate;

-- What a change concerns: 'name', 'dateOfBirth', 'address', 'household'; of a start that is corrected, 'years' (since
-- when without a gap) and 'periods' (a history of them).
create function withdraw_proofs(whose uuid, changed text[]) returns integer language plpgsql as $$
declare withdrawn integer;
begin
  update proofs set revoked_at = clock_timestamp()
  where neighbour_id = whose and revoked_at is null and rests_on && changed;
  get diagnostics withdrawn = row_count;
  return withdrawn;
end $$;
revoke all on function withdraw_proofs(uuid, text[]) from public;
grant execute on function withdraw_proofs(uuid, text[]) to padron_app, padron_gate;
grant select (rests_on) on proofs to padron_readonly_ops;
create index proofs_by_signing_key on proofs (signing_key_id, neighbour_id) where revoked_at is null;
