import type { AnsweredBy, CouncilOutcome, ProceedingCause, SaidBy } from '../../registry/departure/hearing-model.ts'
import type { Channel, Informant, NoticeWay } from '../../registry/person/channels.ts'
import type { Texts } from '../ui/language.ts'

export const proceedingNames = (t: Texts): Record<ProceedingCause, string> => ({
  'moved-away': t.dMovedAway,
  'wrongly-registered': t.dWrongly,
})

export const saidByNames = (t: Texts): Record<SaidBy, string> => ({
  'in-person': t.lHowInPerson,
  'in-writing': t.lHowInWriting,
  'own-page': t.lHowOwnPage,
  representative: t.lHowRepresentative,
})

export const informantNames = (t: Texts): Record<Informant, string> => ({
  household: t.lInHousehold,
  owner: t.lInOwner,
  authority: t.lInAuthority,
  staff: t.lInStaff,
  other: t.lInOther,
})

export const wayNames = (t: Texts): Record<NoticeWay, string> => ({
  'own-page': t.lWayOwnPage,
  answered: t.lWayAnswered,
  'in-person': t.lWayInPerson,
  letter: t.lWayLetter,
  elsewhere: t.lWayElsewhere,
  published: t.lWayPublished,
})

export const saidNames = (t: Texts): Record<AnsweredBy, string> => ({
  neighbour: t.lByNeighbour,
  representative: t.lByRepresentative,
  helper: t.lByHelper,
})

export const councilNames = (t: Texts): Record<CouncilOutcome, string> => ({
  favourable: t.lFavourable,
  unfavourable: t.lUnfavourable,
})

/** How somebody was told that a message waits. */
export const channelNames = (t: Texts): Record<Channel, string> => ({
  email: t.nEmail,
  sms: t.nSms,
  post: t.nPost,
  portal: t.nPortal,
  'in-person': t.nInPerson,
})
