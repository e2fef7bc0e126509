import { sqlState } from '../platform/database.ts'
/** Whether the database refused a way in to somebody who is no neighbour. @see schema/0006_identity.sql */
export const isRefusedAccess = (error: unknown) => sqlState(error) === 'PD004'
