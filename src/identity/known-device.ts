import { type CookieValue, cookieValue } from '../http/cookies.ts'
import { equalInConstantTime } from '../keys/key-provider.ts'
import { randomBytes } from '../platform/random.ts'

// Browsers that a card let in before. They are counted by themselves, so that nobody elsewhere keeps their owner out.

/** How long a browser stays known after it was last let in. */
export const KNOWN_FOR: Temporal.DurationLike = { days: 180 }
/** Of a family's telephone or a shelter's computer so many cards are known; the oldest goes first. */
const MOST_CARDS = 8
const ID_BYTES = 16
const MARK_BYTES = 16

type Hash = (text: string) => Buffer

export interface KnownDevice {
  /** Random, and nobody's: what it tries is counted under it. */
  id: string
  /** For each card that let it in a mark that only this town can make. */
  marks: readonly string[]
  letInBy(cardId: string): boolean
}

const mark = (hash: Hash, text: string) => hash(`known device ${text}`).subarray(0, MARK_BYTES).toString('base64url')
const same = (one: string, other: string) => equalInConstantTime(Buffer.from(one), Buffer.from(other))

/**
 * What a browser is known by: a random number, the town's mark on it, and one for each card. Nothing of it is kept here, and it
 * names neither a card nor a person.
 *
 * @param cookie as the browser sent it
 * @returns undefined of what this town did not make
 */
export function knownDevice(hash: Hash, cookie: string | undefined): KnownDevice | undefined {
  const [id = '', own = '', ...marks] = (cookie ?? '').slice(0, 400).split('.')
  if (id === '' || !same(own, mark(hash, id))) return undefined
  return {
    id,
    marks,
    letInBy: (cardId) => marks.some((one) => same(one, mark(hash, `${id} ${cardId}`))),
  }
}

/** The same browser after a card has let it in; another where it was not known. */
export function deviceLetIn(hash: Hash, known: KnownDevice | undefined, cardId: string): CookieValue {
  const id = known?.id ?? randomBytes(ID_BYTES).toString('base64url')
  const latest = mark(hash, `${id} ${cardId}`)
  const others = (known?.marks ?? []).filter((one) => one !== latest)
  return cookieValue([id, mark(hash, id), ...[...others, latest].slice(-MOST_CARDS)].join('.'))
}
