/** Why a proof was not accepted. Stable: write your own messages from these. */
export type RefusalCode =
  | 'malformed'
  | 'oversize'
  | 'wrong-type'
  | 'algorithm-refused'
  | 'unknown-key'
  | 'bad-signature'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'not-yet-valid'
  | 'expired'
  | 'revoked'
  | 'status-unavailable'
  | 'keys-unavailable'
  | 'disclosure-unmatched'
  | 'digest-duplicated'
  | 'claim-duplicated'
  | 'key-binding-missing'
  | 'key-binding-invalid'

/** @throws by everything here; `code` says why. Its message never quotes the token. */
export class ProofInvalid extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode) {
    super(`The proof was not accepted: ${code}.`)
    this.name = 'ProofInvalid'
    this.code = code
  }
}
