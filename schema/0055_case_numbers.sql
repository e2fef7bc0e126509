-- A ticket or file number is what offices use, as it stands: letters, digits, blanks and / . _ -.
alter table sessions drop constraint sessions_work_case_check;
alter table sessions add constraint sessions_work_case_check check (length(work_case) between 1 and 40);
