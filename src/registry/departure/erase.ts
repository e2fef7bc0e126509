import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Gate, UnitOfWork } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { MOST_RETENTION } from '../../keys/keeper.ts'
import { type Clock, today, uuidv7 } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../../platform/paging.ts'
import { NotFound, Problem } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { idempotencyOf } from '../idempotency.ts'
import type { Name, NeighbourFields } from '../model.ts'
import { actOnce } from '../replays.ts'
import { loadRecords } from '../store.ts'
import { movementsInForce } from './movements-in-force.ts'
import {
  countOpenAbout,
  decideErasureRow,
  erase,
  erasuresDecided,
  erasuresProposed,
  keepErasure,
  lockErasure,
  type Openings,
} from './store.ts'

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
} as const

export interface Erasure {
  id: string
  neighbourId: string
  ground: Ground
  /** RFC 3339. */
  proposedAt: string
  proposedBy: string
  /** Whether the neighbour asked for it. */
  asked: boolean
}

/** With what whoever decides it has to know. */
export interface ErasureToDecide extends Erasure {
  name: Name | undefined
  dateOfBirth: string | undefined
  /** ISO date. */
  departedOn: string | undefined
  /** What is open about them, of which nothing is left once they are forgotten. */
  open: Openings
}

/** The two ends of an erasure: after a night nothing here opens earlier copies, and at last no backup does. */
export interface Ends {
  /** ISO date: from that morning on no key of this registry opens it. */
  goneOn: string
  /** ISO date: until then whoever keeps the backups can, with keys of their own. */
  backupsUntil: string
}

/** One that was decided of late. */
export interface ErasureDecided extends Ends {
  id: string
  /** ISO date. */
  decidedOn: string
  /** Whether the night is over that ended it. */
  gone: boolean
}

/** What a legal officer sees of erasures. */
export interface Erasures extends Paged<ErasureToDecide> {
  /** Of one that is approved today. */
  ends: Ends
  /** Those of which backups may still be read, the newest first. */
  decided: ErasureDecided[]
}

type ErasureDeps = { gate: Gate; clock: Clock; backupDays?: number | undefined }

/** @see next_publication, schema/0001_platform.sql; data_keys_lost, schema/0002_keys.sql */
function endsOf({ backupDays = MOST_RETENTION }: ErasureDeps, decidedOn: Temporal.PlainDate): Ends {
  const gone = decidedOn.add({ days: 1 })
  return { goneOn: gone.toString(), backupsUntil: gone.add({ days: backupDays }).toString() }
}

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
  { town, by: supervisor }: Acting<Staff>,
  {
    neighbourId,
    wish: { ground, asked },
    idempotencyKey,
  }: { neighbourId: string; wish: { ground: Ground; asked: boolean }; idempotencyKey: string },
): Promise<Disclosed<{ id: string }>> {
  if (supervisor.role !== 'supervisor') return deps.gate.turnAway(town.id, supervisor)
  const day = today(deps.clock, town.timeZone)
  const use = {
    requester: supervisor.id,
    operation: `erase ${neighbourId}`,
    key: idempotencyKey,
    body: { ground, asked },
  }
  const key = await idempotencyOf(deps.gate, town.id, use)
  return deps.gate.open<NeighbourFields, 'departedOn', { id: string }>(
    { ...erasing(town, supervisor), fields: ['departedOn'] },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: day }),
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      return actOnce(unit, { town, neighbourId, key }, async () => {
        if (record.departedOn === undefined) throw new ErasureNotYet('still-a-neighbour')
        const free = Temporal.PlainDate.from(record.departedOn).add({ years: town.eraseAfterYears })
        const over = Temporal.PlainDate.compare(free, day) <= 0
        const allowed = ground === 'court' || (ground === 'time-over' ? over : await leftFor(unit, neighbourId, ground))
        if (!allowed) throw new ErasureNotYet('kept-by-law')
        const id = uuidv7()
        const kept = await keepErasure(unit.transaction, {
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          ground,
          asked,
          proposed_by: supervisor.id,
          proposed_at: deps.clock.now().toString(),
        })
        if (kept.numInsertedOrUpdatedRows !== 1n) throw new ErasureNotYet('erasure-open')
        unit.occasion({ erasure: id, ground })
        return { id }
      })
    },
  )
}

/** Whether a departure for a reason stands; a death recorded since, of somebody who had left, changes nothing of it. */
async function leftFor(unit: UnitOfWork, id: string, ground: Ground): Promise<boolean> {
  const movements = await movementsInForce(unit, id)
  const back = movements.findLastIndex(({ kind }) => kind === 'registration')
  return movements.slice(back + 1).some(({ kind, cause }) => kind === 'departure' && cause === ground)
}

/** On one page. */
const MOST_LISTED = 20

/**
 * Erasures that wait for a decision, a page at a time and the oldest first, each with who it is about. Who is named stands in the
 * ledger as looked at.
 *
 * @throws {Refusal}
 */
export async function openErasures(
  deps: ErasureDeps,
  { town, by: staff }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Erasures>> {
  // Whoever proposed them knows whom; what is open about somebody is for whoever decides.
  if (staff.role !== 'legal') return deps.gate.turnAway(town.id, staff)
  const after = readCursor(cursor)
  const fields = ['name', 'dateOfBirth', 'departedOn'] as const
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Erasures, Paged<Erasure>>(
    { ...erasing(town, staff), fields, worklist: true },
    async (transaction) => {
      const read = await erasuresProposed(transaction, { after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.proposed_at.toISOString(), id: row.id }))
      const items = page.rows.map((row) => ({
        id: row.id,
        neighbourId: row.neighbour_id,
        ground: row.ground as Ground,
        proposedAt: row.proposed_at.toISOString(),
        proposedBy: row.proposed_by,
        asked: row.asked,
      }))
      const ids = items.map((item) => item.neighbourId)
      const records = await loadRecords(transaction, ids, { trueAt: day })
      return { records, beside: { items, more: page.more } }
    },
    async (records, { transaction, beside }) => {
      const known = new Map(records.map((record) => [record.id, record]))
      const items: ErasureToDecide[] = []
      for (const row of beside.items) {
        // Of a record that hides, whoever decides sees that there is a proposal, and no name.
        const { name, dateOfBirth, departedOn } = known.get(row.neighbourId) ?? {}
        items.push({ ...row, name, dateOfBirth, departedOn, open: await openAbout(transaction, row.neighbourId) })
      }
      return {
        items,
        more: beside.more,
        ends: endsOf(deps, day),
        decided: await decidedOfLate(transaction, deps, town),
      }
    },
  )
}

async function decidedOfLate(
  transaction: Transaction,
  deps: ErasureDeps,
  town: Municipality,
): Promise<ErasureDecided[]> {
  const since = deps.clock.now().subtract({ hours: 24 * ((deps.backupDays ?? MOST_RETENTION) + 1) })
  const { rows } = await erasuresDecided(transaction, { since: new Date(since.epochMilliseconds), most: MOST_LISTED })
  return rows.map(({ id, decidedAt, waits }) => {
    const at = Temporal.Instant.fromEpochMilliseconds(decidedAt.getTime())
    const day = at.toZonedDateTimeISO(town.timeZone).toPlainDate()
    return { id, decidedOn: day.toString(), gone: !waits, ...endsOf(deps, day) }
  })
}

async function openAbout(transaction: Transaction, neighbourId: string): Promise<Openings> {
  const { rows } = await countOpenAbout(transaction, neighbourId)
  return rows[0] ?? { proceedings: 0, questions: 0, orders: 0, flags: 0 }
}

/**
 * Decides an erasure. Approval destroys the neighbour's data key in the same commit: nobody, with any key and any court
 * order, opens again what was sealed to it; earlier copies of that key, in logs and journals of the server, open with no key from the
 * next morning on, and those in backups as long as backups are kept. Entries of the ledger about them stay in the tree, unreadable.
 *
 * @throws {ErasureNotYet} when whoever decides has proposed it {NotFound} {Refusal}
 */
export async function decideErasure(
  deps: ErasureDeps,
  town: Municipality,
  { legal, id, approves }: { legal: Staff; id: string; approves: boolean },
): Promise<Disclosed<{ decision: 'approved' | 'refused' } & Partial<Ends>>> {
  if (legal.role !== 'legal') return deps.gate.turnAway(town.id, legal)
  return deps.gate.decide(erasing(town, legal), async (transaction, also) => {
    const open = await lockErasure(transaction, id)
    if (open === undefined) throw new NotFound()
    if (open.proposed_by === legal.id) throw new ErasureNotYet('second-person-needed')
    const decision = approves ? ('approved' as const) : ('refused' as const)
    await decideErasureRow(transaction, { decision, decidedBy: legal.id, decidedAt: deps.clock.now().toString(), id })
    if (approves) await erase(transaction, id)
    also({ by: legal, action: approves ? 'erased' : 'erasure-refused', occasion: { erasure: id } })
    return { decision, ...(approves ? endsOf(deps, today(deps.clock, town.timeZone)) : {}) }
  })
}
