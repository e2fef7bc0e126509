-- A mistake is taken back within the hour by whoever made it; two records of one person become one, and come apart again.

alter table movements drop constraint movements_cause_of_kind,
  add constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission', 'return')
      when 'change' then cause in ('address', 'address-corrected', 'time-corrected', 'start-refused', 'personal-data',
        'representatives', 'undone', 'joined', 'taken-apart')
      when 'confirmation' then cause = 'residence'
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered', 'undone', 'joined')
      else false
    end);

-- Forgets somebody who was registered by mistake, within the hour and by whoever did it. Of a record with anything else in it
-- nothing is undone: that is for an erasure.
create function undo_registration(whose uuid, by text) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  written movements;
begin
  perform from neighbours n where n.id = whose and n.municipality_id = current_municipality() and n.departed_on is null for update;
  if not found or (select count(*) from movements where neighbour_id = whose) <> 1 then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  select * into written from movements where neighbour_id = whose;
  if written.kind <> 'registration' or written.recorded_by <> by or written.recorded_at < now() - interval '1 hour'
    or exists (select from representatives tie where tie.representative_id = whose and tie.ended_at is null) then
    raise exception 'there is no registration to undo' using errcode = 'PD003';
  end if;
  update neighbours set departed_on = written.effective_on where id = whose;
  insert into movements (id, municipality_id, neighbour_id, kind, cause, effective_on, recorded_by)
  values (gen_random_uuid(), written.municipality_id, whose, 'departure', 'undone', written.effective_on, by);
  perform forget_neighbour(whose);
end $$;
revoke all on function undo_registration(uuid, text) from public;
grant execute on function undo_registration(uuid, text) to padron_app, padron_gate;

-- Gives back what a departure at that instant ended: cards, helpers, those they act for. Keys of telephones are gone.
create function revive_access(whose uuid, ended timestamptz) returns void language sql as $$
  update resident_cards set cancelled_at = null, ended_by = null
  where neighbour_id = whose and ended_by = 'departure' and cancelled_at = ended;
  update helpers set ended_at = null where neighbour_id = whose and ended_at = ended;
  update representatives tie set ended_at = null, ended_because = null
  where tie.representative_id = whose and tie.ended_because = 'departed' and tie.ended_at = ended
    and not exists (select from representatives other where other.neighbour_id = tie.neighbour_id
      and other.representative_id = whose and other.ended_at is null);
$$;
revoke all on function revive_access(uuid, timestamptz) from public;
grant execute on function revive_access(uuid, timestamptz) to padron_app, padron_gate;

-- Takes back every proof given since an instant.
create function withdraw_proofs_since(whose uuid, since timestamptz) returns void language sql as $$
  update proofs set revoked_at = clock_timestamp()
  where neighbour_id = whose and revoked_at is null and issued_at >= since $$;
revoke all on function withdraw_proofs_since(uuid, timestamptz) from public;
grant execute on function withdraw_proofs_since(uuid, timestamptz) to padron_app, padron_gate;
