import { raiseProbing } from '../firewall/flags.ts'
import type { GateHand } from '../firewall/gate.ts'
import type { Staff } from '../firewall/requester.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Municipality } from './municipality.ts'
import { keepVisit } from './visits.ts'

// A record that may be somebody who hides is held: hidden like them until a supervisor has looked.

/** Where what a record resembles is sealed, to that record. */
export const likenessPlace = (id: string) => ({ table: 'likenesses', column: 'content', row: id })

/**
 * Hides a record because it came to resemble somebody who hides; whoever wrote it sees it until the visit is over. One
 * that hides already stays as it is.
 *
 * @param resembles ids
 * @param until RFC 3339
 */
export async function holdAsAlike(
  hand: GateHand,
  town: Pick<Municipality, 'id'>,
  staff: Staff,
  id: string,
  resembles: readonly string[],
  until: string,
): Promise<void> {
  const hidden = await hand.transaction
    .updateTable('neighbours')
    .set({ protected: true })
    .where('id', '=', id)
    .where('protected', '=', false)
    .executeTakeFirst()
  if (hidden.numUpdatedRows !== 1n) return
  const likeness = uuidv7()
  await keepVisit(hand, town, staff.id, id, until)
  await hand.transaction
    .insertInto('likenesses')
    .values({
      id: likeness,
      municipality_id: town.id,
      neighbour_id: id,
      content: Buffer.from(hand.seal(id, likenessPlace(likeness), { resembles })),
      hides: false,
      recorded_by: staff.id,
    })
    .execute()
}

/**
 * Flags, at whoever hides, that somebody like them was registered and taken back: what is undone leaves no likeness to
 * count, and one who only asks would leave no trace.
 */
export async function flagTakenBack(
  hand: GateHand,
  town: Pick<Municipality, 'id'>,
  staff: Staff,
  id: string,
): Promise<void> {
  const rows = await hand.transaction
    .selectFrom('likenesses')
    .select(['id', 'content'])
    .where('neighbour_id', '=', id)
    .execute()
  for (const row of rows) {
    const { resembles } = hand.reopen(id, likenessPlace(row.id), row.content) as { resembles: string[] }
    for (const neighbourId of resembles) await raiseProbing(hand.transaction, town.id, staff.id, neighbourId)
  }
}
