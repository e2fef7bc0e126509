import type { MunicipalityKeys } from '../keys/municipality-keys.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { weightOf } from './leaving.ts'
import type { Ask } from './model.ts'
import type { Standing } from './standing.ts'
import { drawOpening } from './store.ts'

// Some of what each member of staff was shown in a day is drawn by lot, and one look-up at least where nobody can say whether
// its case was issued. They say why on a later day, and a supervisor reads it.

/** Whose look-ups are drawn: those who look into records all day. */
const DRAWN_ROLES: readonly string[] = ['clerk', 'supervisor']

export interface Content {
  case?: string | undefined
  purpose: string
  action: string
  fields: readonly string[]
}
/** What is drawn is one look of a person, a member of staff and a day, whichever of that day’s it tells of. */
export const contentPlace = (staff: string, neighbourId: string) =>
  ({ table: 'drawn_openings', column: 'content', row: `${staff} ${neighbourId}` }) as const

/**
 * Draws of what was shown just now: what is below the town's share, and the lowest of the day. In the transaction that shows it.
 * A person's lot for a member of staff and a day is a keyed hash, so that nobody knows it and looking again changes nothing but
 * what is told: the widest look of the day.
 *
 * @param stands the case was issued: it says why, and then only the share is drawn
 */
export async function drawOpenings(
  transaction: Transaction,
  {
    municipalityKeys: { hash, ledger },
    ask: { requester, purpose, action, fields, worklist },
    standing: { drawnShare = 0, lowestLot, day },
    seen,
    stands,
  }: {
    municipalityKeys: Pick<MunicipalityKeys, 'hash' | 'ledger'>
    ask: Pick<Ask, 'requester' | 'purpose' | 'action' | 'fields' | 'worklist'>
    standing: Pick<Standing, 'drawnShare' | 'lowestLot' | 'day'>
    seen: readonly string[]
    stands: boolean
  },
): Promise<void> {
  if (requester.kind !== 'staff' || !DRAWN_ROLES.includes(requester.role) || day === undefined) return
  // To explain a look is not another.
  if (fields.length === 0 || purpose === 'own-look-ups') return
  const lots = seen
    .map((id) => ({ id, lot: hash(`drawn ${day} ${requester.id} ${id}`).readUInt32BE(0) / 2 ** 32 }))
    .sort((one, other) => one.lot - other.lot)
  // Nobody makes a look less likely to be drawn by registering, or by lists of work.
  const mayBeLowest = !stands && action !== 'register' && worklist !== true
  const lowest = (lot: number, i: number) => i === 0 && lot <= (lowestLot ?? 1)
  const drawn = lots.filter(({ lot }, i) => lot < drawnShare || (mayBeLowest && lowest(lot, i)))
  for (const { id: neighbourId, lot } of drawn) {
    const id = uuidv7()
    const content: Content = { case: requester.case, purpose, action, fields }
    const sealed = Buffer.from(ledger.seal(contentPlace(requester.id, neighbourId), content))
    await drawOpening(transaction, {
      id,
      requesterId: requester.id,
      neighbourId,
      day,
      lot,
      drawnShare,
      ledgerId: ledger.id,
      sealed,
      fields: weightOf(fields),
    })
  }
}
