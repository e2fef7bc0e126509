import type { UnitOfWork } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { raiseProbing } from '../../firewall/watching.ts'
import { uuidv7 } from '../../platform/clock.ts'
import type { Municipality } from '../../town/model.ts'
import { dropVisits, lockHides, setHides } from '../person/store.ts'
import { keepVisit } from '../visits.ts'
import { keepLikeness, likenessAt, likenessesOf, likenessesToldApart, undoLikeness } from './store.ts'

// A record that may be somebody who hides is held: hidden like them until a supervisor has looked.

/** Where what a record resembles is sealed, to that record. */
export const likenessPlace = (id: string) => ({ table: 'likenesses', column: 'content', row: id })

/**
 * Hides a record because it came to resemble somebody who hides; whoever wrote it sees it until the visit is over. Of one
 * that hides already it is only written down, so that it is not shown again before the two were looked at.
 *
 * @param resembles ids
 * @param by whoever wrote it; nobody, where it was there before the one who hides did
 */
export async function holdAsAlike(
  unit: UnitOfWork,
  {
    town,
    by,
    id,
    resembles,
  }: {
    town: Pick<Municipality, 'id'>
    by: { staff: Staff; until: string } | undefined
    id: string
    resembles: readonly string[]
  },
): Promise<void> {
  if (resembles.length === 0) return
  const { hides } = await lockHides(unit.transaction, id)
  const likeness = uuidv7()
  // First what it is held for: it decides that nobody outside is told of it.
  const kept = await keepLikeness(unit.transaction, {
    id: likeness,
    municipality_id: town.id,
    neighbour_id: id,
    content: Buffer.from(unit.seal(id, likenessPlace(likeness), { resembles })),
    hides,
    recorded_by: by?.staff.id ?? 'registry',
  })
  if (kept.numInsertedOrUpdatedRows !== 1n || hides) return
  if (by) await keepVisit(unit, { town, staffId: by.staff.id, neighbourId: id, until: by.until })
  await setHides(unit.transaction, { hides: true, id })
}

/** Shows a record again whose likeness to somebody who hides came of what is taken back: it was a mistake. */
export async function letGo(
  unit: UnitOfWork,
  {
    town,
    staff,
    id,
    when: { at, now },
  }: { town: Pick<Municipality, 'id'>; staff: Staff; id: string; when: { at: string; now: Temporal.Instant } },
): Promise<void> {
  const open = await likenessAt(unit.transaction, { neighbourId: id, at })
  if (open === undefined) return
  await flagTakenBack(unit, { town, staff, id })
  if (!open.hides) {
    await setHides(unit.transaction, { hides: false, id })
    await dropVisits(unit.transaction, id)
  }
  await undoLikeness(unit.transaction, { decidedAt: now.toString(), decidedBy: staff.id, id: open.id })
}

/**
 * Flags, at whoever hides, that somebody like them was registered and taken back: what is undone leaves no likeness to
 * count, and one who only asks would leave no trace.
 */
export async function flagTakenBack(
  unit: UnitOfWork,
  { town, staff, id }: { town: Pick<Municipality, 'id'>; staff: Staff; id: string },
): Promise<void> {
  const rows = await likenessesOf(unit.transaction, id)
  for (const row of rows) {
    const { resembles } = unit.reopen(id, likenessPlace(row.id), row.content) as { resembles: string[] }
    for (const neighbourId of resembles)
      await raiseProbing(unit.transaction, town.id, { staffId: staff.id, neighbourId })
  }
}

/** Whom a supervisor found to be somebody else than this record, whose key is at hand. */
export async function toldApartFrom(unit: UnitOfWork, id: string): Promise<ReadonlySet<string>> {
  const rows = await likenessesToldApart(unit.transaction, id)
  return new Set(
    rows.flatMap((row) => (unit.reopen(id, likenessPlace(row.id), row.content) as { resembles: string[] }).resembles),
  )
}
