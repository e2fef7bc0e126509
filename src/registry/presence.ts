import { type Expression, sql } from 'kysely'
import { sqlState } from '../platform/database.ts'

/**
 * Whether somebody is a neighbour now, as SQL: for whatever lets them in, and whatever others may do for them. Whoever
 * left, died or was removed is none. Access asks this each time it is used, and does not rest on being tidied up.
 *
 * @param whose the id, of any type that PostgreSQL casts to a UUID
 */
export const isNeighbour = (whose: Expression<unknown>) => sql<boolean>`is_neighbour(${whose}::uuid)`

/** Whether the database refused a way in to somebody who is no neighbour. @see schema/0031_access_ends.sql */
export const isRefusedAccess = (error: unknown) => sqlState(error) === 'PD004'
