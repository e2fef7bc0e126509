import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { plain } from '../../firewall/free-text.ts'
import type { Opened, SealedRecord, UnitOfWork } from '../../firewall/model.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { NotFound, VersionConflict } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { idempotencyOf } from '../idempotency.ts'
import type { DecidedStart, NeighbourFields } from '../model.ts'
import { withdrawProofs } from '../person/held-proofs.ts'
import { nextVersion, recordMovement } from '../person/neighbours.ts'
import { actOnce } from '../replays.ts'
import { loadRecords } from '../store.ts'
import { type Conditions, lockTogether } from './move.ts'
import { type Period, yearsOf } from './periods.ts'
import { periodsInForce, replacePeriods } from './residence-rows.ts'
import { withSaidStarts } from './said-starts.ts'
import { officeName } from './store.ts'

/** Why something was decided, as the neighbour reads it: 3 to 2,000 characters. */
export const Reason = plain(2000, 3)
export const Everyone = z.boolean().optional().openapi({
  description: 'Also for those of the household who began there on the same day, save who is protected. All or none.',
})

/** A start that is another now, or one that waits for a second person. */
export interface Corrected {
  status: 'corrected' | 'waiting' | 'refused'
  id: string
  /** Of the residence as it stands now. */
  residenceId: string
  /** The start that was asked for. */
  from: string
  /** What somebody else decides, where it waits. */
  startId?: string
  /** How many it was done for. */
  people: number
  version: number
}

const FIELDS = ['residence', 'said', 'dateOfBirth'] as const
export type Held = Opened<NeighbourFields, (typeof FIELDS)[number]>
export interface Whose {
  neighbourId: string
  period: Period
  periods: readonly Period[]
}

/** Makes a start true, with a movement of its own. @returns the id of the residence's row from now on */
export async function takeEffect(
  unit: UnitOfWork,
  { town, by: clerk }: Acting<Staff>,
  {
    whose: { neighbourId, period, periods },
    after,
    start,
  }: { whose: Whose; after: readonly Period[]; start: Omit<DecidedStart, 'by'> },
): Promise<string> {
  const rows = await replacePeriods(unit, { town, requester: clerk, neighbourId, before: periods, after })
  await withdrawProofs(unit, neighbourId, ['periods', ...(yearsOf(after) === yearsOf(periods) ? [] : ['years'])])
  await writeDown(
    unit,
    { town, by: clerk },
    { neighbourId, outline: { cause: 'time-corrected', effectiveOn: start.said }, start },
  )
  return rows.get(period.id) ?? period.id
}

export async function writeDown(
  unit: UnitOfWork,
  { town, by: clerk }: Acting<Staff>,
  {
    neighbourId,
    outline,
    start,
  }: {
    neighbourId: string
    outline: { cause: 'time-corrected' | 'start-refused'; effectiveOn: string }
    start: Omit<DecidedStart, 'by'>
  },
): Promise<void> {
  const { rows } = await officeName(unit.transaction, clerk.organisationId)
  const office = rows[0]?.name
  const by = { role: clerk.role, ...(office ? { office } : {}) }
  await recordMovement(
    unit,
    { town, by: clerk },
    { neighbourId, outline: { kind: 'change', ...outline }, details: { start: { ...start, by } } },
  )
}

/** A start beside the date of birth it must not lie before. */
export const startBeside = (records: readonly Held[], id: string, since: string) => ({
  since,
  born: records.find((one) => one.id === id)?.dateOfBirth,
})

/** Of each record the one residence in force that is meant, where there is one. */
export async function peopleOf(
  unit: UnitOfWork,
  records: readonly Held[],
  meant: (period: Period, of: Held) => boolean | undefined,
): Promise<Whose[]> {
  const found: Whose[] = []
  for (const one of records) {
    const periods = await periodsInForce(unit.transaction, one.id)
    const period = periods.find((known) => meant(known, one))
    if (period) found.push({ neighbourId: one.id, period, periods })
  }
  return found
}

/** Where it concerns nobody else of the household. */
export const nobodyElse = async (): Promise<string[]> => []

/**
 * Works on a neighbour, and on others of the household, behind the gate: once per idempotency key, each record held
 * against other changes. `version` takes the next version of those it concerns.
 */
export async function held(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    id,
    use,
    others,
    work,
  }: {
    id: string
    use: { operation: string; conditions: Conditions; body: unknown }
    others: (transaction: Transaction) => Promise<string[]>
    work: (
      records: Held[],
      unit: UnitOfWork,
      version: (concerned: readonly string[]) => Promise<number>,
    ) => Promise<Corrected | undefined>
  },
): Promise<Disclosed<Corrected | undefined>> {
  const { operation, conditions, body } = use
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: clerk.id,
    operation: `${operation} ${id}`,
    key: conditions.idempotencyKey,
    body,
  })
  const day = today(deps.clock, town.timeZone)
  const load = async (transaction: Transaction): Promise<SealedRecord<NeighbourFields>[]> => {
    const ids = [...new Set([id, ...(await others(transaction))])]
    return withSaidStarts(transaction, await loadRecords(transaction, ids, { trueAt: day }), clerk)
  }
  return deps.gate.open<NeighbourFields, (typeof FIELDS)[number], Corrected | undefined>(
    { municipalityId: town.id, requester: clerk, action: 'correct-time', purpose: purposeOf(clerk), fields: FIELDS },
    load,
    async (records, unit) => {
      if (!records.some((one) => one.id === id)) throw new NotFound()
      const again = () => unit.shown([id])
      return actOnce(unit, { town, neighbourId: id, key, again }, async () => {
        const together = records.map((one) => one.id)
        const versions = await lockTogether(unit, together)
        if (versions.get(id) !== conditions.version) throw new VersionConflict()
        // Whoever came or went while we waited for them is in what was asked, or it is asked again.
        const now = new Set([id, ...(await others(unit.transaction))])
        if (together.some((one) => !now.has(one))) throw new VersionConflict()
        const answer = await work(records, unit, async (concerned) => {
          const next = await nextVersion(unit, id, conditions.version)
          for (const one of concerned) if (one !== id) await nextVersion(unit, one, versions.get(one) ?? 0)
          return next
        })
        if (answer === undefined) unit.shown([id])
        return answer
      })
    },
  )
}
