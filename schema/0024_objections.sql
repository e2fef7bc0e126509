-- An objection (GDPR article 21) is decided by legal officers; whoever asked while signed in is told of the answer.
alter table complaints drop constraint complaints_kind_check,
  add constraint complaints_kind_check check (
    kind in ('refused', 'asked-about-papers', 'wrong-data', 'who-looked', 'change', 'objection', 'suggestion', 'other'));

-- What an answer says is with the question; the notice only says that there is one.
alter table notices alter column details drop not null,
  drop constraint notices_kind_check,
  add constraint notices_kind_check check (kind in ('access-request', 'answer')),
  add constraint notices_details_by_kind check ((kind = 'answer') = (details is null));
