-- An address that was wrong from the start is corrected, which is not a move: nobody lived there.
alter table movements drop constraint movements_cause_of_kind,
  add constraint movements_cause_of_kind check (
    case kind
      when 'registration' then cause in ('birth', 'arrival', 'omission', 'return')
      when 'change' then cause in ('address', 'address-corrected', 'personal-data')
      when 'confirmation' then cause = 'residence'
      when 'departure' then cause in ('death', 'moved-away', 'duplicate', 'wrongly-registered')
      else false
    end);
