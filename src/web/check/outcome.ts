import type { RefusalCode, VerifiedProof } from '../../verify/index.ts'

/** What whoever checks is told: one of three words, and why. */
export interface Outcome {
  verdict: 'valid' | 'not-valid' | 'cannot-tell'
  /** The name of a text in the locale files. */
  reason: string
  proof?: VerifiedProof
}

const REASONS: Partial<Record<RefusalCode, Omit<Outcome, 'proof'>>> = {
  expired: { verdict: 'not-valid', reason: 'check.whyExpired' },
  revoked: { verdict: 'not-valid', reason: 'check.whyRevoked' },
  'wrong-audience': { verdict: 'not-valid', reason: 'check.whyService' },
  'wrong-issuer': { verdict: 'not-valid', reason: 'check.whyOther' },
  'not-yet-valid': { verdict: 'not-valid', reason: 'check.whyNotYet' },
  malformed: { verdict: 'not-valid', reason: 'check.whyNone' },
  oversize: { verdict: 'not-valid', reason: 'check.whyNone' },
  'wrong-type': { verdict: 'not-valid', reason: 'check.whyNone' },
  'key-binding-missing': { verdict: 'not-valid', reason: 'counter.whyHolder' },
  'key-binding-invalid': { verdict: 'not-valid', reason: 'counter.whyHolder' },
  'status-unavailable': { verdict: 'cannot-tell', reason: 'check.whyOld' },
  'keys-unavailable': { verdict: 'cannot-tell', reason: 'check.whyOld' },
}

/** @param old whether what is known here of keys may be out of date */
export function outcomeOf(code: RefusalCode, old = false): Outcome {
  if (code === 'unknown-key' && old) return { verdict: 'cannot-tell', reason: 'check.whyOld' }
  return REASONS[code] ?? { verdict: 'not-valid', reason: 'check.whyAltered' }
}
