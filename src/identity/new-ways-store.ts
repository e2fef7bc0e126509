import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'

/** Whether a neighbour ever had a way in: a card that was used or given before, or a telephone. */
export async function hadWayIn(
  transaction: Transaction,
  { neighbourId, before }: { neighbourId: string; before: Date },
): Promise<boolean> {
  const { rows } = await sql<{ had: boolean }>`select had_way_in(${neighbourId}::uuid, ${before}) as had`.execute(
    transaction,
  )
  return rows[0]?.had ?? true
}

/** Whether somebody was registered before a time. */
export async function wasRegistered(
  transaction: Transaction,
  { neighbourId, before }: { neighbourId: string; before: Date },
): Promise<boolean> {
  const { rows } = await sql<{ was: boolean }>`select was_registered(${neighbourId}::uuid, ${before}) as was`.execute(
    transaction,
  )
  return rows[0]?.was ?? true
}

/** From when any way in of somebody's shows where they live. @returns undefined of who has none */
export async function shownFrom(transaction: Transaction, neighbourId: string): Promise<Date | undefined> {
  const { rows } = await sql<{ since: Date | null }>`select shown_from(${neighbourId}::uuid) as since`.execute(
    transaction,
  )
  return rows[0]?.since ?? undefined
}

/**
 * Whether a record hides, so that nothing is sent to anybody about it. Who is only held is told like anybody: a message that did not
 * go would say so.
 */
export async function isUntold(transaction: Transaction, neighbourId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('neighbours')
    .select((n) => sql<boolean>`protected and not is_held(${n.ref('id')})`.as('untold'))
    .where('id', '=', neighbourId)
    .executeTakeFirst()
  return row?.untold ?? true
}
