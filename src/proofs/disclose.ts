import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { passing } from '../firewall/free-text.ts'
import type { SealedRecord } from '../firewall/model.ts'
import { Refusal, type Requester } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { publicUntil } from '../registry/departure/forget-published.ts'
import type { Name, NeighbourFields } from '../registry/model.ts'
import { type Bearer, bearersOf } from '../registry/person/bearers.ts'
import { hiddenFromOthers, loadRecords } from '../registry/store.ts'
import type { Acting } from '../town/model.ts'
import { ProofInvalid, verifyProof } from '../verify/index.ts'
import type { ProofDeps } from './issue.ts'
import { readPublishedKeys } from './signing-keys.ts'
import { signStatusList, statusListUri } from './status-list.ts'
import { bearerAt } from './store.ts'

export const DisclosureRequest = z
  .strictObject({
    subject: z.strictObject({ proof: passing(65_536) }),
    purpose: z.string().regex(/^[a-z-]{1,64}$/),
    fields: z
      .array(z.enum(['resident', 'residentSince', 'name']))
      .min(1)
      .max(3),
  })
  .openapi('DisclosureRequest')
export type DisclosureRequest = z.infer<typeof DisclosureRequest>

/** By how much the clocks of the service and of its database may differ. */
const APART: Temporal.DurationLike = { seconds: 10 }

interface DisclosableFields {
  resident: boolean
  residentSince: string
  name: Name
}

/**
 * Tells a service provider, about the person whose proof it holds, what its purpose allows.
 *
 * Whoever asks, whatever is wrong and whoever it is about, the refusal is the same: a policy that says no,
 * a proof that is not valid, and a proof of nobody here cannot be told apart.
 *
 * @throws {Refusal}
 */
export async function disclose(
  deps: ProofDeps,
  { town, by: requester }: Acting<Requester>,
  request: DisclosureRequest,
): Promise<Disclosed<Partial<DisclosableFields>>> {
  const now = deps.clock.now()
  const bearers = await bearersOf(deps.gate, town.id)
  let found = false
  const disclosed = await deps.gate.open<DisclosableFields, keyof DisclosableFields, Partial<DisclosableFields>>(
    { municipalityId: town.id, requester, action: 'disclose', purpose: request.purpose, fields: request.fields },
    async (transaction) => {
      const entry = await statusEntryOf(transaction, request.subject.proof)
      if (entry === undefined) return []
      const proof = await bearerAt(transaction, {
        statusListId: entry.listId,
        statusIndex: entry.index,
        now: new Date(now.epochMilliseconds),
      })
      if (!proof?.bearer) return []
      const bearer = bearers.open(proof.id, proof.bearer)
      const hidden = await hiddenFromOthers(transaction, [bearer.neighbourId], now)
      const records = await publicRecord(transaction, bearer)
      return records.map((record) => disclosable(record, hidden.has(record.subject)))
    },
    ([record], unit) => {
      found = record !== undefined
      unit.occasion({ found: found ? 1 : 0 })
      if (record === undefined) return {}
      const { id: _, ...fields } = record
      return fields
    },
  )
  if (!found) throw new Refusal()
  return disclosed

  /** What is told is what was public this morning, or what was known when the proof was made, if that was later. */
  async function publicRecord(
    transaction: Transaction,
    { neighbourId, issuedAt }: Bearer,
  ): Promise<SealedRecord<NeighbourFields>[]> {
    const made = Temporal.Instant.from(issuedAt)
    const morning = publicUntil(deps.clock, town)
    const trueAt = today(deps.clock, town.timeZone)
    const known = (knownAt: Temporal.Instant) => loadRecords(transaction, [neighbourId], { trueAt, knownAt })
    const records = await known(Temporal.Instant.compare(made, morning) > 0 ? made : morning)
    // The database's clock may be a little ahead of the one that dates proofs: then nothing seems known yet.
    return records.length > 0 ? records : known(made.add(APART))
  }

  async function statusEntryOf(
    transaction: Transaction,
    token: string,
  ): Promise<{ listId: string; index: number } | undefined> {
    try {
      const { keys } = await readPublishedKeys(transaction, deps.clock, town.id)
      const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
      const { uri, idx } = payload.status.status_list
      const listId = String(uri).replace(statusListUri(town, ''), '')
      if (!z.uuid().safeParse(listId).success) return undefined
      const list = await signStatusList(transaction, { deps, town, listId })
      await verifyProof(token, {
        issuer: town.issuer,
        keys,
        statusLists: list === undefined ? {} : { [uri]: list },
        now: Math.floor(deps.clock.now().epochMilliseconds / 1000),
      })
      return { listId, index: idx }
    } catch (error) {
      if (error instanceof ProofInvalid || error instanceof SyntaxError || error instanceof TypeError) return undefined
      throw error
    }
  }
}

function disclosable(record: SealedRecord<NeighbourFields>, hidden: boolean): SealedRecord<DisclosableFields> {
  const { residence } = record.facts
  return {
    ...record,
    protected: hidden,
    facts: { resident: residence !== undefined, ...(residence ? { residentSince: residence.residentSince } : {}) },
    parts: record.parts
      .filter((part) => part.holds.includes('name'))
      .map((part) => ({
        ...part,
        holds: ['name'],
        assemble: (into, value) => {
          into.name = (value as { name: Name }).name
        },
      })),
  }
}
