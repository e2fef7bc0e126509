import { isDeepStrictEqual } from 'node:util'
import type { Opened } from '../../firewall/model.ts'
import { InvalidInput } from '../../platform/problem.ts'
import type { Municipality } from '../../town/model.ts'
import type { Move, NeighbourFields } from '../model.ts'
import { beforeResidence, ImpossibleDates } from '../person/dates/life-dates.ts'
import { addressColumns } from '../sealed-address.ts'
import type { Start } from './periods.ts'

/** What a move has to know of everyone who moves. */
export const SETTLED = [
  'name',
  'previousNames',
  'dateOfBirth',
  'address',
  'household',
  'residence',
  'said',
  'departedOn',
] as const
export type SettledField = (typeof SETTLED)[number]
export type Settled = Opened<NeighbourFields, SettledField>

/** Whether somebody lives already where a move is to. */
export function livesThere(record: Settled, move: Move, town: Municipality): boolean {
  if (move.householdId !== undefined) return move.householdId === record.household?.id
  if (move.address?.kind !== record.address?.kind || move.address === undefined || record.address === undefined)
    return false
  return isDeepStrictEqual(spelled(addressColumns(move.address, town)), spelled(addressColumns(record.address, town)))
}

/** An address without what makes no difference to a postman: capitals and spaces. */
const spelled = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === 'string' ? inner.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim() : inner,
  )

/** The start of somebody's present residence that is said, and waits to be confirmed. */
const waitingStart = ({ said = [] }: Settled) => said.find(({ present }) => present)?.from

/** A day on which the present residence began, as it is confirmed or as it is said: only the address is another. */
export const correctsAddress = (record: Settled, since: string | undefined) =>
  since !== undefined && (since === record.residence?.validFrom || since === waitingStart(record))

/**
 * From when one of those who move together lives there. Who joined the household after that day goes along from the day
 * they joined; a correction of the address is of all their time.
 *
 * @throws {InvalidInput} for who asked, when their present residence began on that day or later
 */
export function startOf(
  one: Settled,
  { from, said }: Start,
  { mover, corrected }: { mover: boolean; corrected: boolean },
): Start & { neverThere?: boolean } {
  const began = one.residence?.validFrom
  if (began === undefined) return { from, said }
  if (corrected) return { from: began, said: undefined }
  const begins = mover ? from : later(from, began)
  if (said === undefined) return { from: begins, said }
  const beganAtTheEarliest = waitingStart(one) ?? began
  const theirs = mover ? said : later(said, beganAtTheEarliest)
  if (theirs >= begins) return { from: begins, said: undefined }
  if (mover && theirs <= beganAtTheEarliest) throw new ImpossibleDates(beforeResidence('/since'))
  // Both would begin today: of the one before nothing would be left to confirm.
  if (began === begins)
    throw new InvalidInput([
      {
        pointer: '/since',
        detail: 'The start of the present residence waits to be confirmed. Confirm or refuse it, then record the move.',
      },
    ])
  return { from: begins, said: theirs, ...(theirs === beganAtTheEarliest ? { neverThere: true } : {}) }
}

const later = (day: string, other: string) => (Temporal.PlainDate.compare(other, day) > 0 ? other : day)
