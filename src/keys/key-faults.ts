import { Problem } from '../platform/problem.ts'

/** @throws when a registry key or an epoch key that something was sealed with is not among the keys this process was given. */
export class KeyUnavailable extends Problem {
  readonly keyId: string

  constructor(keyId: string) {
    super(
      'key-unavailable',
      503,
      'The registry cannot open its records: a key is missing. Call whoever looks after this service.',
    )
    this.keyId = keyId
  }
}

/** @throws when the key material given to the process cannot be read. Says what is wrong with its shape, never its content. */
export class KeyMaterialInvalid extends Error {
  readonly code = 'key-material-invalid'
}
