import { CompiledQuery } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Ask } from '../firewall/gate.ts'
import type { Staff } from '../firewall/requester.ts'
import { newDataKey } from '../firewall/seal.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { type Database, sqlState } from '../platform/database.ts'
import { InvalidInput, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import { likelyDuplicates } from './duplicates.ts'
import { documentHash } from './evidence.ts'
import { householdAddress, neighbourExists } from './households.ts'
import { type Once, once, sameBody } from './idempotency.ts'
import type { Address, Registration } from './model.ts'
import type { Municipality } from './municipality.ts'
import { openResponse } from './replays.ts'
import { likenessOf, tokenMaker, tokensOf } from './search-tokens.ts'
import { addressColumns } from './store.ts'

/** What registering answers; nothing personal, the clerk has just typed it. */
export interface Registered {
  id: string
  householdId: string
  residentSince: string
  version: number
}

export interface Candidate {
  id: string
  name?: object
  dateOfBirth?: string
}

/** @throws when somebody very like this person is a neighbour already; carries the candidates, opened by the gate. */
export class DuplicateSuspected extends Problem {
  readonly disclosed: Disclosed<{ candidates: Candidate[] }>

  constructor(candidates: Disclosed<Candidate[]>) {
    super(
      'duplicate-suspected',
      409,
      'Somebody very like this person is registered already. Compare, then open that record, or send confirmedDistinct: true if they are two people.',
    )
    this.disclosed = candidates.map((list) => ({ candidates: list }))
  }
}

const ASK = {
  action: 'register',
  purpose: 'registration',
  fields: ['name', 'dateOfBirth', 'sex', 'contact', 'languages', 'address'],
} as const

/**
 * Registers a person who lives in the municipality as a neighbour, effective at once.
 *
 * A name and where they live are enough: no document, street address or phone is required. The same
 * idempotency key always gives the first answer. Takes one round trip to the database.
 *
 * @throws {DuplicateSuspected} when a very similar person is registered and the clerk has not confirmed that they are two
 * @throws {InvalidInput} when the date lies in the future or the household is unknown
 * @throws {IdempotencyMismatch} when the key was used with another form
 * @see Ley 7/1985 art. 15–16
 */
export async function registerNeighbour(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  form: Registration,
  idempotencyKey: string,
): Promise<Disclosed<Registered>> {
  const since = residenceStart(deps, town, form.since)
  const key = await once(deps.gate, town.id, {
    requester: clerk.id,
    operation: 'register',
    key: idempotencyKey,
    body: form,
  })
  const joined =
    form.householdId === undefined ? undefined : await householdAddress(deps, town, clerk, form.householdId)
  const address = form.address ?? joined
  if (address === undefined)
    throw new InvalidInput([{ pointer: '/householdId', detail: 'No household here has this id.' }])
  if (form.representative && 'neighbourId' in form.representative)
    await mustExist(deps, town, clerk, form.representative.neighbourId)

  let knownDistinct: string[] = []
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const item = await sealRegistration(deps, town, clerk, form, { since, address, key, knownDistinct })
    const outcome = await deps.registrations.submit(town.id, item)
    if (outcome.outcome === 'registered') return item.answer
    if (outcome.outcome === 'replayed') {
      sameBody(key, outcome.fingerprint)
      return replayed(deps, town, clerk, outcome)
    }
    if (outcome.outcome === 'graph-changed') {
      deps.gate.forget(town.id)
      continue
    }
    const candidates = outcome.candidates.filter((id) => !knownDistinct.includes(id))
    const alike = form.confirmedDistinct ? undefined : await likelyDuplicates(deps, town, clerk, form, candidates)
    if (alike) throw new DuplicateSuspected(alike)
    knownDistinct = [...knownDistinct, ...candidates]
  }
  throw new Problem(
    'busy',
    503,
    'Too many people are changing the same records. Send it again with the same Idempotency-Key.',
  )
}

/** One registration, sealed and ready for register_neighbours(). */
export interface RegistrationItem {
  answer: Disclosed<Registered>
  graphVersion: string
  once: string
  locks: number[]
  row: RegistrationRow
}

/** The SQL type `registration`, as JSON. */
type RegistrationRow = Record<string, unknown> & { document_hash: string | null }

interface Context {
  since: string
  address: Address
  key: Once
  knownDistinct: readonly string[]
}

async function sealRegistration(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  form: Registration,
  { since, address, key, knownDistinct }: Context,
): Promise<RegistrationItem> {
  const id = uuidv7()
  const person = newDataKey(id)
  const ask: Ask = { ...ASK, municipalityId: town.id, requester: clerk }
  const [{ hash }, { graphVersion, entry, disclose }] = await Promise.all([
    deps.gate.keysOf(town.id),
    deps.gate.admit(ask, id, person),
  ])
  const token = tokenMaker(hash, town.blindIndexBits)
  const { locks: ofName, sets } = likenessOf(token, form.name, form.dateOfBirth)
  const document = form.evidence?.document === undefined ? undefined : documentHash(hash, form.evidence.document)
  // Two clerks with the same document take turns, whatever name each typed.
  const locks = document === undefined ? ofName : [...ofName, document.readUInt32BE() >>> 1]
  const wrapped = person.wrap(deps.keys, town.id, 'neighbour')
  const householdId = form.householdId ?? uuidv7()
  const movementId = uuidv7()
  const answer = { id, householdId, residentSince: since, version: 1 }
  const onceId = key.id.toString('hex')
  const seal = (table: string, column: string, row: string, value: unknown) =>
    hex(person.seal({ table, column, row }, value))

  const row: RegistrationRow = {
    id,
    registry_key_id: wrapped.registryKeyId,
    wrapped: hex(wrapped.wrapped),
    idempotency: hex(key.id),
    fingerprint: hex(key.fingerprint),
    response: seal('idempotency_keys', 'response', onceId, answer),
    locks,
    like_tokens: sets,
    known_distinct: knownDistinct,
    protected: form.protected ?? false,
    identity: seal('particulars', 'identity', `${id}/1`, {
      name: form.name,
      dateOfBirth: form.dateOfBirth,
      sex: form.sex,
    }),
    contact: seal('particulars', 'contact', `${id}/1`, { contact: form.contact, languages: form.languages }),
    evidence_id: uuidv7(),
    strength: form.evidence?.strength ?? 'declaration',
    document_hash: document === undefined ? null : hex(document),
    ...(form.householdId === undefined ? newAddress(deps, town, address) : {}),
    household_id: householdId,
    residence_id: uuidv7(),
    valid_from: since,
    ...(form.representative ? relation(form.representative, seal) : {}),
    movement_id: movementId,
    cause: form.cause ?? 'arrival',
    recorded_by: clerk.id,
    movement_details: seal('movements', 'details', movementId, { confirmedDistinctFrom: knownDistinct }),
    tokens: tokensOf(token, { names: [form.name], dateOfBirth: form.dateOfBirth, address }),
    entry_id: entry.id,
    action: entry.action,
    purpose: entry.purpose,
    requester_kind: entry.requesterKind,
    entry_details: hex(entry.details),
    leaf_hash: hex(entry.leafHash),
  }
  return { answer: disclose(answer), graphVersion, once: onceId, locks, row }
}

function newAddress(deps: RegistryDeps, town: Municipality, address: Address) {
  const id = uuidv7()
  const key = newDataKey(id)
  const { place, reference, usual_area } = addressColumns(address, town.referenceAddress)
  const seal = (column: string, value: object | undefined) =>
    value === undefined ? null : hex(key.seal({ table: 'addresses', column, row: id }, value))
  return {
    address_id: id,
    address_wrapped: hex(key.wrap(deps.keys, town.id, 'address').wrapped),
    address_kind: address.kind,
    place: seal('place', place),
    reference: seal('reference', reference),
    usual_area: seal('usual_area', usual_area),
  }
}

function relation(
  representative: NonNullable<Registration['representative']>,
  seal: (table: string, column: string, row: string, value: unknown) => string,
) {
  const relation_id = uuidv7()
  return 'neighbourId' in representative
    ? { relation_id, representative_id: representative.neighbourId }
    : { relation_id, representative_details: seal('representatives', 'details', relation_id, representative) }
}

export type RegistrationOutcome =
  | { outcome: 'registered' }
  | { outcome: 'replayed'; fingerprint: Uint8Array; response: Uint8Array; owner: string; once: string }
  | { outcome: 'suspected'; candidates: string[] }
  | { outcome: 'graph-changed' }

interface OutcomeRow {
  item: number
  outcome: 'registered' | 'replayed' | 'suspected'
  fingerprint: Uint8Array
  response: Uint8Array
  response_owner: string
  candidates: string[]
}

/** Where finished forms are handed in: those waiting at the same moment share one statement and one commit. */
export interface RegistrationDesk {
  submit(municipalityId: string, item: RegistrationItem): Promise<RegistrationOutcome>
}

interface Waiting {
  item: RegistrationItem
  resolve(outcome: RegistrationOutcome): void
  reject(error: unknown): void
}

const MOST_AT_ONCE = 32
const STATEMENT =
  'select item, outcome, fingerprint, response, response_owner, to_jsonb(candidates) as candidates from register_neighbours($1::text::uuid, $2::text::bigint, $3::text::json)'

/** @param lanes how many statements may be under way at once for one municipality */
export function registrationDesk(database: Database, lanes = 2): RegistrationDesk {
  const queues = new Map<string, { waiting: Waiting[]; busy: number }>()

  async function write(municipalityId: string, batch: readonly Waiting[]): Promise<void> {
    const graphVersion = batch[0]?.item.graphVersion ?? '0'
    const rows = batch.map(({ item }, index) => ({ ...item.row, item: index }))
    try {
      const result = await database.executeQuery<OutcomeRow>(
        CompiledQuery.raw(STATEMENT, [municipalityId, graphVersion, JSON.stringify(rows)]),
      )
      const outcomes = new Map(result.rows.map((row) => [row.item, row]))
      for (const [index, { item, resolve, reject }] of batch.entries()) {
        const row = outcomes.get(index)
        if (row === undefined) reject(new Error('register_neighbours() forgot an item'))
        else resolve(outcomeOf(row, item))
      }
    } catch (error) {
      if (sqlState(error) === 'PD001') for (const { resolve } of batch) resolve({ outcome: 'graph-changed' })
      else if (batch.length > 1) await Promise.all(batch.map((one) => write(municipalityId, [one])))
      else for (const { reject } of batch) reject(error)
    }
  }

  async function serve(municipalityId: string): Promise<void> {
    const queue = queues.get(municipalityId)
    if (!queue || queue.busy >= lanes || queue.waiting.length === 0) return
    queue.busy += 1
    // Two forms for people alike, or with one key, must not meet in one statement.
    const taken: Waiting[] = []
    const left: Waiting[] = []
    const seen = new Set<string>()
    for (const one of queue.waiting) {
      const marks = [one.item.once, ...one.item.locks.map(String), documentOf(one.item)].filter(
        (mark) => mark !== undefined,
      )
      const fits =
        taken.length < MOST_AT_ONCE &&
        one.item.graphVersion === (taken[0] ?? one).item.graphVersion &&
        !marks.some((mark) => seen.has(mark))
      if (fits) for (const mark of marks) seen.add(mark)
      ;(fits ? taken : left).push(one)
    }
    queue.waiting = left
    await write(municipalityId, taken)
    queue.busy -= 1
    void serve(municipalityId)
  }

  return {
    submit: (municipalityId, item) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(municipalityId) ?? { waiting: [], busy: 0 }
        queues.set(municipalityId, queue)
        queue.waiting.push({ item, resolve, reject })
        queueMicrotask(() => void serve(municipalityId))
      }),
  }
}

function documentOf(item: RegistrationItem): string | undefined {
  return item.row.document_hash ?? undefined
}

function outcomeOf(row: OutcomeRow, item: RegistrationItem): RegistrationOutcome {
  if (row.outcome === 'suspected') return { outcome: 'suspected', candidates: row.candidates }
  if (row.outcome === 'replayed') {
    return {
      outcome: 'replayed',
      fingerprint: row.fingerprint,
      response: row.response,
      owner: row.response_owner,
      once: item.once,
    }
  }
  return { outcome: 'registered' }
}

/** The first answer to an idempotency key; opening it is opening the record it is about. */
async function replayed(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  stored: Extract<RegistrationOutcome, { outcome: 'replayed' }>,
): Promise<Disclosed<Registered>> {
  const id = stored.owner
  return openResponse<Registered>(deps, town, clerk, id, stored.once, stored.response)
}

/** @throws {InvalidInput} when it lies in the future */
export function residenceStart(deps: RegistryDeps, town: Municipality, since: string | undefined): string {
  const now = today(deps.clock, town.timeZone)
  if (since === undefined) return now.toString()
  if (Temporal.PlainDate.compare(since, now) > 0) {
    throw new InvalidInput([
      { pointer: '/since', detail: 'Give today or a day in the past; a future move is registered on its day.' },
    ])
  }
  return since
}

async function mustExist(deps: RegistryDeps, town: Municipality, clerk: Staff, id: string): Promise<void> {
  if (!(await neighbourExists(deps, town, clerk, id))) {
    throw new InvalidInput([{ pointer: '/representative/neighbourId', detail: 'No neighbour here has this id.' }])
  }
}

/** A bytea as PostgreSQL writes it. */
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
