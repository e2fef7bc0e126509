import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { type Content, contentPlace } from '../firewall/drawn.ts'
import { confirmedPlain, mustBePlain, plain } from '../firewall/free-text.ts'
import type { Gate } from '../firewall/model.ts'
import type { Staff } from '../firewall/requester.ts'
import type { MunicipalityKeys } from '../keys/municipality-keys.ts'
import { type Clock, today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { drawnOpenings, explainDrawnRow, lockDrawn, markDrawnRead, neighboursDrawnUnexplained } from './flag-store.ts'
import { reasonPlace } from './review-flags.ts'

/** A look-up that was drawn. Names nobody: an id, a pseudonym, and the words of whoever looked. */
export interface DrawnOpening extends Content {
  id: string
  /** RFC 3339. */
  seenAt: string
  staff: string
  neighbourId: string
  reason?: string | undefined
}

/** How long somebody has to explain before it is settled without. */
const TIME_TO_EXPLAIN: Temporal.DurationLike = { days: 7 }

/** On one page. */
const MOST = 50

type Town = { id: string; timeZone: string }

type Deps = { gate: Gate; clock: Clock }

const explaining = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'answer', purpose: 'own-look-ups', fields: [] }) as const

const supervising = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'supervise', purpose: 'supervision', fields: [] }) as const

/** Those of days that are over: nobody is told on the day itself which of their look-ups are drawn. */
async function drawnBefore(
  deps: Deps,
  {
    town,
    transaction,
    municipalityKeys: { ledger },
    whose,
    cursor,
  }: {
    town: Town
    transaction: Transaction
    municipalityKeys: MunicipalityKeys
    whose: { own: string } | { unreadBut: string }
    cursor: string | undefined
  },
): Promise<Paged<DrawnOpening>> {
  const after = readCursor(cursor)
  const read = await drawnOpenings(transaction, {
    day: today(deps.clock, town.timeZone).toString(),
    whose,
    after,
    most: MOST + 1,
  })
  const { rows, more } = pageOf(read, MOST, (row) => ({ at: row.day, id: row.id }))
  const items = rows.map((row) => ({
    id: row.id,
    seenAt: row.seen_at.toTemporalInstant().toString(),
    staff: row.staff_id,
    neighbourId: row.neighbour_id,
    ...(ledger.open(contentPlace(row.staff_id, row.neighbour_id), row.content) as Content),
    reason: row.reason === null ? undefined : (ledger.open(reasonPlace(row.id), row.reason) as string),
  }))
  return { items, more }
}

/** Whom somebody has yet to explain having looked at, inside a transaction of the gate's. */
export async function neighboursToExplain(
  deps: Pick<Deps, 'clock'>,
  { town, transaction, staff }: { town: Town; transaction: Transaction; staff: Staff },
): Promise<string[]> {
  const rows = await neighboursDrawnUnexplained(transaction, {
    staffId: staff.id,
    day: today(deps.clock, town.timeZone).toString(),
  })
  return rows.map((row) => row.neighbour_id)
}

/** What whoever asks looked at on earlier days and has yet to explain. @throws {Refusal} for anyone but the counters' staff */
export async function ownDrawn(
  deps: Deps,
  { town, requester, cursor }: { town: Town; requester: Staff; cursor?: string | undefined },
): Promise<Disclosed<Paged<DrawnOpening>>> {
  const keys = await deps.gate.keysOf(town.id)
  return deps.gate.decide(explaining(town.id, requester), (transaction) =>
    drawnBefore(deps, { town, transaction, municipalityKeys: keys, whose: { own: requester.id }, cursor }),
  )
}

/** What supervisors have yet to read, explained or not. @throws {Refusal} for anyone but supervisors and auditors */
export async function drawnToRead(
  deps: Deps,
  { town, requester, cursor }: { town: Town; requester: Staff; cursor?: string | undefined },
): Promise<Disclosed<Paged<DrawnOpening>>> {
  const keys = await deps.gate.keysOf(town.id)
  return deps.gate.decide(supervising(town.id, requester), (transaction) =>
    drawnBefore(deps, { town, transaction, municipalityKeys: keys, whose: { unreadBut: requester.id }, cursor }),
  )
}

/** Why somebody was looked at. */
export const LookUpExplanation = z.strictObject({ reason: plain(500, 3), confirmedPlain }).openapi('LookUpExplanation')

/** @throws when it was explained already. */
export class Explained extends Problem {
  constructor() {
    super('explained-already', 409, 'This was explained already, and stays as it was written.')
  }
}

/** Says why, once, of a look-up of one's own. @throws {NotFound} {Explained} {SaysTooMuch} {Refusal} */
export async function explainDrawn(
  deps: Deps,
  { town, requester, id, said }: { town: Town; requester: Staff; id: string; said: z.infer<typeof LookUpExplanation> },
): Promise<Disclosed<object>> {
  await mustBePlain(deps.gate, { municipalityId: town.id, by: requester }, { schema: LookUpExplanation, form: said })
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(explaining(town.id, requester), async (transaction) => {
    const row = await lockDrawn(transaction, {
      id,
      staffId: requester.id,
      day: today(deps.clock, town.timeZone).toString(),
    })
    if (row === undefined) throw new NotFound()
    if (row.explained_at !== null) throw new Explained()
    await explainDrawnRow(transaction, {
      reason: Buffer.from(ledger.seal(reasonPlace(id), said.reason)),
      explainedAt: new Date(deps.clock.now().epochMilliseconds),
      id,
    })
    return { explained: true }
  })
}

/** Marks one as read, once it is explained or a week is over. Nobody reads their own. @throws {NotFound} {Refusal} for anyone but supervisors and auditors */
export function readDrawn(
  deps: Deps,
  { town, requester, id }: { town: Town; requester: Staff; id: string },
): Promise<Disclosed<object>> {
  return deps.gate.decide(supervising(town.id, requester), async (transaction) => {
    const read = await markDrawnRead(transaction, {
      readBy: requester.id,
      readAt: new Date(deps.clock.now().epochMilliseconds),
      id,
      staffId: requester.id,
      day: today(deps.clock, town.timeZone).subtract(TIME_TO_EXPLAIN).toString(),
    })
    if (read.numUpdatedRows !== 1n) throw new NotFound()
    return { read: true }
  })
}
