import type { Gate } from '../firewall/model.ts'
import type { Clock } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import type { LeaveMessage } from './telling.ts'

/** What the use cases of identity work with. A room above this one provides the last, and the app hands it in. */
export interface IdentityDeps {
  database: Database
  clock: Clock
  gate: Gate
  leaveMessage: LeaveMessage
}
