import { organisationNames } from '../firewall/organisations.ts'
import { helpersIn } from '../identity/help.ts'
import { cardsEver } from '../identity/resident-store.ts'
import { devicesIn } from '../identity/sign-in-with-passkey.ts'
import type { DataKey } from '../keys/seal.ts'
import type { LedgerContent } from '../ledger/entries.ts'
import type { Transaction } from '../platform/database.ts'
import type { Representation } from '../registry/model.ts'
import { type Reopen, representationsEver } from '../registry/person/representation/act-for.ts'
import { ordersTold } from './open-by-order.ts'

/** Who opened a record, as its neighbour is told it. What is absent is not known any more. */
export type By =
  | { kind: 'staff'; office?: string }
  /** Oneself, or whoever has the card; in the browser of an office, where its staff were signed in there. */
  | {
      kind: 'card'
      atOffice?: string /** RFC 3339: when it was given, where there was more than one. */
      givenAt?: string
    }
  | { kind: 'telephone'; name?: string; atOffice?: string }
  /** A wallet that a code was given for. */
  | { kind: 'wallet' }
  | { kind: 'helper'; name?: string }
  /** What they are to the neighbour, and since when that is recorded (RFC 3339). */
  | { kind: 'representative'; representation?: Representation['kind']; since?: string }
  | { kind: 'client'; organisation?: string }
  /** A judge's order; who gave it, where the neighbour has been told. */
  | { kind: 'order'; reference?: string; authority?: string; basis?: string }
  | { kind: 'resident' | 'job' | 'authority' }

/** Milliseconds between an opening and what its neighbour is told of it, at most: one order opens one record once. */
const SAME_OPENING = 60_000

/** Everybody who may stand in a neighbour's "who looked", by what the ledger calls them. Who ended since is still called what they were. */
export async function namesOfWays(
  transaction: Transaction,
  {
    ledger,
    neighbourId,
    lines,
    reopen,
  }: { ledger: DataKey; neighbourId: string; lines: readonly { content: LedgerContent }[]; reopen: Reopen },
): Promise<(line: { at: string; content: LedgerContent }) => By> {
  const organisations = await organisationNames(
    transaction,
    lines.flatMap(({ content }) => content.organisation ?? []),
  )
  const residents = lines.filter(({ content }) => content.requesterKind === 'resident')
  const acts = (word: string) => residents.some(({ content }) => content.requester.startsWith(`${word} `))
  const helpers = acts('helper') ? await helpersIn(transaction, { ledger, neighbourId, which: 'ever' }) : []
  const telephones = acts('telephone') ? await devicesIn(transaction, { ledger, neighbourId, which: 'ever' }) : []
  const cards = acts('card') ? await cardsEver(transaction, neighbourId) : []
  const representations = acts('representative') ? await representationsEver(transaction, neighbourId, reopen) : []
  const orders = lines.some(({ content }) => content.action === 'open-by-order')
    ? await ordersTold(transaction, neighbourId, reopen)
    : []

  // One whose owner has had several is called by its day: theirs from the one that a counter made since.
  const givenOf = (id: string) => {
    const card = cards.length > 1 ? cards.find((one) => one.id === id) : undefined
    return card === undefined ? {} : { givenAt: card.created_at.toISOString() }
  }
  const officeOf = ({ organisation }: LedgerContent) => {
    const name = organisation === null ? undefined : organisations.get(organisation)
    return name === undefined ? {} : { atOffice: name }
  }
  return ({ at, content }) => {
    const { requesterKind, requester, organisation, action } = content
    const named = organisation === null ? undefined : organisations.get(organisation)
    if (action === 'open-by-order') {
      const told = orders.find(({ openedAt }) => Math.abs(Date.parse(openedAt) - Date.parse(at)) < SAME_OPENING)
      return {
        kind: 'order',
        ...(told ? { reference: told.reference, authority: told.authority, basis: told.basis } : {}),
      }
    }
    if (requesterKind === 'staff') return { kind: 'staff', ...(named === undefined ? {} : { office: named }) }
    if (requesterKind === 'client') return { kind: 'client', ...(named === undefined ? {} : { organisation: named }) }
    if (requesterKind !== 'resident') return { kind: requesterKind }
    const [way = '', id = ''] = requester.split(' ')
    switch (way) {
      case 'card':
        return { kind: 'card', ...givenOf(id), ...officeOf(content) }
      case 'telephone': {
        const name = telephones.find(({ handle }) => handle === id)?.device
        return { kind: 'telephone', ...(name === undefined ? {} : { name }), ...officeOf(content) }
      }
      case 'wallet':
        return { kind: 'wallet' }
      case 'helper': {
        const name = helpers.find((one) => one.id === id)?.name
        return { kind: 'helper', ...(name === undefined ? {} : { name }) }
      }
      case 'representative': {
        const representation = representations.find((one) => one.representativeId === id)
        return {
          kind: 'representative',
          ...(representation ? { representation: representation.kind, since: representation.since } : {}),
        }
      }
      default:
        return { kind: 'resident' }
    }
  }
}
