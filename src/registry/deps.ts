import type { IdentityDeps } from '../identity/deps.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { RegistrationDesk } from './register/registration-model.ts'

/** What every use case of the registry works with. */
export interface RegistryDeps extends IdentityDeps {
  keys: KeyProvider
  registrations: RegistrationDesk
}
