-- A message can be told in person: at a desk, or where somebody without a fixed address has their post kept.
alter table notice_deliveries drop constraint notice_deliveries_channel_check;
alter table notice_deliveries add constraint notice_deliveries_channel_check
  check (channel in ('email', 'sms', 'portal', 'post', 'in-person'));
