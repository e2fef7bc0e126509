import { hkdfSync, randomInt } from 'node:crypto'
import type { Gate } from '../firewall/model.ts'
import { openBytes, sealBytes } from '../keys/cipher.ts'
import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { crockfordTyped } from '../platform/digits.ts'
import { Problem } from '../platform/problem.ts'
import { TooManyAttempts, triedTooOften } from '../platform/tries.ts'
import type { Municipality } from '../town/model.ts'
import { isPubliclyOver, keepCheckCode, paperUnder } from './store.ts'

/** Crockford's letters and digits: none is taken for another. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 15

/**
 * A code for readers without a camera: fifteen random letters, near 75 bits, and one that shows a slip of the hand,
 * in groups of four.
 *
 * @see https://www.crockford.com/base32.html
 */
export function newCheckCode(): string {
  for (;;) {
    const letters = Array.from({ length: LETTERS }, () => ALPHABET[randomInt(32)]).join('')
    const check = checkLetter(letters)
    // Five of the 37 check symbols are no letters that somebody could say on the telephone: draw again.
    if (check !== undefined) return (letters + check).replace(/(.{4})(?=.)/g, '$1-')
  }
}

/** The number the letters write, modulo 37: any single slip and any exchange of neighbours is noticed. */
function checkLetter(letters: string): string | undefined {
  const remainder = [...letters].reduce((sum, letter) => (sum * 32 + ALPHABET.indexOf(letter)) % 37, 0)
  return ALPHABET[remainder]
}

/**
 * The sixteen letters of a code as somebody typed it: with or without dashes, small or large, O for 0, I or L for 1.
 *
 * @returns undefined when it cannot be a code
 */
export function parseCheckCode(typed: string): string | undefined {
  const code = crockfordTyped(typed)
  if (code.length !== LETTERS + 1 || [...code].some((letter) => !ALPHABET.includes(letter))) return undefined
  return checkLetter(code.slice(0, LETTERS)) === code.at(-1) ? code : undefined
}

/** @throws when nothing is in force under a code: never was, taken back, run out or mistyped, all the same. */
export class NoSuchCode extends Problem {
  constructor() {
    super('no-such-code', 404, 'No proof in force has this code. Compare it with the paper, letter by letter.')
  }
}

export interface CodeDeps {
  database: Database
  clock: Clock
  gate: Pick<Gate, 'keysOf'>
}

const idOf = (hash: (text: string) => Buffer, code: string) => hash(`check-code ${code}`)
const keyOf = (code: string, town: Municipality) =>
  new Uint8Array(hkdfSync('sha256', code, town.id, 'padron check code', 32))

/** What is kept under a code: what the paper shows, and where it is seen whether that is taken back. */
interface UnderCode {
  compact: string
  statusListId: string
  statusIndex: number
}

/** Keeps what a paper shows under its code. The code itself is on the paper and nowhere else. */
export async function keepUnderCode(
  transaction: Transaction,
  {
    hash,
    town,
    kept,
  }: {
    hash: (text: string) => Buffer
    town: Municipality
    kept: { code: string; content: UnderCode; expiresAt: Temporal.Instant }
  },
): Promise<void> {
  const code = parseCheckCode(kept.code)
  if (code === undefined) throw new Error('a check code that does not check')
  const id = idOf(hash, code)
  const sealed = sealBytes(keyOf(code, town), {
    plain: Buffer.from(JSON.stringify(kept.content)),
    context: id.toString('hex'),
  })
  await keepCheckCode(transaction, {
    id,
    municipality_id: town.id,
    content: Buffer.from(sealed),
    expires_at: kept.expiresAt.toString(),
  })
}

/** Wrong tries from one place and from all places together, within ten minutes. */
export const MOST_ATTEMPTS = { source: 30, town: 3000 } as const

/**
 * What the paper with this code shows: its compact proof. Opened with the code and not with any key of the city's.
 *
 * @param source where the question comes from; only its keyed hash of the day is kept, for at most a day
 * @throws {NoSuchCode} {TooManyAttempts}
 */
export async function findByCode(
  deps: CodeDeps,
  town: Municipality,
  { typed, source }: { typed: string; source: string },
): Promise<{ token: string }> {
  const { hash } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now()
  // A code that cannot be one is looked for like any other, so that it takes as long.
  const code = parseCheckCode(typed) ?? `?${typed.slice(0, 64)}`
  const id = idOf(hash, code)
  const found = await inMunicipality(deps.database, town.id, async (transaction) => {
    const moment = { now: new Date(now.epochMilliseconds) }
    const kept = await paperUnder(transaction, { id, ...moment })
    if (kept) {
      const opened = openBytes(keyOf(code, town), kept.content, id.toString('hex'))
      const { compact, ...place } = JSON.parse(Buffer.from(opened).toString()) as UnderCode
      if (!(await isPubliclyOver(transaction, { ...place, ...moment }))) return { token: compact }
    }
    const tooMany = await triedTooOften(transaction, {
      town,
      hash,
      now,
      kind: 'check code',
      source,
      most: MOST_ATTEMPTS,
    })
    return tooMany ? ('too-many' as const) : undefined
  })
  if (found === 'too-many') throw new TooManyAttempts()
  if (found === undefined) throw new NoSuchCode()
  return found
}
