import { type RawBuilder, sql } from 'kysely'
import type { Sealed } from '../firewall/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { Address, Contact } from './model.ts'
import type { Municipality } from './municipality.ts'

// How somebody is reached, for every message of the city. What is sent says that there is a message and nothing else;
// nothing is written to whom the rules below do not reach. No other file writes to notices or notice_deliveries, and no
// other decides whom to write to: a test of the tree keeps it so.

/** The background work of telling neighbours of messages; the database leaves an item of it with each. */
export const NOTICES = 'notices'

export const CHANNELS = ['email', 'sms', 'portal', 'post', 'in-person'] as const
/** How somebody was told that they have a message; `portal` means that it waits on their page. */
export type Channel = (typeof CHANNELS)[number]

/** Who said something about a neighbour, as a kind of person and never as a name. */
export const INFORMANTS = ['household', 'owner', 'authority', 'staff', 'other'] as const
export type Informant = (typeof INFORMANTS)[number]

/** How somebody was given a notice of what the city means to decide, from which their time to answer counts. */
export const NOTICE_WAYS = ['own-page', 'answered', 'in-person', 'letter', 'elsewhere', 'published'] as const
export type NoticeWay = (typeof NOTICE_WAYS)[number]

/** What decides how somebody is reached. */
export interface Whom {
  protected: boolean
  departedOn?: string | undefined
  contact?: Contact | undefined
  address?: Address | undefined
  /** Who said what the message is about, where somebody did. */
  informant?: Informant | undefined
}

/** The ways to somebody that are open. On their own page and in person everybody is reached. */
export interface Reach {
  email?: string
  /** A number that a text can be sent to. */
  phone?: string
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

/**
 * How somebody is reached. A protected neighbour is told in person or finds it on their own page: whatever is sent can
 * be seen by whom they hide from. Somebody who left has no address here any more.
 */
export function reachOf(whom: Whom): Reach {
  if (whom.protected) return { notice: ['own-page', 'answered', 'in-person'], letterNeedsMore: true }
  const { email, phone } = whom.contact ?? {}
  return {
    ...(email === undefined ? {} : { email }),
    ...(phone !== undefined && DIALLED.test(phone) ? { phone: phone.replaceAll(/[^\d+]/g, '') } : {}),
    ...(whom.address === undefined || whom.departedOn !== undefined ? {} : { letter: whom.address }),
    notice: NOTICE_WAYS,
    letterNeedsMore: whom.informant !== undefined && OF_THE_ADDRESS.includes(whom.informant),
  }
}

/** The same rule for a query that counts without opening anybody: `neighbours` by this name may be written to by post. */
export const mayHaveLetter = (neighbours: string): RawBuilder<boolean> =>
  sql<boolean>`(not hides_whereabouts(${sql.ref(`${neighbours}.id`)}, ${sql.ref(`${neighbours}.protected`)}) and ${sql.ref(`${neighbours}.departed_on`)} is null)`

/** Messages that are worth a letter where nothing else reaches somebody: not that a card was changed, which they mostly did themselves. */
export const worthALetter = (notices: string): RawBuilder<boolean> =>
  sql<boolean>`${sql.ref(`${notices}.kind`)} <> 'ways-changed'`

export type MessageKind =
  | 'access-request'
  | 'answer'
  | 'proceeding'
  | 'proceeding-withdrawn'
  | 'proceeding-approved'
  /** One of their telephones may have been copied. */
  | 'way-in'
  /** A card, telephone or helper of theirs is new, or ended. */
  | 'ways-changed'

export interface Message {
  neighbourId: string
  kind: MessageKind
  visibleFrom: Temporal.Instant
  /** The latest at which they must have been told; at once, where nothing is said. */
  dueBy?: Temporal.Instant
  /** Seals what the message says, where it says something of its own. */
  details?: (id: string) => Sealed
}

/** Leaves somebody a message on their own page. How they are told that it waits is decided by `reachOf`. @returns its id */
export async function leaveMessage(
  transaction: Transaction,
  town: Pick<Municipality, 'id'>,
  message: Message,
): Promise<string> {
  const id = uuidv7()
  const { visibleFrom, dueBy = visibleFrom } = message
  await transaction
    .insertInto('notices')
    .values({
      id,
      municipality_id: town.id,
      neighbour_id: message.neighbourId,
      kind: message.kind,
      details: message.details ? Buffer.from(message.details(id)) : null,
      visible_from: new Date(visibleFrom.epochMilliseconds),
      due_by: new Date(dueBy.epochMilliseconds),
    })
    .execute()
  return id
}

/** Lets a message that is not visible yet become so later. Whether it may is decided where the secrecy is. */
export async function holdBack(
  transaction: Transaction,
  messageId: string,
  visibleFrom: Temporal.Instant,
  dueBy: Temporal.Instant,
): Promise<void> {
  await transaction
    .updateTable('notices')
    .set({ visible_from: new Date(visibleFrom.epochMilliseconds), due_by: new Date(dueBy.epochMilliseconds) })
    .where('id', '=', messageId)
    .execute()
}

/**
 * Writes down how somebody was told that messages wait. What they were told by stays, save that a message which only
 * waited may be told later by a letter or in person, and one by letter in person.
 *
 * @returns how many were written down
 */
export async function noteTold(
  transaction: Transaction,
  town: Pick<Municipality, 'id'>,
  messages: readonly string[],
  channel: Channel,
  at: Temporal.Instant,
): Promise<number> {
  if (messages.length === 0) return 0
  const before = channel === 'in-person' ? ['portal', 'post'] : channel === 'post' ? ['portal'] : []
  const told = await transaction
    .insertInto('notice_deliveries')
    .values(messages.map((id) => ({ notice_id: id, municipality_id: town.id, channel, sent_at: at.toString() })))
    .onConflict((known) =>
      before.length === 0
        ? known.doNothing()
        : known
            .columns(['municipality_id', 'notice_id'])
            .doUpdateSet({ channel, sent_at: at.toString() })
            .where('notice_deliveries.channel', 'in', before),
    )
    .executeTakeFirst()
  return Number(told.numInsertedOrUpdatedRows ?? 0n)
}

/**
 * Counts every message that could be seen as waiting on its neighbour's own page, where nobody knows whether they were told:
 * nobody is written to twice, and a letter may follow.
 */
export async function countAsWaiting(transaction: Transaction, town: Pick<Municipality, 'id'>): Promise<void> {
  await sql`
    insert into notice_deliveries (notice_id, municipality_id, channel, sent_at)
    select id, municipality_id, 'portal', clock_timestamp() from notices waiting
    where municipality_id = ${town.id}::text::uuid and visible_from <= clock_timestamp()
      and not exists (select from notice_deliveries told where told.notice_id = waiting.id)`.execute(transaction)
}
