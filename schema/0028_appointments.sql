-- A complaint can be said in person: at a time that its code was given for, and no name.
alter table complaints add appointment_at timestamptz;
-- One person at a time, so that nobody is overheard.
create unique index complaints_by_appointment on complaints (municipality_id, appointment_at) where appointment_at is not null;
grant update (appointment_at) on complaints to padron_app, padron_gate;

-- Weekdays from 1 (Monday) to 7, and times of the town's own clock.
alter table municipalities add hearing_hours jsonb not null
  default '[{"weekday": 2, "from": "10:00", "to": "13:00"}, {"weekday": 4, "from": "16:00", "to": "19:00"}]';
