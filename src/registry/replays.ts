import type { Disclosed } from '../firewall/disclosed.ts'
import type { UnitOfWork } from '../firewall/model.ts'
import type { Requester } from '../firewall/requester.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import { NotFound } from '../platform/problem.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { RegistryDeps } from './deps.ts'
import { type Idempotency, sameBody } from './idempotency.ts'
import { keepResponse, lockIdempotency, responseKey, responseUnder } from './idempotency-store.ts'

const locationOf = (onceId: string) => ({ table: 'idempotency_keys', column: 'response', row: onceId })

/** Opens the first answer given to a registration: ids and a date, for the same clerk with the same form. */
export async function openResponse<Answer>(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { owner, onceId, sealed }: { owner: string; onceId: string; sealed: Uint8Array },
): Promise<Disclosed<Answer>> {
  const opened = await deps.gate.open<{ answer: Answer }, 'answer', Answer | undefined>(
    { municipalityId: town.id, requester, action: 'register', purpose: 'registration', fields: ['answer'] },
    async (transaction) => {
      const row = await responseKey(transaction, owner)
      if (row === undefined) return []
      const part = {
        location: locationOf(onceId),
        sealed,
        keyId: owner,
        holds: ['answer'] as const,
        assemble: (record: { answer?: Answer }, value: unknown) => {
          record.answer = value as Answer
        },
      }
      return [
        {
          subject: owner,
          // Whoever registered somebody may repeat it, also when it hid the record at once.
          protected: false,
          keys: [wrappedKey(row)],
          parts: [part],
          facts: {},
        },
      ]
    },
    (records) => records[0]?.answer,
  )
  return opened.map((answer) => {
    if (answer === undefined) throw new NotFound()
    return answer
  })
}

/**
 * Inside a change: the first answer if this key was used before, else undefined and the key is taken.
 * A concurrent use of the same key waits here until the first is done.
 *
 * @throws {IdempotencyMismatch}
 */
export async function earlierAnswer<Answer>(
  unit: UnitOfWork,
  neighbourId: string,
  idempotency: Idempotency,
): Promise<Answer | undefined> {
  await lockIdempotency(unit.transaction, idempotency.id.readBigInt64BE().toString())
  const row = await responseUnder(unit.transaction, idempotency.id)
  if (row === undefined) return undefined
  sameBody(idempotency, row.fingerprint)
  return unit.reopen(neighbourId, locationOf(idempotency.id.toString('hex')), row.response) as Answer
}

/** Keeps the answer with the change it belongs to. */
export async function keepAnswer(
  unit: UnitOfWork,
  town: Municipality,
  { neighbourId, idempotency, answer }: { neighbourId: string; idempotency: Idempotency; answer: unknown },
): Promise<void> {
  await keepResponse(unit.transaction, {
    id: idempotency.id,
    municipality_id: town.id,
    fingerprint: idempotency.fingerprint,
    response: Buffer.from(unit.seal(neighbourId, locationOf(idempotency.id.toString('hex')), answer)),
    response_owner: neighbourId,
  })
}
