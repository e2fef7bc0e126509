import type { RefusalCode, VerifiedProof } from '../../verify/index.ts'

/** What whoever checks is told: one of three words, and why. */
export interface Outcome {
  verdict: 'valid' | 'not-valid' | 'cannot-tell'
  /** The name of a text in the locale files. */
  reason: string
  proof?: VerifiedProof
}

const REASONS: Partial<Record<RefusalCode, Omit<Outcome, 'proof'>>> = {
  expired: { verdict: 'not-valid', reason: 'vWhyExpired' },
  revoked: { verdict: 'not-valid', reason: 'vWhyRevoked' },
  'wrong-audience': { verdict: 'not-valid', reason: 'vWhyService' },
  'wrong-issuer': { verdict: 'not-valid', reason: 'vWhyOther' },
  'not-yet-valid': { verdict: 'not-valid', reason: 'vWhyNotYet' },
  malformed: { verdict: 'not-valid', reason: 'vWhyNone' },
  oversize: { verdict: 'not-valid', reason: 'vWhyNone' },
  'wrong-type': { verdict: 'not-valid', reason: 'vWhyNone' },
  'key-binding-missing': { verdict: 'not-valid', reason: 'cWhyHolder' },
  'key-binding-invalid': { verdict: 'not-valid', reason: 'cWhyHolder' },
  'status-unavailable': { verdict: 'cannot-tell', reason: 'vWhyOld' },
  'keys-unavailable': { verdict: 'cannot-tell', reason: 'vWhyOld' },
}

/** @param old whether what is known here of keys may be out of date */
export function outcomeOf(code: RefusalCode, old = false): Outcome {
  if (code === 'unknown-key' && old) return { verdict: 'cannot-tell', reason: 'vWhyOld' }
  return REASONS[code] ?? { verdict: 'not-valid', reason: 'vWhyAltered' }
}
