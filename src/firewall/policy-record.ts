import type { Clock } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import { compareGrants } from './agreed-grants.ts'
import type { GrantTable } from './grant-table.ts'
import type { Gate } from './model.ts'
import type { PolicyEngine } from './policies.ts'
import { keepPolicies, latestPolicies } from './store.ts'

/** Writes down with which policies the service starts, and that they changed when they did. */
export async function recordPolicies(gate: Gate, municipalityId: string, digest: string): Promise<void> {
  const by = { kind: 'job', id: 'start' } as const
  let changed = false
  await gate.record(municipalityId, { by, action: 'policies-loaded', occasion: { digest } }, async (transaction) => {
    const last = await latestPolicies(transaction, municipalityId)
    if (last?.digest === digest) return
    changed = last !== undefined
    await keepPolicies(transaction, { municipalityId, digest })
  })
  if (changed) await gate.record(municipalityId, { by, action: 'policies-changed', occasion: { digest } })
}

/**
 * Writes down with which rules the service starts, and compares what they give with what the town agreed to.
 *
 * @returns what they give beyond that, which stays closed
 */
export async function startOn(
  deps: { gate: Gate; database: Database; clock: Clock },
  municipalityId: string,
  policies: Pick<PolicyEngine, 'digest' | 'grants'>,
): Promise<GrantTable> {
  await recordPolicies(deps.gate, municipalityId, policies.digest)
  return compareGrants(deps, municipalityId, policies.grants().table)
}
