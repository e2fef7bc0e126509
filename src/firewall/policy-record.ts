import type { Gate } from './model.ts'
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
