import type { Disclosed } from '../firewall/disclosed.ts'
import type { Job } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import type { Item, Next } from '../platform/jobs.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { NeighbourFields } from '../registry/model.ts'
import type { Channel } from '../registry/person/channels.ts'
import { type Reach, reachOf } from '../registry/person/reach.ts'
import { loadRecords } from '../registry/store.ts'
import type { Municipality } from '../town/model.ts'
import { NOTICES, noteTold } from './leave-message.ts'
import { undeliveredNotice } from './store.ts'

/** All that a message sent says, in somebody’s language: that there is one. */
export type MessageWords = (language: string | undefined) => string

/**
 * Sends somebody the words "you have a message" in their language, and no others.
 *
 * @param once the same for every try of one message: whoever passes it on can tell a second one
 * @throws {NotSent} when it certainly did not leave; anything else leaves that open
 */
export type Post = (to: string, language: string | undefined, idempotencyKey: string) => Promise<void>

/** @throws by a `Post` when a message certainly did not leave. */
export class NotSent extends Error {
  readonly code: string

  constructor(code: string) {
    super('a message did not leave')
    this.code = code
  }
}

/** The ways a message can be announced, as far as the city has them. */
export interface Channels {
  email?: Post | undefined
  sms?: Post | undefined
}

const JOB: Job = { kind: 'job', id: NOTICES }
/** A notice that cannot be sent is tried again for so long; it is on the neighbour's page all the while. */
const TRIED_FOR = { hours: 24 * 7 }

/**
 * Tells a neighbour who gave an address or a number for it that they have a message. Who gave neither, or is protected,
 * finds it on their page; a letter may follow. Each look at how to reach somebody is in the ledger, where they see it.
 *
 * Nobody is sent two: where it is not known whether the first left, because a process or a line ended in the middle, it
 * counts as waiting on their page, and a letter may follow as for anybody else who could not be written to.
 */
export async function tellOfNotice(
  deps: RegistryDeps,
  town: Municipality,
  { channels, item }: { channels: Channels; item: Pick<Item, 'item' | 'doubtful' | 'begin' | 'undone'> },
): Promise<Next> {
  const now = deps.clock.now()
  const notice = await inMunicipality(deps.database, town.id, (transaction) =>
    undeliveredNotice(transaction, item.item),
  )
  if (notice === undefined) return 'done'
  const visible = Temporal.Instant.fromEpochMilliseconds(notice.visible_from.getTime())
  if (Temporal.Instant.compare(visible, now) > 0) return now.until(visible)
  const channel: { sent: Channel } = { sent: 'portal' }
  if (!item.doubtful && Temporal.Instant.compare(visible, now.subtract(TRIED_FOR)) > 0) {
    const reach = await reachForNotice(deps, { town, id: notice.neighbour_id, visible })
    await reach.mapAsync(async ({ email, phone, also = [], language }) => {
      const recorded = [{ email, phone }, ...also].map((one) => wayOf(channels, one))
      const ways = recorded
        .filter((one) => one !== undefined)
        .filter((one, i, all) => all.findIndex(({ to }) => to === one.to) === i)
      if (ways.length === 0) return
      await item.begin()
      const failed: unknown[] = []
      for (const [i, { way, to }] of ways.entries()) {
        try {
          await channels[way]?.(to, language, i === 0 ? notice.id : `${notice.id} ${i}`)
          channel.sent = way
        } catch (error) {
          failed.push(error)
        }
      }
      // Each was tried. Where nobody knows, it may have left; it is over only where none did.
      const unknown = failed.find((error) => !(error instanceof NotSent))
      if (unknown !== undefined) throw unknown
      if (failed.length === ways.length) {
        await item.undone()
        throw failed[0]
      }
      // Where one way was not reached, or was none but the post, a letter may follow.
      if (failed.length > 0 || (also.length > 0 && recorded.includes(undefined))) channel.sent = 'portal'
    })
  }
  await inMunicipality(deps.database, town.id, (transaction) =>
    noteTold(transaction, { town, messages: [notice.id], channel: channel.sent, at: deps.clock.now() }),
  )
  return 'done'
}

/** The way a message goes to somebody, of those the city has. */
function wayOf(
  channels: Channels,
  { email, phone }: { email?: string | undefined; phone?: string | undefined },
): { way: 'email' | 'sms'; to: string } | undefined {
  if (email !== undefined && channels.email) return { way: 'email', to: email }
  return phone !== undefined && channels.sms ? { way: 'sms', to: phone } : undefined
}

async function reachForNotice(
  deps: RegistryDeps,
  { town, id: neighbourId, visible }: { town: Municipality; id: string; visible: Temporal.Instant },
): Promise<Disclosed<Reach & { language?: string }>> {
  return deps.gate.open<
    NeighbourFields,
    'contact' | 'contactBefore' | 'languages',
    Reach & { language?: string },
    { hidden: boolean }
  >(
    {
      municipalityId: town.id,
      requester: JOB,
      action: 'notify',
      purpose: 'notify',
      fields: ['contact', 'contactBefore', 'languages'],
    },
    async (transaction) => {
      const records = await loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) })
      return { records, beside: { hidden: records.every((record) => record.protected && !record.held) } }
    },
    ([record], { beside: { hidden } }) => ({
      ...reachOf({
        protected: hidden,
        contact: record?.contact,
        contactBefore: record?.contactBefore,
        now: visible,
      }),
      ...(record?.languages?.[0] ? { language: record.languages[0] } : {}),
    }),
  )
}
