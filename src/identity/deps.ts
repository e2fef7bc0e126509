import type { Gate } from '../firewall/model.ts'
import type { Clock } from '../platform/clock.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { LeaveMessage, Removal } from './telling.ts'

/** What the use cases of identity work with. Rooms above this one provide the two last, and the app hands them in. */
export interface IdentityDeps {
  database: Database
  clock: Clock
  gate: Gate
  leaveMessage: LeaveMessage
  /** What the city decided about somebody who is no neighbour any more; undefined where nothing is told. */
  removalOf(transaction: Transaction, neighbourId: string): Promise<Removal | undefined>
}
