import { z } from '@hono/zod-openapi'
import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Gate } from '../firewall/gate.ts'
import { Refusal, type Staff } from '../firewall/requester.ts'
import { type Clock, today, uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { once } from './idempotency.ts'
import type { NeighbourFields } from './model.ts'
import { movementsThatStand } from './movements-standing.ts'
import type { Municipality } from './municipality.ts'
import { earlierAnswer, keepAnswer } from './replays.ts'
import { loadRecords } from './store.ts'

/** Why somebody who has left may be erased. */
export const GROUNDS = ['time-over', 'wrongly-registered', 'duplicate', 'court'] as const
export const Ground = z.enum(GROUNDS)
export type Ground = z.infer<typeof Ground>

/** @throws when the law keeps the record still, or one person would decide alone. */
export class ErasureNotYet extends Problem {
  constructor(code: 'still-a-neighbour' | 'kept-by-law' | 'second-person-needed' | 'erasure-open') {
    super(code, 409, REASONS[code])
  }
}
const REASONS = {
  'still-a-neighbour': 'Only somebody who has left can be erased.',
  'kept-by-law': 'The record is kept for some years after a departure, so that past residence can be proved.',
  'second-person-needed': 'Whoever proposed an erasure cannot decide it.',
  'erasure-open': 'An erasure of this record waits for a decision already.',
}

export interface Erasure {
  id: string
  neighbourId: string
  ground: Ground
  proposedAt: string
  proposedBy: string
}
type ErasureDeps = { gate: Gate; clock: Clock }

const erasing = (town: Municipality, requester: Staff) =>
  ({ municipalityId: town.id, requester, action: 'erase', purpose: 'erasure', fields: [] }) as const

/**
 * Proposes that somebody who has left be erased. A legal officer decides. It stands in the neighbour's own "who looked".
 *
 * @throws {ErasureNotYet} {IdempotencyMismatch} {NotFound} {Refusal}
 * @see GDPR article 17(1)(a)
 */
export async function proposeErasure(
  deps: ErasureDeps,
  town: Municipality,
  supervisor: Staff,
  neighbourId: string,
  ground: Ground,
  idempotencyKey: string,
): Promise<Disclosed<{ id: string }>> {
  if (supervisor.role !== 'supervisor') throw new Refusal()
  const day = today(deps.clock, town.timeZone)
  const use = { requester: supervisor.id, operation: `erase ${neighbourId}`, key: idempotencyKey, body: { ground } }
  const key = await once(deps.gate, town.id, use)
  return deps.gate.open<NeighbourFields, 'departedOn', { id: string }>(
    { ...erasing(town, supervisor), fields: ['departedOn'] },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: day }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      const earlier = await earlierAnswer<{ id: string }>(hand, neighbourId, key)
      if (earlier) return earlier
      if (record.departedOn === undefined) throw new ErasureNotYet('still-a-neighbour')
      const free = Temporal.PlainDate.from(record.departedOn).add({ years: town.eraseAfterYears })
      const over = Temporal.PlainDate.compare(free, day) <= 0
      const allowed =
        ground === 'court' || (ground === 'time-over' ? over : await leftFor(hand.transaction, neighbourId, ground))
      if (!allowed) throw new ErasureNotYet('kept-by-law')
      const id = uuidv7()
      const kept = await hand.transaction
        .insertInto('erasures')
        .values({
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          ground,
          proposed_by: supervisor.id,
          proposed_at: deps.clock.now().toString(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (kept.numInsertedOrUpdatedRows !== 1n) throw new ErasureNotYet('erasure-open')
      hand.occasion({ erasure: id, ground })
      await keepAnswer(hand, town, neighbourId, key, { id })
      return { id }
    },
  )
}

/** Whether a departure for a reason stands; a death recorded since, of somebody who had left, changes nothing of it. */
async function leftFor(transaction: Transaction, id: string, ground: Ground): Promise<boolean> {
  const standing = await movementsThatStand(transaction, id)
  const back = standing.findLastIndex(({ kind }) => kind === 'registration')
  return standing.slice(back + 1).some(({ kind, cause }) => kind === 'departure' && cause === ground)
}

/** Erasures that wait for a decision. @throws {Refusal} */
export function openErasures(deps: ErasureDeps, town: Municipality, staff: Staff): Promise<Disclosed<Erasure[]>> {
  return deps.gate.decide(erasing(town, staff), async (transaction) => {
    const rows = await transaction
      .selectFrom('erasures')
      .select(['id', 'neighbour_id', 'ground', 'proposed_by', 'proposed_at'])
      .where('decision', 'is', null)
      .orderBy('proposed_at')
      .limit(100)
      .execute()
    return rows.map((row) => ({
      id: row.id,
      neighbourId: row.neighbour_id,
      ground: row.ground as Ground,
      proposedAt: row.proposed_at.toISOString(),
      proposedBy: row.proposed_by,
    }))
  })
}

/**
 * Decides an erasure. Approval destroys the neighbour's data key in the same commit: nobody, with any key and any court
 * order, opens again what was sealed to it. Entries of the ledger about them stay in the tree, unreadable.
 *
 * @throws {ErasureNotYet} when whoever decides has proposed it {NotFound} {Refusal}
 */
export async function decideErasure(
  deps: ErasureDeps,
  town: Municipality,
  legal: Staff,
  id: string,
  approves: boolean,
): Promise<Disclosed<{ decision: 'approved' | 'refused' }>> {
  if (legal.role !== 'legal') throw new Refusal()
  return deps.gate.decide(erasing(town, legal), async (transaction, also) => {
    const open = await transaction
      .selectFrom('erasures')
      .select('proposed_by')
      .where('id', '=', id)
      .where('decision', 'is', null)
      .forUpdate()
      .executeTakeFirst()
    if (open === undefined) throw new NotFound()
    if (open.proposed_by === legal.id) throw new ErasureNotYet('second-person-needed')
    const decision = approves ? ('approved' as const) : ('refused' as const)
    await transaction
      .updateTable('erasures')
      .set({ decision, decided_by: legal.id, decided_at: deps.clock.now().toString() })
      .where('id', '=', id)
      .execute()
    if (approves) await sql`select erase_neighbour(${id}::text::uuid)`.execute(transaction)
    also({ by: legal, action: approves ? 'erased' : 'erasure-refused', occasion: { erasure: id } })
    return { decision }
  })
}
