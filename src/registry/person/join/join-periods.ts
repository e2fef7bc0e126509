import type { Period } from '../../residence/periods.ts'

/** A time somebody lived somewhere, to be written. */
export type Piece = Omit<Period, 'id'>

/**
 * What one record adds to the other's residences when they are of one person: the days on which the other has nothing.
 * Where both say something, the record that stays is believed; no year of either is lost.
 *
 * Days are ISO 8601 and compare as text; a period without an end lasts.
 */
export function addedBy(joined: readonly Period[], stays: readonly Period[]): Piece[] {
  return joined.flatMap((period) => {
    let pieces: Piece[] = [withoutId(period)]
    for (const other of stays) pieces = pieces.flatMap((piece) => without(piece, other))
    return pieces
  })
}

const withoutId = ({ householdId, from, to, settledFrom }: Period): Piece => ({ householdId, from, to, settledFrom })

const FOR_EVER = '9999-12-31'

/** A time, less the days of another. */
function without(piece: Piece, other: Piece): Piece[] {
  const [to, otherTo] = [piece.to ?? FOR_EVER, other.to ?? FOR_EVER]
  if (otherTo <= piece.from || other.from >= to) return [piece]
  return [
    ...(piece.from < other.from ? [{ ...piece, to: other.from }] : []),
    ...(otherTo < to ? [{ ...piece, from: otherTo, settledFrom: null }] : []),
  ]
}
