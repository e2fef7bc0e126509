import { randomUUID } from 'node:crypto'
import type { Ask } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { type CiphertextLocation, type DataKey, newDataKey } from '../../keys/seal.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { randomBytes } from '../../platform/random.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Idempotency } from '../idempotency.ts'
import type { Address, Registration, Representative } from '../model.ts'
import { type Whole, WRITTEN } from '../particulars.ts'
import { sealMovement } from '../person/movements.ts'
import { wordsOfName } from '../person/names.ts'
import { sealRepresentation } from '../person/representation/record-representative.ts'
import { sealOwner, sealResponse } from '../replays.ts'
import type { Start } from '../residence/periods.ts'
import { sealAddress } from '../sealed-address.ts'
import { indexRow, likenessOf, tokenMaker, tokensOf } from '../search/search-tokens.ts'
import { endOfVisit } from '../visits.ts'
import { documentHash } from './evidence.ts'
import type { RegistrationItem, RegistrationRow } from './registration-model.ts'

const ASK = { action: 'register', purpose: 'registration', fields: [...WRITTEN, 'address'] } as const

interface Context {
  start: Start
  address: Address
  key: Idempotency
  knownDistinct: readonly string[]
  /** Protected neighbours whom this record would show. */
  resembles?: readonly string[]
}

/** Seals everything the form says and asks the gate, before the database is touched. @throws {Refusal} */
export async function sealRegistration(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { form, context: { start, address, key, knownDistinct, resembles = [] } }: { form: Registration; context: Context },
): Promise<RegistrationItem> {
  // Random, not ordered by time: an id does not tell on which day somebody was registered, nor who was with them.
  const id = randomUUID()
  const person = newDataKey(id)
  const ask: Ask = { ...ASK, municipalityId: town.id, requester: clerk }
  const [{ hash, hash32, ledger }, { graphVersion, entry, disclose }] = await Promise.all([
    deps.gate.keysOf(town.id),
    deps.gate.admit(ask, id, person),
  ])
  const token = tokenMaker(hash32, town.blindIndexBits)
  const words = wordsOfName(form.name)
  const { locks: ofName, sets } = likenessOf(token, words, form.dateOfBirth)
  const document = form.evidence?.document === undefined ? undefined : documentHash(hash, form.evidence.document)
  // Two clerks with the same document take turns, whatever name each typed; so do two with the same key.
  const locks = [...ofName, ...[document, key.id].flatMap((mark) => (mark ? [mark.readUInt32BE() >>> 1] : []))]
  const wrapped = person.wrap(deps.keys, town.id, 'neighbour')
  const householdId = form.householdId ?? uuidv7()
  const movementId = uuidv7()
  const saidId = uuidv7()
  const evidenceId = randomUUID()
  const { from, said } = start
  const answer = { id, householdId, residentSince: from, ...(said ? { saidSince: said } : {}), version: 1 }
  const onceId = key.id.toString('hex')
  const seal = (location: CiphertextLocation, value: unknown) => hex(person.seal(location, value))

  const { name, dateOfBirth, sex, languages } = form
  const identity: Whole<'identity'> = { name, previousNames: undefined, dateOfBirth, sex }
  const contact: Whole<'contact'> = { contact: form.contact, languages }
  const row: RegistrationRow = {
    id,
    registry_key_id: wrapped.registryKeyId,
    wrapped: hex(wrapped.wrapped),
    idempotency: hex(key.id),
    fingerprint: hex(key.fingerprint),
    response: hex(sealResponse(person, onceId, answer)),
    response_owner: hex(sealOwner(ledger, onceId, id)),
    locks,
    like_tokens: sets,
    known_distinct: knownDistinct,
    protected: (form.protected ?? false) || resembles.length > 0,
    hides: form.protected ?? false,
    visit_until: endOfVisit(deps, town),
    ...(resembles.length > 0 ? perhapsOne(resembles, seal) : {}),
    identity: seal({ table: 'particulars', column: 'identity', row: `${id}/1` }, identity),
    contact: seal({ table: 'particulars', column: 'contact', row: `${id}/1` }, contact),
    evidence_id: evidenceId,
    evidence: seal(
      { table: 'evidence', column: 'details', row: evidenceId },
      { strength: form.evidence?.strength ?? 'declaration', document: document !== undefined },
    ),
    // Nobody can be told by having none.
    document_hash: hex(document ?? randomBytes(32)),
    ...(form.householdId === undefined ? newAddress(deps, town, address) : {}),
    household_id: householdId,
    residence_id: uuidv7(),
    valid_from: from,
    ...(said
      ? {
          said_id: saidId,
          said: seal({ table: 'said_starts', column: 'content', row: saidId }, { from: said, with: 'registration' }),
        }
      : {}),
    representatives: (form.representatives ?? []).map((one) => representationOf(one, person)),
    movement_id: movementId,
    recorded_by: clerk.id,
    movement_details: hex(
      sealMovement(person, movementId, {
        ...{ kind: 'registration', cause: form.cause ?? 'arrival', effectiveOn: from, recordedBy: clerk.id },
        said: {
          once: onceId,
          confirmedDistinctFrom: knownDistinct,
          ...(form.distinctBecause ? { because: form.distinctBecause } : {}),
          ...(form.takenDown ? { takenDown: form.takenDown } : {}),
        },
        now: deps.clock.now(),
      }),
    ),
    tokens: indexRow(token, id, tokensOf(token, { names: [words], dateOfBirth: form.dateOfBirth, address })),
    entry_id: entry.id,
    action: entry.action,
    purpose: entry.purpose,
    requester_kind: entry.requesterKind,
    entry_subject: hex(entry.subject),
    entry_mark: hex(entry.mark),
    entry_details: hex(entry.details),
    leaf_hash: hex(entry.leafHash),
  }
  return { id, answer: disclose(answer), graphVersion, idempotency: onceId, locks, row }
}

/** An address as register_neighbours() takes one. */
function newAddress(deps: RegistryDeps, town: Municipality, address: Address) {
  const { id, kind, wrapped, sealed } = sealAddress(deps.keys, town, address)
  const orNull = (part: Uint8Array | null) => (part === null ? null : hex(part))
  return {
    address_id: id,
    // The registry key may be turned between the wrapping of one key and the next.
    address_registry_key_id: wrapped.registryKeyId,
    address_wrapped: hex(wrapped.wrapped),
    address_kind: kind,
    place: orNull(sealed.place),
    reference: orNull(sealed.reference),
    usual_area: orNull(sealed.usual_area),
  }
}

/** That somebody may be one person with others, for a supervisor to decide. */
function perhapsOne(resembles: readonly string[], seal: (location: CiphertextLocation, value: unknown) => string) {
  const likeness_id = uuidv7()
  return {
    likeness_id,
    likeness_content: seal({ table: 'likenesses', column: 'content', row: likeness_id }, { resembles }),
  }
}

/** A representative as register_neighbours() takes one. */
function representationOf(representative: Representative, ward: DataKey) {
  const { id, representativeId, details } = sealRepresentation(representative, (location, value) =>
    ward.seal(location, value),
  )
  return { id, representative_id: representativeId, details: Buffer.from(details).toString('hex') }
}

/** A bytea as PostgreSQL writes it. */
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
