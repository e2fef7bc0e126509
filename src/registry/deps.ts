import type { IdentityDeps } from '../identity/deps.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { RegistrationDesk } from './register/registration-model.ts'

/** What every use case of the registry works with. */
export interface RegistryDeps extends IdentityDeps {
  keys: KeyProvider
  registrations: RegistrationDesk
  /** How many days backups are kept, and with them the keys of whoever was erased. @see MOST_RETENTION */
  backupDays?: number | undefined
}
