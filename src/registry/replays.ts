import type { Disclosed } from '../firewall/disclosed.ts'
import type { UnitOfWork } from '../firewall/model.ts'
import type { Requester } from '../firewall/requester.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import { type DataKey, unnamedLength } from '../keys/seal.ts'
import { NotFound } from '../platform/problem.ts'
import { randomBytes } from '../platform/random.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { RegistryDeps } from './deps.ts'
import { type Idempotency, sameBody } from './idempotency.ts'
import { keepResponse, lockIdempotency, responseKey, responseUnder } from './idempotency-store.ts'

const locationOf = (onceId: string) => ({ table: 'idempotency_keys', column: 'response', row: onceId })
const ownerAt = (onceId: string) => ({ table: 'idempotency_keys', column: 'response_owner', row: onceId })
/** Bytes that an answer, and whose it is, are filled up to steps of: what was answered to whom is not told by how long it is. */
const STEPS = { answer: 512, owner: 40 } as const

/** An answer as it is kept. @param onceId of the key it was asked with, hex */
export const sealResponse = (key: Pick<DataKey, 'sealUnnamed'>, onceId: string, answer: unknown) =>
  key.sealUnnamed(locationOf(onceId), answer, STEPS.answer)

/** Under whose key it lies, for a registration, which does not know it when it is sent again. @param town a key of the town's */
export const sealOwner = (town: Pick<DataKey, 'sealUnnamed'>, onceId: string, owner: string) =>
  town.sealUnnamed(ownerAt(onceId), owner, STEPS.owner)
const NO_OWNER = unnamedLength(STEPS.owner)

/** Opens the first answer given to a registration: ids and a date, for the same clerk with the same form. */
export async function openResponse<Answer>(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { sealedOwner, onceId, sealed }: { sealedOwner: Uint8Array; onceId: string; sealed: Uint8Array },
): Promise<Disclosed<Answer>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const owner = ledger.openUnnamed(ownerAt(onceId), sealedOwner) as string
  const opened = await deps.gate.open<{ answer: Answer }, 'answer', Answer | undefined>(
    { municipalityId: town.id, requester, action: 'register', purpose: 'registration', fields: ['answer'] },
    async (transaction) => {
      const row = await responseKey(transaction, owner)
      if (row === undefined) return []
      const part = {
        location: locationOf(onceId),
        sealed,
        unnamed: true as const,
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
 * Acts once under an idempotency key: gives the answer kept under it if there is one, else acts and keeps
 * the answer with the change. An act that answers nothing changed nothing, and leaves the key free.
 * A concurrent use of the same key waits here until the first is done.
 *
 * @param again what to do before a kept answer is given
 * @throws {IdempotencyMismatch} when the key was used for something else
 */
export async function actOnce<Answer extends object | undefined>(
  unit: UnitOfWork,
  { town, neighbourId, key, again }: Once,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const { transaction } = unit
  const location = locationOf(key.id.toString('hex'))
  await lockIdempotency(transaction, key.id.readBigInt64BE().toString())
  const kept = await responseUnder(transaction, key.id)
  if (kept !== undefined) {
    sameBody(key, kept.fingerprint)
    again?.()
    return unit.unnamed(neighbourId).openUnnamed(location, kept.response) as Answer
  }
  const answer = await act()
  if (answer !== undefined)
    await keepResponse(transaction, {
      id: key.id,
      municipality_id: town.id,
      fingerprint: key.fingerprint,
      response: Buffer.from(sealResponse(unit.unnamed(neighbourId), key.id.toString('hex'), answer)),
      response_owner: randomBytes(NO_OWNER),
    })
  return answer
}

interface Once {
  readonly town: Municipality
  /** Under whose data key the answer is sealed. */
  readonly neighbourId: string
  readonly key: Idempotency
  readonly again?: () => void
}
