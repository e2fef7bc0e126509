-- Why a clerk opens records, chosen once for a case.
alter table sessions add work_purpose text check (work_purpose ~ '^[a-z-]{4,64}$');

grant update (work_purpose) on sessions to padron_app, padron_gate;
