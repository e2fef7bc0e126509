import { randomUUID } from 'node:crypto'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { isInUse, machinesOf } from '../../firewall/machines.ts'
import type { Ask } from '../../firewall/model.ts'
import { functionsOf, organisationById } from '../../firewall/organisation-store.ts'
import { type Client, Refusal, type Requester } from '../../firewall/requester.ts'
import { inMunicipality, type Transaction } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import { randomBytes } from '../../platform/random.ts'
import { lettersIn, newReference } from '../../platform/reference.ts'
import { TooManyAttempts, triedTooOften } from '../../platform/tries.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { agreedProfile } from '../agreed-profile.ts'
import { NoSuchCode } from '../find-by-code.ts'
import type { ProofDeps } from '../issue.ts'
import { type Profile, profiles } from '../profiles.ts'
import { counterBySession, countersOpenOf, dropCounter, dropCountersOf, enterWithCode, keepCounter } from './store.ts'

// The desks of enrolled services that may put questions to wallets in the city's name.

/** How long the code waits that signs a browser in as a counter, and how long that browser then is one: a working day. */
const CODE_MINUTES = 15
export const COUNTER_HOURS = 12
/** Desks of one organisation at once. */
const MOST_COUNTERS = 50
const MOST_WRONG_CODES = { source: 20, town: 2_000 }

/** A desk that asks wallets for one service. */
export interface Counter {
  id: string
  /** Whose it is, as wallets and people are told. */
  organisation: { id: string; name: string }
  /** The machine that opened it: it ends with it. */
  client: string
  profile: Profile
}

/** @throws {NotFound} of a service there is not */
export function profileOf(service: string): Profile {
  const profile = profiles.get(service)
  if (profile === undefined) throw new NotFound()
  return profile
}

/** What is asked of the gate before a counter opens, and again before each question: it stands in the ledger. */
export const wantsToAsk = (town: Municipality, requester: Requester): Ask<never> => ({
  municipalityId: town.id,
  requester,
  action: 'disclose',
  purpose: 'wallet-question',
  fields: [],
})

/** Whether whoever does this gives the service; what is shown to anybody may be asked for by any of them. */
const gives = (functions: readonly string[], { givenBy }: Profile) =>
  givenBy.length === 0 || functions.some((one) => givenBy.includes(one))

const codeHash = (hash: (text: string) => Buffer, letters: string) => hash(`counter code ${letters}`)
const sessionHash = (hash: (text: string) => Buffer, secret: string) => hash(`counter session ${secret}`)

/**
 * Opens a counter for one of an organisation's desks: a code, good once and for minutes, that signs in the browser that stands
 * there.
 *
 * @returns `code` in groups of four letters; `codeUntil` and `expiresAt` RFC 3339
 * @throws {Refusal} of whoever is no machine of an organisation that gives this service, or has fifty open
 */
export async function openCounter(
  deps: ProofDeps,
  { town, by }: Acting<Requester>,
  service: string,
): Promise<Disclosed<{ code: string; codeUntil: string; expiresAt: string }>> {
  const { hash } = await deps.gate.keysOf(town.id)
  profileOf(service)
  const profile = await agreedProfile(deps, town, service)
  const now = deps.clock.now()
  const code = newReference()
  const codeUntil = now.add({ minutes: CODE_MINUTES }).toString()
  const expiresAt = now.add({ hours: COUNTER_HOURS }).toString()
  return deps.gate.decide(wantsToAsk(town, by), async (transaction) => {
    if (by.kind !== 'client' || by.organisationId === null) throw new Refusal()
    const functions = (await functionsOf(transaction, by.organisationId)).map((row) => row.function)
    const { open } = await countersOpenOf(transaction, {
      organisationId: by.organisationId,
      now: new Date(now.epochMilliseconds),
    })
    if (!gives(functions, profile) || open >= MOST_COUNTERS) throw new Refusal()
    await keepCounter(transaction, {
      id: randomUUID(),
      municipality_id: town.id,
      organisation_id: by.organisationId,
      client_id: by.id,
      profile: profile.id,
      code_hash: codeHash(hash, code.letters),
      code_until: codeUntil,
      expires_at: expiresAt,
    })
    return { code: code.shown, codeUntil, expiresAt }
  })
}

/**
 * Signs a browser in as a counter, with the code that its organisation's machine was given. The code is used up by it.
 *
 * @returns what the browser holds from now on
 * @throws {NoSuchCode} {TooManyAttempts}
 */
export async function enterCounter(
  deps: ProofDeps,
  town: Municipality,
  { service, typed, source }: { service: string; typed: string; source: string },
): Promise<string> {
  const { hash } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now()
  const secret = randomBytes(32).toString('base64url')
  const entered = await inMunicipality(deps.database, town.id, async (transaction) => {
    const done = await enterWithCode(transaction, {
      code: codeHash(hash, lettersIn(typed)),
      session: sessionHash(hash, secret),
      profile: profileOf(service).id,
      now: new Date(now.epochMilliseconds),
    })
    if (done.numUpdatedRows === 1n) return 'yes'
    const most = MOST_WRONG_CODES
    return (await triedTooOften(transaction, { town, hash, now, kind: 'counter', source, most })) ? 'too-often' : 'no'
  })
  if (entered === 'too-often') throw new TooManyAttempts()
  if (entered === 'no') throw new NoSuchCode()
  return secret
}

/**
 * The counter that a browser is.
 *
 * @returns undefined of any other browser, of one whose day is over, and once its organisation's machine was ended
 */
export async function counterOf(
  deps: ProofDeps,
  town: Municipality,
  { service, secret }: { service: string; secret: string | undefined },
): Promise<Counter | undefined> {
  const profile = profileOf(service)
  if (secret === undefined || secret === '') return undefined
  const { hash } = await deps.gate.keysOf(town.id)
  const session = sessionHash(hash, secret)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const now = new Date(deps.clock.now().epochMilliseconds)
    const row = await counterBySession(transaction, { session, profile: profile.id, now })
    if (row === undefined || !(await opensStill(transaction, row))) return undefined
    const does = (await functionsOf(transaction, row.organisation_id)).map((one) => one.function)
    if (!gives(does, profile)) return undefined
    const { name } = await organisationById(transaction, row.organisation_id)
    return { id: row.id, organisation: { id: row.organisation_id, name }, client: row.client_id, profile }
  })
}

async function opensStill(
  transaction: Transaction,
  { organisation_id, client_id }: { organisation_id: string; client_id: string },
): Promise<boolean> {
  const machine = (await machinesOf(transaction, organisation_id)).find(({ client }) => client === client_id)
  return machine !== undefined && isInUse(machine)
}

/** Whom the policies are asked about when a counter asks: the machine that opened it. */
export const requesterAt = ({ client, organisation }: Counter): Client => ({
  kind: 'client',
  id: client,
  organisationId: organisation.id,
})

/** Closes a counter, with whatever it asked that nobody has answered. */
export const closeCounter = (deps: ProofDeps, town: Municipality, { id }: Counter): Promise<void> =>
  inMunicipality(deps.database, town.id, async (transaction) => {
    await dropCounter(transaction, id)
  })

/**
 * Closes every counter of an organisation's that asks for a service: whoever keeps the cookie of one is no counter any more.
 *
 * @returns how many there were
 * @throws {Refusal} of whoever is no machine of an organisation
 */
export async function closeCounters(
  deps: ProofDeps,
  { town, by }: Acting<Requester>,
  service: string,
): Promise<Disclosed<{ closed: number }>> {
  const profile = profileOf(service)
  return deps.gate.decide(wantsToAsk(town, by), async (transaction) => {
    if (by.kind !== 'client' || by.organisationId === null) throw new Refusal()
    const done = await dropCountersOf(transaction, { organisationId: by.organisationId, profile: profile.id })
    return { closed: Number(done.numDeletedRows) }
  })
}
