import { randomInt } from 'node:crypto'
import type { Disclosed } from '../firewall/disclosed.ts'
import { equalInConstantTime } from '../firewall/key-provider.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { inMunicipality } from '../platform/database.ts'
import { latinDigits } from '../platform/digits.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { yearTold } from '../registry/birth-date.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { NeighbourFields } from '../registry/model.ts'
import type { Municipality } from '../registry/municipality.ts'
import { isNeighbour } from '../registry/presence.ts'
import { type Removal, removalOf } from '../registry/removal.ts'
import { mustBeOldEnough } from '../registry/representation.ts'
import { NotResident } from '../registry/residences.ts'
import { loadRecords } from '../registry/store.ts'
import { TooManyAttempts, triedTooOften } from '../registry/tries.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** Twenty letters of five bits: a hundred. */
const LETTERS = 20
/** Wrong words before a card is closed until a clerk gives another. */
export const MOST_FAILURES = 10

export interface Card {
  /** In groups of four, as it is printed. */
  code: string
}

/** @throws when a card and its word do not go together, or never were: always the same. */
export class CardRefused extends Problem {
  constructor() {
    super('card-refused', 401, 'This card and this word do not go together. Ask at any counter for a new card.')
  }
}

const codeHash = (hash: (text: string) => Buffer, code: string) => hash(`card ${code}`)
const wordHash = (hash: (text: string) => Buffer, id: string, word: string) => hash(`card word ${id} ${plain(word)}`)

/** What somebody typed, without what differs from one keyboard to another. */
function plain(word: string): string {
  return latinDigits(word.normalize('NFKD'))
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\d]/gu, '')
}

function parseCode(typed: string): string {
  return latinDigits(typed)
    .toUpperCase()
    .replaceAll(/[\s\p{Dash}]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
    .slice(0, 64)
}

/**
 * Gives a neighbour a card: a code that stands on it and nowhere else, with a word that only they know, or the year
 * of birth they told the registry. Cards they had before are cancelled.
 *
 * @param word theirs; without one, the year of birth on record
 * @throws {CardNeedsWord} when there is neither
 * @throws {NotResident} when they have left
 * @throws {TooYoung} of a child whose representative acts for them
 * @throws {NotFound} {Refusal}
 */
export async function giveCard(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  neighbourId: string,
  word: string | undefined,
): Promise<Disclosed<Card>> {
  const { hash } = await deps.gate.keysOf(town.id)
  const letters = Array.from({ length: LETTERS }, () => ALPHABET[randomInt(32)]).join('')
  const id = uuidv7()
  const fields = ['dateOfBirth', 'departedOn'] as const
  return deps.gate.open<NeighbourFields, (typeof fields)[number], Card>(
    { municipalityId: town.id, requester: clerk, action: 'enrol', purpose: purposeOf(clerk), fields },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      if (record.departedOn !== undefined) throw new NotResident()
      mustBeOldEnough(town, record.dateOfBirth, today(deps.clock, town.timeZone))
      const second = word && plain(word).length >= 4 ? word : yearTold(record.dateOfBirth)
      if (second === undefined) throw new CardNeedsWord()
      const now = deps.clock.now().toString()
      await hand.transaction
        .updateTable('resident_cards')
        .set({ cancelled_at: now, ended_by: 'replaced' })
        .where('neighbour_id', '=', neighbourId)
        .where('cancelled_at', 'is', null)
        .execute()
      await hand.transaction
        .insertInto('resident_cards')
        .values({
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          code_hash: codeHash(hash, letters),
          word_hash: wordHash(hash, id, second),
          created_at: now,
        })
        .execute()
      return { code: letters.replaceAll(/(.{4})(?=.)/g, '$1-') }
    },
  )
}

/** @throws when a card needs a word, because no year of birth is on record. */
export class CardNeedsWord extends Problem {
  constructor() {
    super('card-needs-word', 422, 'Ask the neighbour for a word of four letters or more that they will remember.')
  }
}

/** Cancels the cards of a neighbour who has lost theirs, at a counter or by somebody who acts for them. @throws {NotFound} {Refusal} */
export async function cancelCards(
  deps: RegistryDeps,
  town: Municipality,
  requester: Staff | Resident,
  neighbourId: string,
): Promise<void> {
  const own = requester.kind === 'resident'
  await deps.gate.open<NeighbourFields, never, void>(
    {
      municipalityId: town.id,
      requester,
      action: own ? 'revoke' : 'enrol',
      purpose: purposeOf(requester),
      fields: [],
    },
    (transaction) => loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      await hand.transaction
        .updateTable('resident_cards')
        .set({ cancelled_at: deps.clock.now().toString(), ended_by: 'lost' })
        .where('neighbour_id', '=', neighbourId)
        .where('cancelled_at', 'is', null)
        .execute()
    },
  )
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
 * @throws {CardRefused}
 * @throws {TooManyAttempts} where much that was wrong came from there: never for a card and its word
 * @throws {RemovedFromRegister}
 */
export async function signInWithCard(
  deps: Pick<RegistryDeps, 'database' | 'clock' | 'gate'>,
  town: Municipality,
  typed: { code: string; word: string },
  source: string,
): Promise<string> {
  const { hash } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now()
  const code = parseCode(typed.code)
  const whose = await inMunicipality(deps.database, town.id, async (transaction) => {
    const card = await transaction
      .selectFrom('resident_cards')
      .select(['id', 'neighbour_id', 'word_hash', 'failures', 'ended_by'])
      .select((row) => isNeighbour(row.ref('neighbour_id')).as('lives_here'))
      .where('code_hash', '=', codeHash(hash, code))
      .where((where) => where.or([where('cancelled_at', 'is', null), where('ended_by', '=', 'departure')]))
      // One try at a card after the other: many at once are as many.
      .forUpdate()
      .executeTakeFirst()
    const expected = card?.word_hash ?? hash('no such card')
    const right = equalInConstantTime(wordHash(hash, card?.id ?? 'none', typed.word.slice(0, 100)), expected)
    const counts = card !== undefined && card.failures < MOST_FAILURES
    // The same statements for a card there is and one there is not.
    await transaction
      .updateTable('resident_cards')
      .set({ failures: right ? 0 : (card?.failures ?? 0) + 1 })
      .where('id', '=', counts ? card.id : NO_CARD)
      .execute()
    if (!counts || !right || (card.ended_by === null && !card.lives_here))
      return (await triedTooOften(transaction, town, hash, now, 'card', source, CARD_ATTEMPTS)) ? 'too-many' : undefined
    if (card.ended_by === null) return card.neighbour_id
    return removalOf(transaction, card.neighbour_id)
  })
  if (whose === undefined) throw new CardRefused()
  if (whose === 'too-many') throw new TooManyAttempts()
  if (typeof whose !== 'string') throw new RemovedFromRegister(whose)
  return whose
}
