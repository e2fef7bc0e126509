-- Sealed columns are read by the gate's role and no other. The service's own role may write them, count
-- them and never read them: a query outside the gate's transaction fails, whoever wrote it.
--
-- padron_gate  what the gate's transactions switch to (set local role); everything padron_app may do, and
--              reading what is sealed.
do $$
begin
  if not exists (select from pg_roles where rolname = 'padron_gate') then
    create role padron_gate nologin noinherit;
  end if;
end $$;
grant padron_gate to padron_app;
grant usage on schema public to padron_gate;

do $$
declare
  one record;
begin
  for one in
    select table_name, privilege_type from information_schema.role_table_grants
    where grantee = 'padron_app' and table_schema = 'public'
  loop
    execute format('grant %s on %I to padron_gate', one.privilege_type, one.table_name);
  end loop;
  for one in
    select held.table_name, held.column_name, held.privilege_type from information_schema.column_privileges held
    where held.grantee = 'padron_app' and held.table_schema = 'public'
  loop
    execute format('grant %s (%I) on %I to padron_gate', one.privilege_type, one.column_name, one.table_name);
  end loop;
  for one in
    select oid::regprocedure as signature from pg_proc
    where pronamespace = 'public'::regnamespace and has_function_privilege('padron_app', oid, 'execute')
  loop
    execute format('grant execute on function %s to padron_gate', one.signature);
  end loop;
  for one in select tablename from pg_policies where schemaname = 'public' and policyname = 'own_municipality' loop
    execute format('alter policy own_municipality on %I to padron_app, padron_gate', one.tablename);
  end loop;

  for one in
    select sealed.table_name, string_agg(format('%I', known.column_name), ', ') as others
    from (values
      ('particulars', array['identity', 'contact']),
      ('representatives', array['details']),
      ('addresses', array['place', 'reference', 'usual_area']),
      ('movements', array['details']),
      ('proceedings', array['reason']),
      ('ledger_entries', array['details']),
      ('notices', array['details'])) as sealed (table_name, columns)
    join information_schema.columns known
      on known.table_schema = 'public' and known.table_name = sealed.table_name and known.column_name <> all (sealed.columns)
    group by sealed.table_name
  loop
    execute format('revoke select on %I from padron_app', one.table_name);
    execute format('grant select (%s) on %I to padron_app', one.others, one.table_name);
  end loop;
end $$;
