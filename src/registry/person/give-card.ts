import { randomInt } from 'node:crypto'
import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { anyCardOf, cancelCards, codeHash, keepCard } from '../../identity/resident-store.ts'
import { plain, wordHash } from '../../identity/sign-in-with-card.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { onRecord } from '../on-record.ts'
import { NotResident } from '../residence/move.ts'
import { yearTold } from './dates/birth-date.ts'
import { mustBeOldEnough } from './representation/act-for.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Twenty letters of five bits: a hundred. */
const LETTERS = 20

export interface Card {
  /** In groups of four, as it is printed. */
  code: string
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
 * of birth they told the registry. Cards they had before are cancelled.
 *
 * @param word theirs, in any script; without one, the year of birth on record
 * @throws {CardNeedsWord} when there is neither
 * @throws {WordTooShort}
 * @throws {NotResident} when they have left
 * @throws {TooYoung} of a child whose representative acts for them
 * @throws {NotFound} {Refusal}
 */
export async function giveCard(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { neighbourId, word }: { neighbourId: string; word: string | undefined },
): Promise<Disclosed<Card>> {
  const { hash } = await deps.gate.keysOf(town.id)
  if (word !== undefined && [...plain(word)].length < LEAST_LETTERS) throw new WordTooShort()
  const letters = Array.from({ length: LETTERS }, () => ALPHABET[randomInt(32)]).join('')
  const id = uuidv7()
  const fields = ['dateOfBirth', 'departedOn'] as const
  return onRecord(
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
        const now = deps.clock.now().toString()
        // The first card of a newcomer is no news to them.
        const earlier = await anyCardOf(unit.transaction, neighbourId)
        if (earlier !== undefined) await noticeOfWays(unit.transaction, { deps, town, neighbourId })
        await cancelCards(unit.transaction, { cancelledAt: now, neighbourId })
        await keepCard(unit.transaction, {
          id,
          municipality_id: town.id,
          neighbour_id: neighbourId,
          code_hash: codeHash(hash, letters),
          word_hash: wordHash(hash, id, second),
          created_at: now,
        })
        return { code: letters.replaceAll(/(.{4})(?=.)/g, '$1-') }
      },
    },
  )
}

/** @throws when a card needs a word, because no year of birth is on record. */
export class CardNeedsWord extends Problem {
  constructor() {
    super('card-needs-word', 422, 'Ask the neighbour for a word of two letters or more that they will remember.')
  }
}
