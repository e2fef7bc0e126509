import type { Job } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import type { RegistryDeps } from './deps.ts'
import type { NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { type Channel, noteTold, type Reach, reachOf } from './reach.ts'
import { loadRecords } from './store.ts'

/** Sends somebody the words "you have a message" in their language, and no others. */
export type Post = (to: string, language: string | undefined) => Promise<void>

/** The ways a message can be announced, as far as the city has them. */
export interface Channels {
  email?: Post | undefined
  sms?: Post | undefined
}

const JOB: Job = { kind: 'job', id: 'notices' }
const MOST_AT_ONCE = 50
/** A notice that cannot be sent is tried again for so long; it is on the neighbour's page all the while. */
const TRIED_FOR = { hours: 24 * 7 }

/**
 * Tells neighbours who gave an address or a number for it that they have a message. Who gave neither, or is protected,
 * finds it on their page; a letter may follow. Each look at how to reach somebody is in the ledger, where they see it.
 *
 * @returns how many were sent
 */
export async function tellOfNotices(deps: RegistryDeps, town: Municipality, channels: Channels): Promise<number> {
  const now = deps.clock.now()
  const waiting = await inMunicipality(deps.database, town.id, (transaction) =>
    transaction
      .selectFrom('notices')
      .leftJoin('notice_deliveries', 'notice_deliveries.notice_id', 'notices.id')
      .select(['notices.id', 'neighbour_id'])
      .where('notice_id', 'is', null)
      .where('visible_from', '<=', new Date(now.epochMilliseconds))
      .where('visible_from', '>', new Date(now.subtract(TRIED_FOR).epochMilliseconds))
      .orderBy('visible_from')
      .limit(MOST_AT_ONCE)
      .execute(),
  )
  let sent = 0
  for (const notice of waiting) {
    let hidden = true
    const reach = await deps.gate.open<NeighbourFields, 'contact' | 'languages', Reach & { language?: string }>(
      {
        municipalityId: town.id,
        requester: JOB,
        action: 'notify',
        purpose: 'notify',
        fields: ['contact', 'languages'],
      },
      async (transaction) => {
        const records = await loadRecords(transaction, [notice.neighbour_id], {
          trueAt: today(deps.clock, town.timeZone),
        })
        hidden = records.every((record) => record.protected && !record.held)
        return records
      },
      ([record]) => ({
        ...reachOf({ protected: hidden, contact: record?.contact }),
        ...(record?.languages?.[0] ? { language: record.languages[0] } : {}),
      }),
    )
    const channel: { sent: Channel } = { sent: 'portal' }
    await reach.mapAsync(async ({ email, phone, language }) => {
      if (email !== undefined && channels.email) {
        await channels.email(email, language)
        channel.sent = 'email'
      } else if (phone !== undefined && channels.sms) {
        await channels.sms(phone, language)
        channel.sent = 'sms'
      } else return
      sent += 1
    })
    await inMunicipality(deps.database, town.id, (transaction) =>
      noteTold(transaction, town, [notice.id], channel.sent, deps.clock.now()),
    )
  }
  return sent
}
