import type { Gate } from './model.ts'

/** Writes down with which policies the service starts, and that they changed when they did. */
export async function recordPolicies(gate: Gate, municipalityId: string, digest: string): Promise<void> {
  const by = { kind: 'job', id: 'start' } as const
  let changed = false
  await gate.record(municipalityId, { by, action: 'policies-loaded', occasion: { digest } }, async (transaction) => {
    const last = await transaction
      .selectFrom('policy_versions')
      .select('digest')
      .where('municipality_id', '=', municipalityId)
      .orderBy('in_force_from', 'desc')
      .executeTakeFirst()
    if (last?.digest === digest) return
    changed = last !== undefined
    await transaction.insertInto('policy_versions').values({ municipality_id: municipalityId, digest }).execute()
  })
  if (changed) await gate.record(municipalityId, { by, action: 'policies-changed', occasion: { digest } })
}
