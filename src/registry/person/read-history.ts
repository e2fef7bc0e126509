import type { Disclosed } from '../../firewall/disclosed.ts'
import type { SealedPart, SealedRecord } from '../../firewall/model.ts'
import { purposes } from '../../firewall/policies.ts'
import type { Requester } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Address, DistinctBecause, HistoryEntry, Name, NeighbourFields } from '../model.ts'
import { withSaidStarts } from '../residence/said-starts.ts'
import { periodsKnownBy, periodsNow } from '../residence/store.ts'
import { type AsOf, knownBy, loadRecords } from '../store.ts'
import { type MovementContent, sealedMovement } from './movements.ts'
import { OPENABLE, type Openable } from './neighbours.ts'
import { movementRows } from './store.ts'

export interface History {
  id: string
  knownAt: string
  trueAt: string
  /** The record as the registry knew it then. */
  state: Partial<NeighbourFields>
  movements: (HistoryEntry & { changes?: Change[] })[]
  residences: {
    id: string
    /** Where it was asked for. */
    address?: Address | undefined
    validFrom: string
    validTo: string | null
    recordedAt: string
    supersededAt: string | null
  }[]
}

/** What somebody wrote anew: what stood there before, and what has since. */
export type Change =
  | { field: 'name'; was: Name | undefined; is: Name | undefined }
  | { field: 'address'; was: Address | undefined; is: Address | undefined }
  | { field: 'dateOfBirth'; was: string | undefined; is: string | undefined }

/** What changes are told of. */
export const TOLD_CHANGES = ['name', 'dateOfBirth', 'address'] as const

/** A time during which somebody lived here, as the registry knows it now. */
export interface ResidencePeriod {
  validFrom: string
  /** The day after the last; null while it lasts. */
  validTo: string | null
}

/** When somebody has lived here, earliest first, inside a transaction of the gate's. */
export async function residencePeriods(transaction: Transaction, neighbourId: string): Promise<ResidencePeriod[]> {
  const { rows } = await periodsNow(transaction, neighbourId)
  return rows.map(({ valid_from, valid_to }) => ({ validFrom: valid_from, validTo: valid_to }))
}

/** What is sealed with a movement, and told of it. */
const SEALED_PARTS = ['start', 'protection', 'saidBy', 'takenDown', 'earlierNameHidden'] as const

/**
 * A record with its movements, each sealed to the neighbour: what happened, of which day, and what is told of it, such as why somebody
 * is not a neighbour very like them, or how a start was corrected.
 */
async function withMovements(
  transaction: Transaction,
  record: SealedRecord<NeighbourFields>,
): Promise<SealedRecord<NeighbourFields>> {
  const rows = await movementRows(transaction, { neighbourId: record.subject })
  const history = rows.map(
    (row): HistoryEntry => ({ movement: '', cause: '', effectiveOn: '', recordedAt: row.recorded_at.toISOString() }),
  )
  const parts = rows.map(
    (row, i): SealedPart<NeighbourFields> => ({
      ...sealedMovement(row),
      keyId: record.subject,
      holds: ['history'],
      assemble: (opened, value) => {
        const { kind: movement, cause, effectiveOn, said } = value as MovementContent
        const { because, ...more } = said as Partial<HistoryEntry> & { because?: DistinctBecause }
        const entry = opened.history?.[i]
        if (entry === undefined) return
        Object.assign(entry, { movement, cause, effectiveOn })
        if (because) entry.distinctBecause = because
        for (const part of SEALED_PARTS) if (more[part]) Object.assign(entry, { [part]: more[part] })
      },
    }),
  )
  return { ...record, facts: { ...record.facts, history }, parts: [...record.parts, ...parts] }
}

/** To the millisecond, as entries say it, and as `knownBy` has it. */
const recordedBy = ({ recordedAt }: HistoryEntry, at: Temporal.Instant): boolean =>
  Temporal.Instant.compare(Temporal.Instant.from(recordedAt), Temporal.Instant.from(knownBy(at))) <= 0

/** Of how many movements and residences, the last ones, it is told what they changed. */
const MOST_TOLD = 60

type Then = Partial<Pick<NeighbourFields, (typeof TOLD_CHANGES)[number]>>

function changesOf(fields: readonly (typeof TOLD_CHANGES)[number][], was: Then, is: Then): Change[] {
  return fields
    .filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field]))
    .map((field) => ({ field, was: was[field], is: is[field] }) as Change)
}

/**
 * A neighbour's history: every movement and residence the registry knew of at `knownAt`, and the record as
 * it was true on `trueAt`.
 *
 * @throws {NotFound} {Refusal}
 */
export async function neighbourHistory(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  {
    id,
    purpose,
    asOf,
    told,
  }: { id: string; purpose: string; asOf: Partial<AsOf>; told?: readonly (typeof TOLD_CHANGES)[number][] | undefined },
): Promise<Disclosed<History>> {
  const knownAt = asOf.knownAt ?? deps.clock.now()
  const known = asOf.knownAt ? knownBy(knownAt) : 'infinity'
  const trueAt = asOf.trueAt ?? today(deps.clock, town.timeZone)
  // No more than the purpose names: of a field that is new here, the histories of other purposes say nothing.
  const openable = OPENABLE.filter((field) => purposes.get(purpose)?.fields.includes(field))
  return deps.gate.open<NeighbourFields, Openable | 'history', History>(
    { municipalityId: town.id, requester, action: 'open', purpose, fields: [...(told ?? openable), 'history'] },
    async (transaction) => {
      const loaded = await loadRecords(transaction, [id], { trueAt, ...(asOf.knownAt ? { knownAt } : {}) })
      const records = await withSaidStarts(transaction, loaded, requester)
      return Promise.all(records.map((record) => withMovements(transaction, record)))
    },
    async ([record], unit, openMore) => {
      if (record === undefined) throw new NotFound()
      const at = async (trueOn: string, known: string, more: number) => {
        const knownAt = Temporal.Instant.from(known).add({ milliseconds: more })
        const then = { trueAt: Temporal.PlainDate.from(trueOn), knownAt }
        const [one] = await openMore((transaction) => loadRecords(transaction, [id], then))
        return one
      }
      const residences = await periodsKnownBy(unit.transaction, { id, known })
      const { id: _, history: all = [], ...state } = record
      const history = all.filter((one) => asOf.knownAt === undefined || recordedBy(one, knownAt))
      // A name that is for finding only is told to its bearer, and to nobody else at whatever time they ask of.
      const nameHiddenAfter = (at: Temporal.Instant) =>
        requester.kind !== 'resident' && all.some((one) => one.earlierNameHidden && !recordedBy(one, at))
      if (nameHiddenAfter(knownAt)) delete state.name
      const movements: History['movements'] = []
      for (const [i, movement] of history.entries()) {
        // The first says who was registered; there is nothing before it.
        if (told === undefined || i === 0 || i < history.length - MOST_TOLD) movements.push(movement)
        else {
          const { effectiveOn, recordedAt } = movement
          const [was, is] = [await at(effectiveOn, recordedAt, -1), await at(effectiveOn, recordedAt, 0)]
          const before = Temporal.Instant.from(recordedAt).subtract({ milliseconds: 1 })
          const shown = told.filter((field) => field !== 'name' || !nameHiddenAfter(before))
          movements.push({ ...movement, changes: changesOf(shown, was ?? {}, is ?? {}) })
        }
      }
      const places = new Map<string, Address | undefined>()
      if (told?.includes('address'))
        for (const row of residences.rows.slice(-MOST_TOLD))
          places.set(row.id, (await at(row.valid_from, row.recorded_at.toISOString(), 0))?.address)
      return {
        id,
        knownAt: knownAt.toString(),
        trueAt: trueAt.toString(),
        state,
        movements,
        residences: residences.rows.map((row) => ({
          id: row.id,
          ...(places.has(row.id) ? { address: places.get(row.id) } : {}),
          validFrom: row.valid_from,
          validTo: row.valid_to,
          recordedAt: row.recorded_at.toISOString(),
          supersededAt: row.superseded_at?.toISOString() ?? null,
        })),
      }
    },
  )
}
