import { createHash } from 'node:crypto'

// What anyone can get, as a table: what one gives beyond another, and what two have in common.

/**
 * Where a grant stands: `who | action | purpose | moment`, and ` | order` where an order of a judge or officers behind it give
 * more; without a place of its own an order gives what is given without it. Of a service: `proof | service`.
 */
export type GrantPlace = string
/** Each place, with the fields it gives at most, in alphabetical order. A place of which nothing is given is not there. */
export type GrantTable = Readonly<Record<GrantPlace, readonly string[]>>

/** Stands among the fields of a place where all of them are given at once, and not each by itself alone. */
export const AT_ONCE = '(all at once)'
/** How many days a proof is good at most. */
const DAYS = 'days '

/** What a service may learn from a proof, as far as it widens anything. */
export interface GivenService {
  id: string
  claims: readonly string[]
  validityDays: number
  nonce: boolean
  askedBy: string
  freshSignIn: boolean
  givenBy: readonly string[]
}

export const givenBy = ({
  claims,
  validityDays,
  nonce,
  askedBy,
  freshSignIn,
  givenBy: givers,
}: GivenService): string[] =>
  [
    ...claims,
    `${DAYS}${validityDays}`,
    ...(askedBy === 'either' ? ['asked by neighbour', 'asked by representative'] : [`asked by ${askedBy}`]),
    ...(nonce ? [] : ['without the holder\u2019s signature']),
    ...(freshSignIn ? [] : ['without a fresh sign-in']),
    ...(givers.length === 0 ? ['asked for by anybody'] : givers.map((one) => `asked for by ${one}`)),
  ].sort()

/** What the rules that are loaded give, and how it stands with what the town agreed to. */
export interface GrantsState {
  loaded: GrantTable
  agreed: GrantTable
  /** What is loaded and closed, since nobody has agreed to it. */
  closed: GrantTable
  /** What was agreed and begins later, with the day it begins, RFC 3339. */
  toCome: { begins: string; wider: GrantTable }[]
}

/** SHA-256 of a table, hex. */
export const digestOfGrants = (table: GrantTable): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')

const daysIn = (fields: readonly string[]) =>
  Number(fields.find((one) => one.startsWith(DAYS))?.slice(DAYS.length) ?? 0)

/** What one place gives beyond another. */
function beyond(mine: readonly string[], theirs: readonly string[] | undefined): string[] {
  if (theirs === undefined) return mine.length > 0 ? [...mine] : ['(an answer)']
  return mine.filter((field) => {
    if (field.startsWith(DAYS)) return daysIn(mine) > daysIn(theirs)
    // What anybody may ask for each may.
    return !theirs.includes(field) && !(isAsker(field) && theirs.includes(ANYBODY))
  })
}

/** The place without an order: what it gives, an order does not take away. */
const WITH_ORDER = /^([^|]*\|[^|]*\|[^|]*\|[^|]*) \| [^|]*$/
export const given = (table: GrantTable, place: GrantPlace): readonly string[] | undefined =>
  table[place] ?? table[WITH_ORDER.exec(place)?.[1] ?? '']

/** What a table gives that another does not: each place with the fields that are beyond. Nothing where it is no wider. */
export function widerThan(table: GrantTable, than: GrantTable): GrantTable {
  return Object.fromEntries(
    Object.entries(table)
      .map(([place, fields]): [string, string[]] => [place, beyond(fields, given(than, place))])
      .filter(([, fields]) => fields.length > 0),
  )
}

/** What two tables both give. */
export function inBoth(one: GrantTable, other: GrantTable): GrantTable {
  const table: Record<GrantPlace, readonly string[]> = {}
  for (const place of [...new Set([...Object.keys(one), ...Object.keys(other)])].sort()) {
    const [mine, theirs] = [given(one, place), given(other, place)]
    if (mine === undefined || theirs === undefined) continue
    const fields = place.startsWith('proof | ')
      ? serviceInBoth(mine, theirs)
      : mine.filter((field) => theirs.includes(field))
    const base = WITH_ORDER.exec(place)?.[1]
    if (base === undefined || String(table[base]) !== String(fields)) table[place] = fields
  }
  return table
}

const ASKED_FOR = 'asked for by '
const ANYBODY = `${ASKED_FOR}anybody`
const isAsker = (field: string) => field.startsWith(ASKED_FOR)

function serviceInBoth(one: readonly string[], other: readonly string[]): string[] {
  const askersOf = (mine: readonly string[], theirs: readonly string[]) =>
    mine.filter((field) => isAsker(field) && (theirs.includes(field) || theirs.includes(ANYBODY)))
  const askers = [...new Set([...askersOf(one, other), ...askersOf(other, one)])]
  const rest = one.filter((field) => !isAsker(field) && !field.startsWith(DAYS) && other.includes(field))
  return [...rest, ...askers, `${DAYS}${Math.min(daysIn(one), daysIn(other))}`].sort()
}

/** Whether a table lets a service learn all of this. */
export const isServiceGranted = (table: GrantTable, service: GivenService): boolean => {
  const place = `proof | ${service.id}`
  return beyond(givenBy(service), table[place]).length === 0
}
