import type { Disclosed } from '../firewall/disclosed.ts'
import { wrappedKey } from '../firewall/municipality-keys.ts'
import type { GateHand } from '../firewall/gate.ts'
import type { Requester } from '../firewall/requester.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import { type Once, sameBody } from './idempotency.ts'
import type { Municipality } from './municipality.ts'

const placeOf = (onceId: string) => ({ table: 'idempotency_keys', column: 'response', row: onceId })

/** Opens the first answer given to an idempotency key. */
export async function openResponse<Answer>(
  deps: RegistryDeps,
  town: Municipality,
  requester: Requester,
  purpose: string,
  owner: string,
  onceId: string,
  sealed: Uint8Array,
): Promise<Disclosed<Answer>> {
  const opened = await deps.gate.open<{ answer: Answer }, 'answer', Answer | undefined>(
    { municipalityId: town.id, requester, action: 'open', purpose, fields: ['answer'] },
    async (transaction) => {
      const row = await transaction
        .selectFrom('data_keys')
        .innerJoin('neighbours', 'neighbours.id', 'data_keys.id')
        .select(['data_keys.id', 'data_keys.municipality_id', 'owner', 'registry_key_id', 'wrapped', 'protected'])
        .where('data_keys.id', '=', owner)
        .executeTakeFirst()
      if (row === undefined) return []
      const part = {
        place: placeOf(onceId),
        sealed,
        keyId: owner,
        holds: ['answer'] as const,
        assemble: (record: { answer?: Answer }, value: unknown) => {
          record.answer = value as Answer
        },
      }
      return [{ subject: owner, protected: row.protected && purpose !== 'registration', keys: [wrappedKey(row)], parts: [part], facts: {} }]
    },
    (records) => records[0]?.answer,
  )
  return opened.map((answer) => {
    if (answer === undefined) throw new NotFound()
    return answer
  })
}

/** Inside a change: the first answer if this key was used before, else undefined and the key is taken. */
export async function earlierAnswer(hand: GateHand, once: Once): Promise<Uint8Array | undefined> {
  const row = await hand.transaction
    .selectFrom('idempotency_keys')
    .select(['fingerprint', 'response'])
    .where('id', '=', once.id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  sameBody(once, row.fingerprint)
  return row.response
}

/** Keeps the answer with the change it belongs to. A concurrent use of the key makes this wait, then fail. */
export async function keepAnswer(hand: GateHand, town: Municipality, neighbourId: string, once: Once, answer: unknown): Promise<void> {
  await hand.transaction
    .insertInto('idempotency_keys')
    .values({
      id: once.id,
      municipality_id: town.id,
      fingerprint: once.fingerprint,
      response: Buffer.from(hand.seal(neighbourId, placeOf(once.id.toString('hex')), answer)),
      response_owner: neighbourId,
    })
    .execute()
}
