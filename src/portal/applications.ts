import { z } from '@hono/zod-openapi'
import { calculateJwkThumbprint, importJWK, type JWK } from 'jose'
import type { Disclosed } from '../firewall/disclosed.ts'
import { called, confirmedPlain, mustBePlain, ownWords, plain } from '../firewall/free-text.ts'
import { closes, FUNCTION_IDS, functionOf } from '../firewall/functions.ts'
import { type Acts, type Carry, enrolling, proposeAct } from '../firewall/officer-acts.ts'
import { enrolIn, Identifier } from '../firewall/organisation-desk.ts'
import type { Staff } from '../firewall/requester.ts'
import { uuidv7 } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { afterPlace, type Paged, pageOf, readCursor, toTheMillisecond } from '../platform/paging.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { triedTooOften } from '../registry/tries.ts'
import { lettersIn, newReference } from './reference.ts'

/** What an organisation may say it does. What is on no list is told in words to a legal officer, and is answered nothing. */
export const DOES = [...FUNCTION_IDS, 'other'] as const
const MOST = { source: 10, town: 300 } as const

export const Application = z.strictObject({
  name: called(200),
  /** Its number in a public register. */
  identifier: Identifier,
  functions: z.array(z.enum(DOES)).min(1).max(DOES.length),
  /** Whom it belongs to, reports to, shares data with, in its own words: it must be able to name whom we answer nothing. */
  ties: ownWords(2000),
  /** Who signs that it passes nothing on. */
  officer: called(200),
  contact: plain(200),
  need: plain(2000),
  /** RFC 7638 thumbprints of its keys. */
  keys: z.array(z.string().regex(/^[\w-]{43}$/)).max(10),
  confirmedPlain,
})
export type Application = z.infer<typeof Application>

/** Nobody has signed in who applies. */
const APPLICANT = { kind: 'job', id: 'applications' } as const

/** What a legal officer answers: the machine's client id at the city's sign-in; or why not. */
export const ApplicationAnswer = z.discriminatedUnion('enrol', [
  z.strictObject({ enrol: z.literal(true), client: z.string().regex(/^[\w.:-]{0,200}$/) }),
  z.strictObject({ enrol: z.literal(false), reason: plain(2000), confirmedPlain }),
])
export type ApplicationAnswer = z.infer<typeof ApplicationAnswer>

/** Of what they say they do, what the list says too. */
const listed = (functions: readonly string[]): string[] => functions.flatMap((one) => functionOf(one) ?? [])

const place = (id: string, column: 'content' | 'reason') => ({ table: 'applications', column, row: id })

/** Letters of a JWK set: ten keys, and room. */
const LARGEST_SET = 20_000
/** What only a private or a symmetric key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const
/** The algorithms a DPoP proof is signed with here, by what a key says of itself. */
const SIGNS: Readonly<Record<string, string>> = {
  'EC P-256': 'ES256',
  'EC P-384': 'ES384',
  'OKP Ed25519': 'EdDSA',
  RSA: 'RS256',
}
const LEAST_RSA_BITS = 2048

/**
 * The keys in a JWK set, by thumbprint: public ones, of a kind that signs, on their curve and long enough.
 *
 * @returns undefined where any of them is not
 * @see RFC 7517 section 5, RFC 7638; NIST SP 800-186 section 3.2.1 (points on a curve)
 */
export async function thumbprintsIn(text: string): Promise<string[] | undefined> {
  if (text.trim() === '') return []
  if (text.length > LARGEST_SET) return undefined
  try {
    const { keys } = z
      .object({
        keys: z
          .array(z.looseObject({ kty: z.string() }))
          .min(1)
          .max(10),
      })
      .parse(JSON.parse(text))
    return await Promise.all(keys.map((key) => thumbprintOf(key as JWK)))
  } catch {
    return undefined
  }
}

/** @throws of a key that is private, of another kind, off its curve or too short */
async function thumbprintOf(key: JWK): Promise<string> {
  if (PRIVATE.some((part) => part in key)) throw new Error('a private key')
  const alg = SIGNS[key.kty === 'RSA' ? 'RSA' : `${key.kty} ${key.crv}`]
  if (alg === undefined) throw new Error('a key of another kind')
  // What is not on its curve is not imported.
  const imported = (await importJWK({ ...key, alg, ext: true, key_ops: ['verify'] }, alg)) as CryptoKey
  const { modulusLength = LEAST_RSA_BITS } = imported.algorithm as { modulusLength?: number }
  if (modulusLength < LEAST_RSA_BITS) throw new Error('a short key')
  return calculateJwkThumbprint(key)
}

/**
 * Takes an application from anyone. One from immigration enforcement is refused as it comes.
 *
 * @returns the code to follow it by, which is with whoever applied and nowhere else
 * @throws {SaysTooMuch} when its words may be about somebody's papers, and nobody said that they are not
 * @throws {Problem} too-many-applications
 */
export async function applyToAsk(
  deps: RegistryDeps,
  town: Municipality,
  application: Application,
  source: string,
): Promise<{ reference: string }> {
  await mustBePlain(deps.gate, town.id, APPLICANT, Application, application)
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const { letters, shown } = newReference()
  const id = uuidv7()
  const now = deps.clock.now()
  const refused = listed(application.functions).some((one) => closes([one]))
  const taken = await inMunicipality(deps.database, town.id, async (transaction) => {
    if (await triedTooOften(transaction, town, hash, now, 'application', source, MOST)) return false
    await transaction
      .insertInto('applications')
      .values({
        id,
        municipality_id: town.id,
        reference_hash: hash(`application ${letters}`),
        data_key_id: ledger.id,
        content: Buffer.from(ledger.seal(place(id, 'content'), application)),
        received_at: now.toString(),
        ...(refused ? { decided_at: now.toString(), decided_by: 'the rules', decision: 'refused' } : {}),
      })
      .execute()
    return true
  })
  if (!taken) throw new Problem('too-many-applications', 429, 'Many applications came from here. Wait ten minutes.')
  return { reference: shown }
}

export interface Standing {
  state: 'waiting' | 'enrolled' | 'refused'
  /** In a legal officer's words; absent where the rules alone decided. */
  reason: string | undefined
}

/** How an application stands, for whoever has its code. @returns undefined for a code nothing has */
export async function standingOf(deps: RegistryDeps, town: Municipality, typed: string): Promise<Standing | undefined> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await transaction
      .selectFrom('applications')
      .select(['id', 'decision', 'reason'])
      .where('reference_hash', '=', hash(`application ${lettersIn(typed)}`))
      .executeTakeFirst()
    if (row === undefined) return undefined
    return {
      state: row.decision === 'enrolled' || row.decision === 'refused' ? row.decision : 'waiting',
      reason: row.reason === null ? undefined : (ledger.open(place(row.id, 'reason'), row.reason) as string),
    }
  })
}

export type ApplicationToReview = Application & { id: string; receivedAt: string }

/** On one page. */
const MOST_LISTED = 20

/** Applications that wait, a page at a time and the oldest first. @throws {Refusal} */
export async function applicationsToReview(
  deps: RegistryDeps,
  town: Municipality,
  officer: Staff,
  cursor?: string,
): Promise<Disclosed<Paged<ApplicationToReview>>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const after = readCursor(cursor)
  return deps.gate.decide(enrolling(town.id, officer), async (transaction) => {
    const read = await transaction
      .selectFrom('applications')
      .select(['id', 'content', 'received_at'])
      .where('decision', 'is', null)
      .where(afterPlace('received_at', 'id', after))
      .orderBy(toTheMillisecond('received_at'))
      .orderBy('id')
      .limit(MOST_LISTED + 1)
      .execute()
    const { rows, more } = pageOf(read, MOST_LISTED, (row) => ({ at: row.received_at.toISOString(), id: row.id }))
    const items = rows.map((row) => ({
      ...(ledger.open(place(row.id, 'content'), row.content) as Application),
      id: row.id,
      receivedAt: row.received_at.toISOString(),
    }))
    return { items, more }
  })
}

/**
 * Refuses an application with a reason; or proposes to another officer that it be enrolled.
 *
 * @throws {SaysTooMuch} {NotFound} {Refusal}
 */
export async function decideApplication(
  deps: RegistryDeps,
  town: Municipality,
  officer: Staff,
  id: string,
  answer: ApplicationAnswer,
  carry: Carry,
): Promise<Disclosed<object>> {
  if (answer.enrol) {
    const { ledger } = await deps.gate.keysOf(town.id)
    // What the second officer approves says who it is.
    const content = { applicationId: id, client: answer.client, name: '', identifier: '', functions: [] as string[] }
    return proposeAct(deps, town.id, officer, { kind: 'application', content }, carry, async (transaction) => {
      const row = await openApplication(transaction, id)
      const { name, identifier, functions } = ledger.open(place(id, 'content'), row.content) as Application
      Object.assign(content, { name, identifier, functions: listed(functions) })
      return false
    })
  }
  await mustBePlain(deps.gate, town.id, officer, ApplicationAnswer, answer)
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(enrolling(town.id, officer), async (transaction) => {
    await openApplication(transaction, id)
    const reason = Buffer.from(ledger.seal(place(id, 'reason'), answer.reason))
    await transaction
      .updateTable('applications')
      .set({ decided_at: deps.clock.now().toString(), decided_by: officer.id, decision: 'refused', reason })
      .where('id', '=', id)
      .execute()
    return { refused: true }
  })
}

/** An application that waits, held against another decision. @throws {NotFound} */
async function openApplication(transaction: Transaction, id: string): Promise<{ content: Uint8Array }> {
  const row = await transaction
    .selectFrom('applications')
    .select('content')
    .where('id', '=', id)
    .where('decision', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new NotFound()
  return row
}

/**
 * Enrols whoever applied, once two officers have said so: answered from this commit on, unless a tie says otherwise, and its
 * machine only with the keys it named.
 *
 * @throws {ClientTaken} {NotFound}
 */
export async function enrolApplicant(
  deps: RegistryDeps,
  town: Municipality,
  transaction: Transaction,
  { applicationId: id, client }: Acts['application'],
): Promise<string> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const row = await openApplication(transaction, id)
  const {
    name,
    identifier,
    functions,
    officer: signedBy,
    keys,
  } = ledger.open(place(id, 'content'), row.content) as Application
  const clients = client === '' ? [] : [client]
  const organisationId = await enrolIn(transaction, deps.clock, town.id, {
    name,
    identifier,
    functions: listed(functions),
    signedBy,
    clients,
  })
  if (clients.length > 0 && keys.length > 0)
    await transaction
      .insertInto('client_keys')
      .values(keys.map((thumbprint) => ({ client_id: client, municipality_id: town.id, thumbprint })))
      .execute()
  await transaction
    .updateTable('applications')
    .set({
      decided_at: deps.clock.now().toString(),
      decided_by: 'two officers',
      decision: 'enrolled',
      organisation_id: organisationId,
    })
    .where('id', '=', id)
    .execute()
  return organisationId
}
