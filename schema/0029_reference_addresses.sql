-- Where else neighbours without a fixed address may have their post kept, beside reference_address.
-- Each may name the parts of town it is near, in the words people use.
alter table municipalities add reference_addresses jsonb not null default '[]'
  check (jsonb_typeof(reference_addresses) = 'array');
