import type { AnsweredBy, CouncilOutcome, ProceedingCause, SaidBy } from '../../registry/departure/hearing-model.ts'
import type { Channel, Informant, NoticeWay } from '../../registry/person/channels.ts'
import type { Texts } from '../ui/language.ts'

export const proceedingNames = (t: Texts): Record<ProceedingCause, string> => ({
  'moved-away': t['desk.movedAway'],
  'wrongly-registered': t['desk.wrongly'],
})

export const saidByNames = (t: Texts): Record<SaidBy, string> => ({
  'in-person': t['leaving.howInPerson'],
  'in-writing': t['leaving.howInWriting'],
  'own-page': t['leaving.howOwnPage'],
  representative: t['leaving.howRepresentative'],
})

export const informantNames = (t: Texts): Record<Informant, string> => ({
  household: t['leaving.inHousehold'],
  owner: t['leaving.inOwner'],
  authority: t['leaving.inAuthority'],
  staff: t['leaving.inStaff'],
  other: t['leaving.inOther'],
})

export const wayNames = (t: Texts): Record<NoticeWay, string> => ({
  'own-page': t['leaving.wayOwnPage'],
  answered: t['leaving.wayAnswered'],
  'in-person': t['leaving.wayInPerson'],
  letter: t['leaving.wayLetter'],
  elsewhere: t['leaving.wayElsewhere'],
  published: t['leaving.wayPublished'],
})

export const saidNames = (t: Texts): Record<AnsweredBy, string> => ({
  neighbour: t['leaving.byNeighbour'],
  representative: t['leaving.byRepresentative'],
  helper: t['leaving.byHelper'],
})

export const councilNames = (t: Texts): Record<CouncilOutcome, string> => ({
  favourable: t['leaving.favourable'],
  unfavourable: t['leaving.unfavourable'],
})

/** How somebody was told that a message waits. */
export const channelNames = (t: Texts): Record<Channel, string> => ({
  email: t['messages.email'],
  sms: t['messages.sms'],
  post: t['messages.post'],
  portal: t['messages.portal'],
  'in-person': t['messages.inPerson'],
})
