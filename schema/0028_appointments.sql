-- A complaint can be said in person: at a time that its code was given for, and no name.
alter table complaints add appointment_at timestamptz;
-- One person at a time, so that nobody is overheard.
create unique index complaints_by_appointment on complaints (municipality_id, appointment_at) where appointment_at is not null;
-- A time that is over, called off or no longer needed is somebody else's, and stays known to whoever had it.
alter table complaints add appointment_was timestamptz, add appointment_ended text check (appointment_ended in ('cancelled', 'answered')),
  add check (num_nonnulls(appointment_was, appointment_ended) in (0, 2)), add check (appointment_at is null or appointment_was is null);
grant update (appointment_at, appointment_was, appointment_ended) on complaints to padron_app, padron_gate;

-- Weekdays from 1 (Monday) to 7, and times of the town's own clock.
alter table municipalities add hearing_hours jsonb not null
  default '[{"weekday": 2, "from": "10:00", "to": "13:00"}, {"weekday": 4, "from": "16:00", "to": "19:00"}]';
