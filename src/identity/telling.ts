import type { Sealed } from '../keys/seal.ts'
import type { Clock } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { Municipality } from '../town/model.ts'

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
  /** A card or a telephone was made for them at a counter, and works after a while. */
  | 'way-waits'
  /** Somebody who has the code of their card tried wrong words with it until it let in nobody new. */
  | 'card-tried'
  /** Somebody was recorded at a counter who acts for them, or for somebody they act for, after a while. */
  | 'acts-waits'
  /** How they are reached was changed at a counter. */
  | 'reach-changed'

export interface Message {
  neighbourId: string
  kind: MessageKind
  visibleFrom: Temporal.Instant
  /** The latest at which they must have been told; at once, where nothing is said. */
  dueBy?: Temporal.Instant
  /** Seals what the message says, where it says something of its own. */
  details?: (id: string) => Sealed
}

/**
 * Leaves somebody a message on their own page, in the transaction at hand. The room of messages provides it.
 *
 * @returns its id
 */
export type LeaveMessage = (
  transaction: Transaction,
  town: Pick<Municipality, 'id'>,
  message: Message,
) => Promise<string>

/** Lets a neighbour know that what opens their record was changed, whoever did it, or that a telephone or a card may have been copied. */
export async function noticeOfWays(
  transaction: Transaction,
  {
    deps: { clock, leaveMessage },
    town,
    neighbourId,
    kind = 'ways-changed',
  }: {
    deps: { clock: Clock; leaveMessage: LeaveMessage }
    town: Municipality
    neighbourId: string
    kind?: 'ways-changed' | 'way-in' | 'card-tried' | 'way-waits' | 'acts-waits' | 'reach-changed' | undefined
  },
): Promise<void> {
  await leaveMessage(transaction, town, { neighbourId, kind, visibleFrom: clock.now() })
}

/** What the city decided about somebody who is no neighbour any more, as far as it is told without opening a record. */
export interface Removal {
  cause: 'moved-away' | 'wrongly-registered'
  /** ISO date from which it holds. */
  since: string
}
