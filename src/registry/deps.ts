import type { Gate } from '../firewall/gate.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { Clock } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import type { RegistrationDesk } from './register/registration-batch.ts'

/** What every use case of the registry works with. */
export interface RegistryDeps {
  database: Database
  clock: Clock
  keys: KeyProvider
  gate: Gate
  registrations: RegistrationDesk
}
