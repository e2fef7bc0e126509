import { randomInt } from 'node:crypto'
import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { networkOfDay } from '../../identity/given-and-used.ts'
import { wayTimes } from '../../identity/new-ways.ts'
import { anyCardOf, cancelCards, codeHash, keepCard } from '../../identity/resident-store.ts'
import { isCardOf, plain, wordHash } from '../../identity/sign-in-with-card.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { onRecord } from '../on-record.ts'
import { NotResident } from '../residence/not-resident.ts'
import { yearTold } from './dates/birth-date.ts'
import { mustBeOldEnough } from './representation/act-for.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Twenty letters of five bits: a hundred. */
const LETTERS = 20

export interface Card {
  /** In groups of four, as it is printed. */
  code: string
  /** RFC 3339; later than now for somebody who had a way in before and did not show it. */
  worksFrom: string
  /** From when it shows where its owner lives, RFC 3339; and whether it works before that. */
  showsFrom: string
  hides: boolean
  waits: boolean
}

/** @throws when the card that somebody brings is not theirs, works no more, or does not go with the word. */
export class EarlierCardWrong extends Problem {
  constructor() {
    super(
      'earlier-card-wrong',
      422,
      'This card and this word do not go together for this person. Try again, or leave both empty.',
    )
  }
}

/** @throws when a word has no two letters, signs or digits in any script. */
export class WordTooShort extends Problem {
  constructor() {
    super('word-too-short', 422, 'Choose a word of at least two letters, in any script.')
  }
}

/** Fewer could be guessed from the keys alone. */
const LEAST_LETTERS = 2

/**
 * Gives a neighbour a card: a code that stands on it and nowhere else, with a word that only they know, or the year
 * of birth they told the registry. Cards they had before are cancelled once it works.
 *
 * It works at once for whoever never had a way in, and for whoever brings the card they had, with its word. For anybody else it
 * works after the town's `newWayHours`, of which they are told: they can let it work, or end it, with what they had.
 *
 * @param word theirs, in any script; without one, the year of birth on record
 * @param earlier the card they bring, and its word
 * @param source where the clerk sits; only its keyed hash of the day is kept
 * @throws {CardNeedsWord} when there is neither
 * @throws {WordTooShort}
 * @throws {EarlierCardWrong}
 * @throws {NotResident} when they have left
 * @throws {TooYoung} of a child whose representative acts for them
 * @throws {NotFound} {Refusal}
 */
export async function giveCard(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    neighbourId,
    word,
    earlier,
    source,
  }: {
    neighbourId: string
    word: string | undefined
    earlier?: { code: string; word: string } | undefined
    source: string
  },
): Promise<Disclosed<Card>> {
  const { hash } = await deps.gate.keysOf(town.id)
  if (word !== undefined && [...plain(word)].length < LEAST_LETTERS) throw new WordTooShort()
  const letters = Array.from({ length: LETTERS }, () => ALPHABET[randomInt(32)]).join('')
  const id = uuidv7()
  const fields = ['dateOfBirth', 'departedOn'] as const
  const given = await onRecord<(typeof fields)[number], Card | undefined>(
    deps,
    { town, by: clerk },
    {
      id: neighbourId,
      action: 'enrol',
      fields: fields,
      use: async (record, unit) => {
        if (record.departedOn !== undefined) throw new NotResident()
        mustBeOldEnough(town, record.dateOfBirth, today(deps.clock, town.timeZone))
        const second = word ?? yearTold(record.dateOfBirth)
        if (second === undefined) throw new CardNeedsWord()
        const now = deps.clock.now()
        const shown = earlier && (await isCardOf(unit.transaction, { deps, town, neighbourId, typed: earlier }))
        if (earlier && shown === undefined) return undefined
        const about = { town, neighbourId, now }
        // What is brought is shown no more by what takes its place.
        const { works, shows } = shown ? { works: now, ...shown } : await wayTimes(unit.transaction, about)
        const waits = Temporal.Instant.compare(works, now) > 0
        // The first card of a newcomer is no news to them.
        if ((await anyCardOf(unit.transaction, neighbourId)) !== undefined || waits)
          await noticeOfWays(unit.transaction, { deps, town, neighbourId, kind: waits ? 'way-waits' : 'ways-changed' })
        await cancelCards(unit.transaction, { cancelledAt: now, neighbourId, which: waits ? 'waiting' : 'all' })
        await keepCard(unit.transaction, {
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          code_hash: codeHash(hash, letters),
          word_hash: wordHash(hash, id, second),
          created_at: now.toString(),
          works_from: works.toString(),
          shows_from: shows.toString(),
          given_by: clerk.id,
          given_from: networkOfDay(hash, { now, source }),
        })
        return {
          code: letters.replaceAll(/(.{4})(?=.)/g, '$1-'),
          ...{ worksFrom: works.toString(), waits },
          ...{ showsFrom: shows.toString(), hides: !waits && Temporal.Instant.compare(shows, now) > 0 },
        }
      },
    },
  )
  return given.map((card) => {
    if (card === undefined) throw new EarlierCardWrong()
    return card
  })
}

/** @throws when a card needs a word, because no year of birth is on record. */
export class CardNeedsWord extends Problem {
  constructor() {
    super('card-needs-word', 422, 'Ask the neighbour for a word of two letters or more that they will remember.')
  }
}
