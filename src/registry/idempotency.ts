import { z } from '@hono/zod-openapi'
import type { Gate } from '../firewall/model.ts'
import { equalInConstantTime } from '../keys/key-provider.ts'
import { Problem } from '../platform/problem.ts'

/** @throws when an Idempotency-Key comes back with another body. */
export class IdempotencyMismatch extends Problem {
  constructor() {
    super(
      'idempotency-mismatch',
      422,
      'This Idempotency-Key was used for something else. Use a new key for a new request.',
    )
  }
}

export const IdempotencyKey = z.string().min(8).max(200)

/** What the registry keeps of a key and a body: keyed hashes, since either may hold anything. */
export interface Idempotency {
  id: Buffer
  fingerprint: Buffer
}

export async function idempotencyOf(
  gate: Gate,
  municipalityId: string,
  use: { requester: string; operation: string; key: string; body: unknown },
): Promise<Idempotency> {
  const { hash } = await gate.keysOf(municipalityId)
  return {
    id: hash(`idempotency\u0000${use.requester}\u0000${use.operation}\u0000${use.key}`),
    fingerprint: hash(`body\u0000${canonical(use.body)}`),
  }
}

/** @throws {IdempotencyMismatch} */
export function sameBody(idempotency: Idempotency, stored: Uint8Array): void {
  if (!equalInConstantTime(idempotency.fingerprint, stored)) throw new IdempotencyMismatch()
}

/** JSON with its keys in order, so that the same content always hashes the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
