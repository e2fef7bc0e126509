-- More ways to say that there is a message: a text to a telephone, a letter to where letters reach somebody.
alter table notice_deliveries drop constraint notice_deliveries_channel_check;
alter table notice_deliveries add constraint notice_deliveries_channel_check
  check (channel in ('email', 'sms', 'portal', 'post'));
grant update (channel, sent_at) on notice_deliveries to padron_app, padron_gate;
create index notice_deliveries_to_print on notice_deliveries (municipality_id) where channel = 'portal';
