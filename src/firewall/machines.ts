import type { Clock } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import {
  anyClientOf,
  anyEndedKeyOf,
  clientsWithKeys,
  endClient,
  endClientKey,
  keepClient,
  keepClientKeys,
} from './organisation-store.ts'

/** A client id at the city's sign-in. */
export const CLIENT_ID = /^[\w.:-]{1,200}$/
/** Keys of one machine in use at once, and machines of one organisation: enough for any change. */
const MOST_KEYS = 10
const MOST_MACHINES = 10

/** A machine that asks for an organisation, by its client id. RFC 3339 times. */
export interface Machine {
  client: string
  endedAt: string | null
  /** RFC 7638 thumbprints: while any was ever named, a token counts only where it is bound to one in use. */
  keys: { thumbprint: string; knownAt: string; endedAt: string | null }[]
}

/** Whether a machine is answered: not ended, and not all of the keys that it named are. */
export const isInUse = ({ endedAt, keys }: Machine): boolean =>
  endedAt === null && (keys.length === 0 || keys.some((key) => key.endedAt === null))

/** @throws when a client id belongs to another organisation already, or to a machine that is ended. */
export class ClientTaken extends Problem {
  constructor() {
    super('client-taken', 409, 'A machine of this name is known already.')
  }
}

/** @throws where an organisation names a machine of its own that was ended. */
export class MachineEnded extends Problem {
  constructor() {
    super('machine-ended', 409, 'This machine was ended. Register another one, under a new client id.')
  }
}

/** @throws where an organisation would have more machines, or a machine more keys in use, than it can need. */
export class TooManyMachines extends Problem {
  constructor() {
    super('too-many-machines', 409, 'End a machine or a key that is not used before naming another.')
  }
}

/** @throws when a key is asked for again that was ended: it may have been lost then. */
export class KeyEnded extends Problem {
  constructor() {
    super('key-ended', 409, 'A key that was ended is not used again. Make a new one.')
  }
}

/** Every machine an organisation ever had, those that are ended too, by client id; keys by age. */
export async function machinesOf(transaction: Transaction, organisationId: string): Promise<Machine[]> {
  return (await machinesOfAll(transaction, organisationId)).get(organisationId) ?? []
}

/** The machines of every organisation, or of one, by the organisation's id. */
export async function machinesOfAll(
  transaction: Transaction,
  organisationId?: string,
): Promise<ReadonlyMap<string, Machine[]>> {
  const rows = await clientsWithKeys(transaction, organisationId)
  const machines = new Map<string, Machine[]>()
  for (const row of rows) {
    const theirs = machines.get(row.organisation_id) ?? []
    machines.set(row.organisation_id, theirs)
    let machine = theirs.at(-1)
    if (machine?.client !== row.id) {
      machine = { client: row.id, endedAt: row.ended_at?.toISOString() ?? null, keys: [] }
      theirs.push(machine)
    }
    if (row.thumbprint === null || row.known_at === null) continue
    const { thumbprint, known_at, key_ended_at } = row
    machine.keys.push({
      thumbprint,
      knownAt: known_at.toISOString(),
      endedAt: key_ended_at?.toISOString() ?? null,
    })
  }
  return machines
}

/** @throws {ClientTaken} where a machine of this name was ever somebody's */
export async function mustBeFree(transaction: Transaction, clients: readonly string[]): Promise<void> {
  if (clients.length === 0) return
  const taken = await anyClientOf(transaction, clients)
  if (taken) throw new ClientTaken()
}

/** @throws {KeyEnded} of a key that was ended, of whatever machine */
export async function mustBeFresh(transaction: Transaction, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  const ended = await anyEndedKeyOf(transaction, keys)
  if (ended) throw new KeyEnded()
}

/**
 * Whether an organisation has room for another machine, or one of its machines for these keys. Whether a name is somebody else's
 * is not said here: whoever asks could find out by it who has which.
 *
 * @throws {MachineEnded} {TooManyMachines} {KeyEnded} {NotFound}
 */
export async function mustHaveRoom(
  transaction: Transaction,
  organisationId: string,
  { kind, client, keys }: { kind: 'machine' | 'keys'; client?: string | undefined; keys: readonly string[] },
): Promise<void> {
  const own = await machinesOf(transaction, organisationId)
  const named = own.find((one) => one.client === client)
  if (named !== undefined && named.endedAt !== null) throw new MachineEnded()
  await mustBeFresh(transaction, keys)
  if (kind === 'machine') {
    if (named !== undefined) throw new ClientTaken()
    if (own.filter(({ endedAt }) => endedAt === null).length >= MOST_MACHINES) throw new TooManyMachines()
    if (keys.length > MOST_KEYS) throw new TooManyMachines()
    return
  }
  if (named === undefined) throw new NotFound()
  const live = named.keys.filter(({ endedAt }) => endedAt === null).map(({ thumbprint }) => thumbprint)
  if (new Set([...live, ...keys]).size > MOST_KEYS) throw new TooManyMachines()
}

/** Another machine of an organisation's: it asks from this commit on. */
export async function addMachine(
  transaction: Transaction,
  municipalityId: string,
  { organisationId, client }: { organisationId: string; client: string },
): Promise<void> {
  await keepClient(transaction, { id: client, municipalityId, organisationId })
}

/** Keys that are a machine's from now on, besides those it has: old and new count together until the old ones are ended. */
export async function nameKeys(
  transaction: Transaction,
  municipalityId: string,
  { client, keys }: { client: string; keys: readonly string[] },
): Promise<void> {
  if (keys.length === 0) return
  await keepClientKeys(
    transaction,
    keys.map((thumbprint) => ({ client_id: client, municipality_id: municipalityId, thumbprint })),
  )
}

/** What ends: one key, or the whole machine with all of them. */
export interface MachineEnding {
  client: string
  thumbprint?: string | undefined
}

/** Ends a machine or one of its keys, at once and for good: that opens nothing. @throws {NotFound} where it is not theirs */
export async function endMachine(
  transaction: Transaction,
  {
    clock,
    organisationId,
    machineEnding: { client, thumbprint },
  }: { clock: Clock; organisationId: string; machineEnding: MachineEnding },
): Promise<void> {
  const machine = (await machinesOf(transaction, organisationId)).find((one) => one.client === client)
  if (machine === undefined) throw new NotFound()
  const ended_at = clock.now().toString()
  if (thumbprint === undefined) {
    await endClient(transaction, { ended_at, id: client })
    return
  }
  if (!machine.keys.some((key) => key.thumbprint === thumbprint)) throw new NotFound()
  await endClientKey(transaction, { ended_at, clientId: client, thumbprint })
}
