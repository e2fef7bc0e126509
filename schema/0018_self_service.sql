-- What neighbours do for themselves: say that they still live here. Asked of everyone alike, and
-- nothing follows from silence: there is no column here from which anything could lapse.
alter table movements drop constraint movements_cause_of_kind;
alter table movements add constraint movements_cause_of_kind check (
  case kind
    when 'registration' then cause in ('birth', 'arrival', 'omission')
    when 'change' then cause in ('address', 'personal-data')
    when 'confirmation' then cause = 'residence'
    when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered')
    else false
  end);

alter table municipalities add column confirm_after_months integer not null default 24
  check (confirm_after_months between 1 and 240);
comment on column municipalities.confirm_after_months is
  'After so long without a word from them, a neighbour is asked whether they still live here.';
