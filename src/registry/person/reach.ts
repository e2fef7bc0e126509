import type { Address, Contact, ContactBefore } from '../model.ts'
import { type Informant, NOTICE_WAYS, type NoticeWay } from './channels.ts'

/** What decides how somebody is reached. */
export interface Whom {
  protected: boolean
  departedOn?: string | undefined
  contact?: Contact | undefined
  /** How they were reached before, while messages go there too. */
  contactBefore?: readonly ContactBefore[] | undefined
  /** When there was something to tell. */
  now?: Temporal.Instant | undefined
  address?: Address | undefined
  /** Who said what the message is about, where somebody did. */
  informant?: Informant | undefined
}

/** The ways to somebody that are open. On their own page and in person everybody is reached. */
export interface Reach {
  email?: string
  /** A number that a text can be sent to. */
  phone?: string
  /** Where they were reached before, and are told as well for a while. */
  also?: readonly Pick<Reach, 'email' | 'phone'>[]
  letter?: Address
  /** Ways a notice may be given. */
  notice: readonly NoticeWay[]
  /** A letter to where they are registered is read by whoever spoke against them: it needs another way beside it. */
  letterNeedsMore: boolean
}

/** A number as people write it, that a text can be sent to: international, or as it is dialled at home. */
const DIALLED = /^\+?[\d\s().-]{6,24}$/
/** Who lives at the address, or owns it, and may take the post in. */
const OF_THE_ADDRESS: readonly Informant[] = ['household', 'owner']

/** What a message can be sent to. */
const waysOf = ({ email, phone }: Contact = {}): Pick<Reach, 'email' | 'phone'> => ({
  ...(email === undefined ? {} : { email }),
  ...(phone !== undefined && DIALLED.test(phone) ? { phone: phone.replaceAll(/[^\d+]/g, '') } : {}),
})

/**
 * How somebody is reached. A protected neighbour is told in person or finds it on their own page: whatever is sent can
 * be seen by whom they hide from. Somebody who left has no address here any more.
 */
export function reachOf(whom: Whom): Reach {
  if (whom.protected) return { notice: ['own-page', 'answered', 'in-person'], letterNeedsMore: true }
  const { contactBefore = [], now } = whom
  const also = contactBefore.filter(
    ({ until }) => now !== undefined && Temporal.Instant.compare(Temporal.Instant.from(until), now) > 0,
  )
  return {
    ...waysOf(whom.contact),
    ...(also.length > 0 ? { also: also.map(({ contact }) => waysOf(contact)) } : {}),
    ...(whom.address === undefined || whom.departedOn !== undefined ? {} : { letter: whom.address }),
    notice: NOTICE_WAYS,
    letterNeedsMore: whom.informant !== undefined && OF_THE_ADDRESS.includes(whom.informant),
  }
}
