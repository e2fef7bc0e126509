import type { UnitOfWork } from '../../firewall/model.ts'
import type { Resident, Staff } from '../../firewall/requester.ts'
import { uuidv7 } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import type { Municipality } from '../../town/model.ts'
import type { Period } from './periods.ts'
import { carrySaidStart, decideSaidStarts, reopenSaidStart } from './said-starts.ts'
import { keepPeriod, periodsAround, periodsOf, periodsWrittenAt, supersedePeriods } from './store.ts'

// Rows of residences are superseded and never rewritten: what is true has new rows, what was believed keeps the old ones.

/** The residences of a neighbour in force, the earliest first. @param held against other changes, until this one is over */
export async function periodsInForce(transaction: Transaction, neighbourId: string, held = true): Promise<Period[]> {
  const rows = await periodsOf(transaction, { neighbourId, held })
  return rows.map((row) => ({
    id: row.id,
    householdId: row.household_id,
    from: row.valid_from,
    to: row.valid_to,
    settledFrom: row.settled_from,
  }))
}

/** Writes a residence that begins. @returns its id */
export async function beginPeriod(
  unit: UnitOfWork,
  {
    town,
    neighbourId,
    period: { householdId, from, to, settledFrom },
  }: { town: Pick<Municipality, 'id'>; neighbourId: string; period: Omit<Period, 'id'> },
): Promise<string> {
  const id = uuidv7()
  await keepPeriod(unit.transaction, {
    id,
    municipality_id: town.id,
    neighbour_id: neighbourId,
    household_id: householdId,
    valid_from: from,
    valid_to: to,
    settled_from: settledFrom,
  })
  return id
}

export async function supersede(unit: UnitOfWork, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await supersedePeriods(unit.transaction, ids)
}

/**
 * Makes other periods true than were: a period that changed is superseded and written again, one that is gone is
 * superseded, and what waits of it lapses. Starts that wait go on with the row that continues theirs.
 *
 * @returns for each period that was written again, the id of its new row
 */
export async function replacePeriods(
  unit: UnitOfWork,
  {
    town,
    requester,
    neighbourId,
    before,
    after,
  }: {
    town: Pick<Municipality, 'id'>
    requester: Staff | Resident
    neighbourId: string
    before: readonly Period[]
    after: readonly Period[]
  },
): Promise<Map<string, string>> {
  const known = new Map(before.map((period) => [period.id, period]))
  const kept = new Set(after.map(({ id }) => id))
  const gone = before.filter(({ id }) => !kept.has(id))
  const changed = after.filter((period) => !same(period, known.get(period.id)))
  // All of them first: the database lets no two residences in force overlap, not even for a moment.
  await supersede(
    unit,
    [...gone, ...changed].map(({ id }) => id),
  )
  for (const { id } of gone) await decideSaidStarts(unit, { requester, which: { residenceId: id }, decision: 'lapsed' })
  const rows = new Map<string, string>()
  for (const period of changed) {
    const row = await beginPeriod(unit, { town, neighbourId, period })
    await carrySaidStart(unit, period.id, row)
    rows.set(period.id, row)
  }
  return rows
}

const same = (one: Period, other: Period | undefined) =>
  one.from === other?.from && one.to === other.to && one.settledFrom === other.settledFrom

/**
 * Makes true again what was true before an act: what it wrote is superseded, what it superseded is written again. A start
 * that waited goes back to where it waited, also where the act ended it; one that the act brought lapses.
 *
 * @param at the instant of the act's transaction, exactly as PostgreSQL writes it
 */
export async function restoreResidences(
  unit: UnitOfWork,
  {
    town,
    requester,
    neighbourId,
    at,
  }: { town: Pick<Municipality, 'id'>; requester: Staff | Resident; neighbourId: string; at: string },
): Promise<void> {
  const { rows } = await periodsWrittenAt(unit.transaction, { at, neighbourId })
  const written = rows.filter((row) => row.written)
  await supersede(
    unit,
    written.map(({ id }) => id),
  )
  for (const { id } of written)
    await decideSaidStarts(unit, { requester, which: { residenceId: id, saidAt: at }, decision: 'lapsed' })
  const left = new Set(written.map(({ id }) => id))
  for (const before of rows.filter((row) => !row.written)) {
    const row = await beginPeriod(unit, { town, neighbourId, period: before })
    await reopenSaidStart(unit, { from: before.id, to: row, at })
    const continued =
      written.find((one) => one.householdId === before.householdId && one.from === before.from) ??
      written.find((one) => one.from === before.from)
    if (continued === undefined) continue
    await carrySaidStart(unit, continued.id, row)
    left.delete(continued.id)
  }
  for (const id of left) await decideSaidStarts(unit, { requester, which: { residenceId: id }, decision: 'lapsed' })
}

/**
 * Makes true again all that was true just before an act, whatever was written since; what stood all along is not touched.
 *
 * @param at the instant of the act's transaction, exactly as PostgreSQL writes it
 */
export async function residencesAsBefore(
  unit: UnitOfWork,
  { town, neighbourId, at }: { town: Pick<Municipality, 'id'>; neighbourId: string; at: string },
): Promise<void> {
  const { rows } = await periodsAround(unit.transaction, { at, neighbourId })
  await supersede(
    unit,
    rows.filter(({ now, then }) => now && !then).map(({ id }) => id),
  )
  for (const before of rows.filter(({ now, then }) => then && !now)) {
    const row = await beginPeriod(unit, { town, neighbourId, period: before })
    await reopenSaidStart(unit, { from: before.id, to: row, at })
  }
}
