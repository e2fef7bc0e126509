import { z } from '@hono/zod-openapi'
import { CLIENT_ID, mustHaveRoom } from '../firewall/machines.ts'
import type { DataKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../town/model.ts'
import { keepApplication, lockOrganisationRequests, machineRequestsOf, withdrawMachineRequest } from './store.ts'

/** RFC 7638. */
export const Thumbprints = z.array(z.string().regex(/^[\w-]{43}$/)).max(10)

/** Where what an application says lies, as its seal has it. */
export const location = (id: string, column: 'content' | 'reason') => ({ table: 'applications', column, row: id })

/** What an organisation asks for later: another machine, or keys for one of its machines besides those that it has. */
export const MachineRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('machine'),
    client: z.string().regex(CLIENT_ID).optional(),
    keys: Thumbprints.min(1),
  }),
  z.strictObject({ kind: z.literal('keys'), client: z.string().regex(CLIENT_ID), keys: Thumbprints.min(1) }),
])
export type MachineRequest = z.infer<typeof MachineRequest>

/** A request that waits: what it asks for, so that its owner tells it from one that somebody else made. RFC 3339 time. */
export type WaitingRequest = MachineRequest & { id: string; receivedAt: string }

/** What one organisation may have waiting at once. */
const MOST_REQUESTS = 5

/** @throws when an organisation has asked for more than officers can look at. */
export class TooManyRequests extends Problem {
  constructor() {
    super('too-many-requests', 429, 'Several of your requests wait. Call one off, or wait for the answer.')
  }
}

/**
 * Takes what an organisation asks for its machines. Two officers decide it, as they decided who it is; until then all stays as it
 * was. The same asked again while it waits is one request.
 *
 * @throws {MachineEnded} {KeyEnded} {TooManyMachines} {NotFound} of what could not be; {TooManyRequests}
 */
export async function askForMachine(
  deps: RegistryDeps,
  town: Municipality,
  { organisationId, request }: { organisationId: string; request: MachineRequest },
): Promise<{ id: string }> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    // One at a time of one organisation, or more would wait than may.
    await lockOrganisationRequests(transaction, organisationId)
    await mustHaveRoom(transaction, organisationId, request)
    const waiting = await requestsOf(transaction, ledger, organisationId)
    const asked = (one: MachineRequest) => JSON.stringify([one.kind, one.client, [...one.keys].sort()])
    const same = waiting.find((one) => asked(one) === asked(request))
    if (same) return { id: same.id }
    if (waiting.length >= MOST_REQUESTS) throw new TooManyRequests()
    const id = uuidv7()
    await keepApplication(transaction, {
      id,
      municipality_id: town.id,
      kind: request.kind,
      asked_for: organisationId,
      // Followed by whoever is the organisation, and by no code of its own.
      reference_hash: hash(`application of ${id}`),
      data_key_id: ledger.id,
      content: Buffer.from(ledger.seal(location(id, 'content'), request)),
      received_at: deps.clock.now().toString(),
    })
    return { id }
  })
}

/** What an organisation asked for its machines and is not answered yet, the oldest first. */
export async function requestsOf(
  transaction: Transaction,
  ledger: DataKey,
  organisationId: string,
): Promise<WaitingRequest[]> {
  const rows = await machineRequestsOf(transaction, organisationId)
  return rows.map((row) => ({
    ...(ledger.open(location(row.id, 'content'), row.content) as MachineRequest),
    id: row.id,
    receivedAt: row.received_at.toISOString(),
  }))
}

/** Calls off what an organisation asked for. @throws {NotFound} where it is not theirs, or decided */
export async function callOff(
  deps: RegistryDeps,
  town: Municipality,
  { organisationId, id }: { organisationId: string; id: string },
): Promise<void> {
  await inMunicipality(deps.database, town.id, async (transaction) => {
    const done = await withdrawMachineRequest(transaction, {
      decidedAt: deps.clock.now().toString(),
      id,
      askedFor: organisationId,
    })
    if (done.numUpdatedRows !== 1n) throw new NotFound()
  })
}

/** What an organisation asks, of a machine whose name is known. */
export type NamedRequest = Omit<MachineRequest, 'client'> & { client: string }

/**
 * What is asked for a machine, by the name that it has at the city's sign-in: an officer says it where the organisation could
 * not, or said it wrongly.
 *
 * @throws {InvalidInput} where nobody did
 */
export function requestOf(said: unknown, client: string): NamedRequest {
  const request = said as MachineRequest
  const named = (request.kind === 'machine' ? client || request.client : request.client) ?? ''
  if (named === '') throw new InvalidInput([{ pointer: '/client', detail: 'Give the client id of the machine.' }])
  return { ...request, client: named }
}
