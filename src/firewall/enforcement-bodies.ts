import { z } from 'zod'
import list from '../../policies/enforcement-bodies.json'
import type { Database } from '../platform/database.ts'
import { closes, FUNCTION_IDS } from './functions.ts'
import { keepBodies } from './organisation-store.ts'

/** A body that closes the gate in every town at once, by its identifier in a public register. */
export const EnforcementBody = z.strictObject({
  /** The register: `dir3`, `lei`, … */
  scheme: z.string().regex(/^[a-z][a-z0-9-]{1,40}$/),
  identifier: z.string().regex(/^[A-Z0-9]{4,40}$/),
  name: z.string().min(1).max(200),
  function: z.enum(FUNCTION_IDS).refine((id) => closes([id]), 'must be one that closes the gate'),
  /** Where it was looked up, and when. */
  source: z.string().min(1).max(400),
})
export type EnforcementBody = z.infer<typeof EnforcementBody>

/** The catalogue of this build (policies/enforcement-bodies.json). */
export const ENFORCEMENT_BODIES: readonly EnforcementBody[] = z.array(EnforcementBody).parse(list)

/**
 * Brings the catalogue in the database up to this build's. Needs the owner's login. It only adds and corrects: of two releases that
 * run side by side the older one takes nothing off the list.
 *
 * @returns how many entries are new or others
 */
export async function keepEnforcementBodies(
  owner: Database,
  bodies: readonly EnforcementBody[] = ENFORCEMENT_BODIES,
): Promise<number> {
  if (bodies.length === 0) return 0
  const kept = await keepBodies(owner, [...bodies])
  return Number(kept.numInsertedOrUpdatedRows ?? 0n)
}
