-- An order is approved by two officers who did not write it down.
create function reviewed_by_others() returns trigger language plpgsql as $$
begin
  if new.approves and exists (select from access_requests demand where demand.id = new.request_id and demand.recorded_by = new.staff_id) then
    raise exception 'whoever wrote a demand down does not approve it' using errcode = 'PD006';
  end if;
  return new;
end $$;
create trigger access_request_reviews_by_others before insert on access_request_reviews
  for each row execute function reviewed_by_others();
