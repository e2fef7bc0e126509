import type { CookieValue } from '../http/cookies.ts'
import { equalInConstantTime } from '../keys/key-provider.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { crockfordTyped, latinDigits } from '../platform/digits.ts'
import { Problem } from '../platform/problem.ts'
import { TooManyAttempts, triedTooOften } from '../platform/tries.ts'
import type { Municipality } from '../town/model.ts'
import type { IdentityDeps } from './deps.ts'
import { farewellOf } from './farewell.ts'
import { deviceLetIn, knownDevice } from './known-device.ts'
import { stillWaits, WayWaits } from './new-ways.ts'
import { cancelCards, codeHash, lockCard, noteCardTried } from './resident-store.ts'
import { noticeOfWays, type Removal } from './telling.ts'

/**
 * Wrong words before a card lets in nobody more, until a clerk gives another: of devices it never let in together, of each that it
 * did by itself, and of the desk. Whoever has copied a card's code cannot keep its owner from it on a device of their own.
 */
export const MOST_FAILURES = 10

/** Whose card it is, and which. */
export interface CardHolder {
  neighbourId: string
  cardId: string
  /** For this browser, by which it is known from now on. */
  device: CookieValue
}

/** For so long nobody may have used a card: then its holder is asked to come to a counter. */
export const CARD_SLEEPS_AFTER: Temporal.DurationLike = { years: 3 }

/** @throws when a card and its word go together, and nobody has used it for years. */
export class CardAsleep extends Problem {
  constructor() {
    super('card-asleep', 403, 'Nobody has used this card for years. Bring it to any counter, where you get another.')
  }
}

/** @throws when a card and its word do not go together, or never were: always the same. */
export class CardRefused extends Problem {
  constructor() {
    super('card-refused', 401, 'This card and this word do not go together. Ask at any counter for a new card.')
  }
}

export const wordHash = (hash: (text: string) => Buffer, id: string, word: string) =>
  hash(`card word ${id} ${plain(word)}`)

/** First and last of marks that people type or leave out: accents, the points of Hebrew, the vowel signs of Arabic, variants. */
const LEFT_OUT: readonly (readonly [first: number, last: number])[] = [
  [0x300, 0x36f],
  [0x591, 0x5c7],
  [0x610, 0x61a],
  [0x64b, 0x65f],
  [0x670, 0x670],
  [0xfe00, 0xfe0f],
]
const isLeftOut = (mark: string) =>
  LEFT_OUT.some(([first, last]) => (mark.codePointAt(0) ?? 0) >= first && (mark.codePointAt(0) ?? 0) <= last)

/**
 * What somebody typed, without what differs from one keyboard to another. The vowels of scripts that write them as signs of their
 * own are part of a word and stay.
 */
export function plain(word: string): string {
  return latinDigits(word.slice(0, 200).normalize('NFKD'))
    .replaceAll(/\p{Mn}/gu, (mark) => (isLeftOut(mark) ? '' : mark))
    .toLowerCase()
    .replaceAll(/[\p{P}\p{Z}\p{C}]/gu, '')
}

const NO_CARD = '00000000-0000-0000-0000-000000000000'

/** Wrong tries within ten minutes from one place, and from all together. */
export const CARD_ATTEMPTS = { source: 20, town: 2000 } as const

/**
 * @throws when the card is of somebody the city has removed from the register: it opens no record any more, and tells
 * its holder what was decided.
 */
export class RemovedFromRegister extends Problem {
  readonly removal: Removal

  constructor(removal: Removal) {
    super('removed', 403, 'The city has ended this registration. Ask at any counter, or object.')
    this.removal = removal
  }
}

/**
 * Whose card it is. A code nobody has, a cancelled card, a wrong word and a card that was tried too often are answered
 * alike, after the same work.
 *
 * @param source where the question comes from; only its keyed hash of the day is kept
 * @param device what the browser says it is known by
 * @throws {CardRefused}
 * @throws {TooManyAttempts} where much that was wrong came from there: never for a card and its word
 * @throws {RemovedFromRegister}
 * @throws {CardAsleep} {WayWaits}
 */
export async function signInWithCard(
  deps: IdentityDeps,
  town: Municipality,
  { typed, source, device }: { typed: { code: string; word: string }; source: string; device?: string | undefined },
): Promise<CardHolder> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now()
  const code = crockfordTyped(typed.code)
  const asleep = now.toZonedDateTimeISO(town.timeZone).subtract(CARD_SLEEPS_AFTER).toInstant()
  const known = knownDevice(hash, device)
  const whose = await inMunicipality(deps.database, town.id, async (transaction) => {
    const card = await lockCard(transaction, codeHash(hash, code))
    const expected = card?.word_hash ?? hash('no such card')
    const right = equalInConstantTime(wordHash(hash, card?.id ?? 'none', typed.word), expected)
    const mine = card !== undefined && (known?.letInBy(card.id) ?? false)
    const by = mine && known ? countedUnder(hash, known.id) : undefined
    const tries = triesOf(card?.failures_known)
    const failed = (by === undefined ? card?.failures : tries[by]) ?? 0
    const next = afterTry(failed, right)
    const counts = card !== undefined && failed < MOST_FAILURES
    const sleeps = card !== undefined && (card.used_at ?? card.created_at).getTime() < asleep.epochMilliseconds
    const waits = card !== undefined && stillWaits(card, now)
    // The same statements for a card there is and one there is not.
    await noteCardTried(transaction, {
      failures: by === undefined ? next : (card?.failures ?? 0),
      known: by === undefined ? tries : { ...tries, [by]: next },
      usedAt: right && !sleeps && !waits ? now.toString() : (card?.used_at ?? null),
      id: counts ? card.id : NO_CARD,
    })
    if (counts && !right && failed + 1 === MOST_FAILURES && card.ended_by === null && card.lives_here)
      await noticeOfWays(transaction, { deps, town, neighbourId: card.neighbour_id, kind: 'card-tried' })
    if (!counts || !right || (card.ended_by === null && !card.lives_here)) {
      const from = known ? { device: known.id } : source
      return (await triedTooOften(transaction, { town, hash, now, kind: 'card', source: from, most: CARD_ATTEMPTS }))
        ? 'too-many'
        : undefined
    }
    if (card.ended_by === null) {
      if (sleeps) return 'asleep'
      if (waits) return { waitsUntil: card.works_from.toTemporalInstant() }
      // The one before it worked until now.
      if (card.used_at === null)
        await cancelCards(transaction, {
          cancelledAt: now,
          neighbourId: card.neighbour_id,
          madeBefore: card.created_at,
        })
      return { neighbourId: card.neighbour_id, cardId: card.id, device: deviceLetIn(hash, known, card.id) }
    }
    return farewellOf(ledger, card)
  })
  if (whose === undefined) throw new CardRefused()
  if (whose === 'too-many') throw new TooManyAttempts()
  if (whose === 'asleep') throw new CardAsleep()
  if ('waitsUntil' in whose) throw new WayWaits(whose.waitsUntil)
  if ('cause' in whose) throw new RemovedFromRegister(whose)
  return whose
}

/** What is counted at the desk, beside the devices. */
const DESK = 'desk'
const countedUnder = (hash: (text: string) => Buffer, deviceId: string) =>
  hash(`card tries ${deviceId}`).toString('hex').slice(0, 16)
/** Of more devices than this those with the fewest wrong words are forgotten. */
const MOST_COUNTED = 40
const triesOf = (kept: unknown): Record<string, number> =>
  Object.fromEntries(
    Object.entries((kept ?? {}) as Record<string, number>)
      .filter(([, wrong]) => wrong > 0)
      .sort(([, one], [, other]) => other - one)
      .slice(0, MOST_COUNTED),
  )
/** One try more after a right word, and not all of them: whoever else tries gains one each time its owner comes in, and not ten. */
const afterTry = (failed: number, right: boolean) => (right ? Math.max(0, failed - 1) : failed + 1)

/**
 * Whether somebody at a counter brings a card of theirs, and knows its word: one that works, or ended when they left. What is tried
 * at the desk is counted there, so that nobody elsewhere makes a right card wrong; its owner is told as of the door.
 *
 * @param typed the card's code and its word, as they stand on the form
 */
export async function isCardOf(
  transaction: Transaction,
  {
    deps,
    town,
    neighbourId,
    typed,
  }: {
    deps: Pick<IdentityDeps, 'gate' | 'clock' | 'leaveMessage'>
    town: Municipality
    neighbourId: string
    typed: { code: string; word: string }
  },
): Promise<{ shows: Temporal.Instant } | undefined> {
  const { hash } = await deps.gate.keysOf(town.id)
  const card = await lockCard(transaction, codeHash(hash, crockfordTyped(typed.code)))
  if (card === undefined || card.neighbour_id !== neighbourId || !card.lives_here) return undefined
  const tries = triesOf(card.failures_known)
  const failed = tries[DESK] ?? 0
  if (failed >= MOST_FAILURES || stillWaits(card, deps.clock.now())) return undefined
  const right = equalInConstantTime(wordHash(hash, card.id, typed.word), card.word_hash)
  const next = afterTry(failed, right)
  const known = { ...tries, [DESK]: next }
  await noteCardTried(transaction, { failures: card.failures, known, usedAt: card.used_at, id: card.id })
  if (next === MOST_FAILURES) await noticeOfWays(transaction, { deps, town, neighbourId, kind: 'card-tried' })
  return right ? { shows: card.shows_from.toTemporalInstant() } : undefined
}
