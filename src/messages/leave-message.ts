import type { Message } from '../identity/telling.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import type { Channel } from '../registry/person/channels.ts'
import type { Municipality } from '../town/model.ts'
import { deliverWaitingToPortal, keepDelivery, keepNotice, postponeNotice } from './store.ts'

// How somebody is reached, for every message of the city. What is sent says that there is a message and nothing else;
// nothing is written to whom the rules below do not reach. No other file writes to notices or notice_deliveries, and no
// other decides whom to write to: a test of the tree keeps it so.

/** The background work of telling neighbours of messages; the database leaves an item of it with each. */
export const NOTICES = 'notices' as const

/** Leaves somebody a message on their own page. How they are told that it waits is decided by `reachOf`. @returns its id */
export async function leaveMessage(
  transaction: Transaction,
  town: Pick<Municipality, 'id'>,
  message: Message,
): Promise<string> {
  const id = uuidv7()
  const { visibleFrom, dueBy = visibleFrom } = message
  await keepNotice(transaction, {
    id,
    municipality_id: town.id,
    neighbour_id: message.neighbourId,
    kind: message.kind,
    details: message.details ? Buffer.from(message.details(id)) : null,
    visible_from: new Date(visibleFrom.epochMilliseconds),
    due_by: new Date(dueBy.epochMilliseconds),
  })
  return id
}

/** Lets a message that is not visible yet become so later. Whether it may is decided where the secrecy is. */
export async function holdBack(
  transaction: Transaction,
  { messageId, visibleFrom, dueBy }: { messageId: string; visibleFrom: Temporal.Instant; dueBy: Temporal.Instant },
): Promise<void> {
  await postponeNotice(transaction, {
    visibleFrom: new Date(visibleFrom.epochMilliseconds),
    dueBy: new Date(dueBy.epochMilliseconds),
    id: messageId,
  })
}

/**
 * Writes down how somebody was told that messages wait. What they were told by stays, save that a message which only
 * waited may be told later by a letter or in person, and one by letter in person.
 *
 * @returns how many were written down
 */
export async function noteTold(
  transaction: Transaction,
  {
    town,
    messages,
    channel,
    at,
  }: { town: Pick<Municipality, 'id'>; messages: readonly string[]; channel: Channel; at: Temporal.Instant },
): Promise<number> {
  if (messages.length === 0) return 0
  const before = channel === 'in-person' ? ['portal', 'post'] : channel === 'post' ? ['portal'] : []
  const told = await keepDelivery(transaction, {
    messages,
    municipalityId: town.id,
    channel,
    sentAt: at.toString(),
    before,
  })
  return Number(told.numInsertedOrUpdatedRows ?? 0n)
}

/**
 * Counts every message that could be seen as waiting on its neighbour's own page, where nobody knows whether they were told:
 * nobody is written to twice, and a letter may follow.
 */
export async function countAsWaiting(transaction: Transaction, town: Pick<Municipality, 'id'>): Promise<void> {
  await deliverWaitingToPortal(transaction, town.id)
}
