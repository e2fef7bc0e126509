import { randomInt } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { confirmedPlain, mustBePlain, plain } from '../firewall/free-text.ts'
import { closesTheGateFor, organisationsNamed } from '../firewall/organisations.ts'
import { isToldWhere, Refusal, type Resident } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { crockfordTyped } from '../platform/digits.ts'
import { Problem } from '../platform/problem.ts'
import { TooManyAttempts, triedTooOften } from '../platform/tries.ts'
import type { Acting, Municipality } from '../town/model.ts'
import type { IdentityDeps } from './deps.ts'
import { helpersNamed, helperUnder, keepHelper } from './resident-store.ts'
import { noticeOfWays } from './telling.ts'

type Deps = IdentityDeps

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 20
/** Nobody is named for longer than this at once. */
export const LONGEST_HELP: Temporal.DurationLike = { months: 12 }
/** Tries within ten minutes from one place, and from all together. */
const MOST_TRIES = { source: 20, town: 2000 } as const

/** @throws when a helper's code is unknown, ended or run out, or does not cover the service: always the same. */
export class HelpRefused extends Problem {
  constructor() {
    super('help-refused', 401, 'This code does not open this proof. Ask the neighbour who gave it to you.')
  }
}

/** @throws when a neighbour would name somebody of an organisation that gets nothing. */
export class HelperClosed extends Problem {
  constructor() {
    super('helper-closed', 409, 'An organisation of this name works with immigration enforcement: it gets nothing.')
  }
}

export interface Helper {
  id: string
  name: string
  profiles: string[]
  /** The last day, ISO. */
  until: string
  /** RFC 3339. */
  namedAt: string
  /** Of one that was ended before that day; RFC 3339. */
  endedAt?: string
}

/** What is sealed of a helper: what the neighbour calls them, and what they may fetch. */
interface HelperDetails {
  name: string
  profiles: string[]
}
const detailsAt = (id: string) => ({ table: 'helpers', column: 'details', row: id })
/** Filled up to steps of so many bytes: what somebody may fetch is not told by how long it is. */
const STEP = 512
const openDetails = (ledger: DataKey, { id, details }: { id: string; details: Uint8Array }) =>
  ledger.openUnnamed(detailsAt(id), details) as HelperDetails

/** Whom a neighbour names: a person, or an office. */
export const HelperName = z.strictObject({ name: plain(100), confirmedPlain })

/** Names a helper. @returns the code for them, which is nowhere else @throws {SaysTooMuch} {HelperClosed} */
export async function nameHelper(
  deps: Deps,
  { town, by: resident }: Acting<Resident>,
  {
    helper,
    idempotencyKey,
  }: {
    helper: z.infer<typeof HelperName> & { profiles: readonly string[]; until: Temporal.PlainDate }
    idempotencyKey?: string | undefined
  },
): Promise<{ code: string }> {
  // Whoever is not told where somebody lives names nobody who would be.
  if (!isToldWhere(resident)) throw new Refusal()
  await mustBePlain(deps.gate, { municipalityId: town.id, by: resident }, { schema: HelperName, form: helper })
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const mark =
    idempotencyKey &&
    hash(
      `helper once ${JSON.stringify([resident.neighbourId, idempotencyKey, helper.name, helper.profiles, helper.until])}`,
    )
  const letter = (i: number) => ALPHABET[mark ? mark.readUInt8(i) % 32 : randomInt(32)]
  const code = Array.from({ length: LETTERS }, (_, i) => letter(i)).join('')
  const id = uuidv7()
  const details: HelperDetails = { name: helper.name, profiles: [...helper.profiles] }
  const last = today(deps.clock, town.timeZone).add(LONGEST_HELP)
  const until = Temporal.PlainDate.compare(helper.until, last) > 0 ? last : helper.until
  await inMunicipality(deps.database, town.id, async (transaction) => {
    if (await closesTheGateFor(transaction, await organisationsNamed(transaction, helper.name)))
      throw new HelperClosed()
    const named = await keepHelper(transaction, {
      id,
      municipality_id: town.id,
      neighbour_id: resident.neighbourId,
      details: Buffer.from(ledger.sealUnnamed(detailsAt(id), details, STEP)),
      code_hash: hash(`helper ${code}`),
      until: until.toString(),
      created_at: deps.clock.now().toString(),
    })
    if (named.numInsertedOrUpdatedRows !== 1n) return
    await noticeOfWays(transaction, { deps, town, neighbourId: resident.neighbourId })
  })
  return { code: code.replaceAll(/(.{4})(?=.)/g, '$1-') }
}

/** Whom a neighbour has named, within a transaction: who may help them on this day, or everybody they ever named. */
export async function helpersIn(
  transaction: Transaction,
  { ledger, neighbourId, which }: { ledger: DataKey; neighbourId: string; which: { on: Temporal.PlainDate } | 'ever' },
): Promise<Helper[]> {
  const rows = await helpersNamed(transaction, { neighbourId, which })
  return rows.map((row) => ({
    id: row.id,
    ...openDetails(ledger, row),
    until: row.until,
    namedAt: row.created_at.toISOString(),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}),
  }))
}

/** The same of a neighbour who asks. */
export async function helpersOf(deps: Deps, { town, by: resident }: Acting<Resident>): Promise<Helper[]> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, (transaction) =>
    helpersIn(transaction, {
      ledger,
      neighbourId: resident.neighbourId,
      which: { on: today(deps.clock, town.timeZone) },
    }),
  )
}

/**
 * Whom a helper acts for, as whom they appear in the ledger, where the neighbour sees each act.
 *
 * @param typed their code, and what they want to fetch; without that, they may only cancel a lost card
 * @param source where the question comes from; only its keyed hash of the day is kept
 * @throws {HelpRefused} {TooManyAttempts}
 */
export async function actAsHelper(
  deps: Deps,
  town: Municipality,
  { typed, source }: { typed: { code: string; profile?: string }; source: string },
): Promise<Resident> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const code = crockfordTyped(typed.code)
  const day = today(deps.clock, town.timeZone).toString()
  const grant = await inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await helperUnder(transaction, { codeHash: hash(`helper ${code}`), until: day })
    const helper = row && openDetails(ledger, row)
    const named = typed.profile === undefined || helper?.profiles.includes(typed.profile)
    if (row === undefined || helper === undefined || !named)
      return (await triedTooOften(transaction, {
        town,
        hash,
        now: deps.clock.now(),
        kind: 'helper',
        source,
        most: MOST_TRIES,
      }))
        ? 'too-many'
        : undefined
    // Where they are named as somebody of an organisation, they stand where it stands, as it is tied now.
    return { ...row, standsWith: await organisationsNamed(transaction, helper.name) }
  })
  if (grant === undefined) throw new HelpRefused()
  if (grant === 'too-many') throw new TooManyAttempts()
  const { id, neighbour_id: neighbourId, standsWith } = grant
  return { kind: 'resident', id: `helper ${id}`, neighbourId, helper: true, standsWith }
}
