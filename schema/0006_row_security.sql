-- One installation may serve many municipalities; none sees another's rows, whatever the query says.
do $$
declare guarded text;
begin
  foreach guarded in array array[
    'registry_keys', 'data_keys', 'signing_keys', 'organisations', 'organisation_functions', 'organisation_links',
    'attestations', 'clients', 'organisation_graphs', 'neighbours', 'particulars', 'evidence', 'representatives',
    'addresses', 'households', 'residences', 'movements', 'proceedings', 'search_tokens', 'idempotency_keys',
    'status_lists', 'proofs', 'ledger_entries', 'ledger_sequence']
  loop
    execute format('alter table %I enable row level security', guarded);
    execute format('create policy own_municipality on %I to padron_app
      using (municipality_id = current_municipality()) with check (municipality_id = current_municipality())', guarded);
    execute format('create policy watch on %I for select to padron_readonly_ops using (true)', guarded);
  end loop;
end $$;
