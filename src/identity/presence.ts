import { type Expression, sql } from 'kysely'
import { sqlState, type Transaction } from '../platform/database.ts'

/**
 * Whether somebody is a neighbour now, as SQL: for whatever lets them in, and whatever others may do for them. Whoever
 * left, died or was removed is none. Access asks this each time it is used, and does not rest on being tidied up.
 *
 * @param whose the id, of any type that PostgreSQL casts to a UUID
 */
export const isNeighbour = (whose: Expression<unknown>) => sql<boolean>`is_neighbour(${whose}::uuid)`

/** Whether the database refused a way in to somebody who is no neighbour. @see schema/0006_identity.sql */
export const isRefusedAccess = (error: unknown) => sqlState(error) === 'PD004'

/** Whether a record was joined to another: the person is there, in the other. */
export async function isJoined(transaction: Transaction, id: string): Promise<boolean> {
  const { rows } = await sql<{ joined: boolean }>`select record_of(${id}::uuid) <> ${id}::uuid as joined`.execute(
    transaction,
  )
  return rows[0]?.joined ?? false
}
