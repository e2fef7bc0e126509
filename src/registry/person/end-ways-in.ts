import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { type OpenSession, sessionsIn } from '../../identity/end-session.ts'
import { type Helper, helpersIn } from '../../identity/help.ts'
import {
  cardsEver,
  cardsInForce,
  endHelpers,
  endSessionsOf,
  endUnusedCodes,
  enrolmentsOpen,
  loseCards,
  removePasskeys,
} from '../../identity/resident-store.ts'
import { CARD_SLEEPS_AFTER } from '../../identity/sign-in-with-card.ts'
import { type Device, devicesIn } from '../../identity/sign-in-with-passkey.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import type { DataKey } from '../../keys/seal.ts'
import { type Clock, today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { loadOutline } from '../store.ts'

// Every way in to a record, in one list: who sees them, and how one or all are cut off, whatever page or office it is done from.

/** A card in force. */
export interface CardInForce {
  id: string
  /** RFC 3339. */
  givenAt: string
  usedAt: string | null
  /** Nobody used it for so long that it opens nothing until a counter gives another. */
  asleep: boolean
  /** RFC 3339; later than now, where it does not work yet. */
  worksFrom: string
}

/** By what a neighbour, and whoever they let, can come in now. */
export interface WaysIn {
  cards: CardInForce[]
  telephones: Device[]
  sessions: OpenSession[]
  helpers: Helper[]
  /** RFC 3339: what works later than this does not work yet. */
  now: string
}

type NoFields = { waysIn: never }

/** @param here the session of whoever asks, where it is one of these @throws {NotFound} {Refusal} */
export async function waysIn(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, here }: { neighbourId: string; here?: string | undefined },
): Promise<Disclosed<WaysIn>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const day = today(deps.clock, town.timeZone)
  return deps.gate.open<NoFields, 'waysIn', WaysIn>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: ['waysIn'] },
    (transaction) => loadOutline(transaction, neighbourId, { trueAt: day }),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      return {
        cards: await cardsIn(transaction, { clock: deps.clock, town, neighbourId }),
        telephones: await devicesIn(transaction, { ledger, neighbourId }),
        sessions: await sessionsIn(transaction, {
          now: deps.clock.now(),
          whose: { kind: 'resident', subject: neighbourId },
          here,
        }),
        helpers: await helpersIn(transaction, { ledger, neighbourId, which: { on: day } }),
        now: deps.clock.now().toString({ smallestUnit: 'millisecond' }),
      }
    },
  )
}

async function cardsIn(
  transaction: Transaction,
  { clock, town, neighbourId }: { clock: Clock; town: Municipality; neighbourId: string },
): Promise<CardInForce[]> {
  const asleep = clock.now().toZonedDateTimeISO(town.timeZone).subtract(CARD_SLEEPS_AFTER).epochMilliseconds
  const rows = await cardsInForce(transaction, neighbourId)
  return rows.map((row) => ({
    id: row.id,
    givenAt: row.created_at.toISOString(),
    usedAt: row.used_at?.toISOString() ?? null,
    asleep: (row.used_at ?? row.created_at).getTime() < asleep,
    worksFrom: row.works_from.toISOString(),
  }))
}

/** Every way in there ever was, with those that ended. Times are RFC 3339. */
export interface WaysEver {
  cards: { givenAt: string; usedAt: string | null; endedAt: string | null; endedBy: string | null }[]
  telephones: Device[]
  sessions: OpenSession[]
  helpers: Helper[]
  /** Codes for a telephone that nobody has used yet. */
  enrolments: { until: string }[]
}

/** The same for whoever takes everything home, within a gate's transaction. */
export async function waysEver(
  transaction: Transaction,
  { ledger, neighbourId, now }: { ledger: DataKey; neighbourId: string; now: Temporal.Instant },
): Promise<WaysEver> {
  const cards = await cardsEver(transaction, neighbourId)
  const codes = await enrolmentsOpen(transaction, { neighbourId, now: new Date(now.epochMilliseconds) })
  return {
    cards: cards.map((row) => ({
      givenAt: row.created_at.toISOString(),
      usedAt: row.used_at?.toISOString() ?? null,
      endedAt: row.cancelled_at?.toISOString() ?? null,
      endedBy: row.ended_by,
    })),
    telephones: await devicesIn(transaction, { ledger, neighbourId, which: 'ever' }),
    sessions: await sessionsIn(transaction, { now, whose: { kind: 'resident', subject: neighbourId } }),
    helpers: await helpersIn(transaction, { ledger, neighbourId, which: 'ever' }),
    enrolments: codes.map((row) => ({ until: row.expires_at.toISOString() })),
  }
}

/** What is cut off. */
export type Ending =
  /** One of them, or all. */
  | { what: 'card'; id?: string }
  | { what: 'telephone'; id: string }
  | { what: 'session'; id: string }
  | { what: 'helper'; id: string }
  /** Lost or stolen: the card and every session; telephones and helpers too where it is said, all or those since a day. */
  | { what: 'lost'; telephonesToo: boolean; since?: Temporal.PlainDate | undefined }
  | { what: 'everything' }

/**
 * Cuts off ways in to a record, at once. A session ends with the card or telephone it came of.
 *
 * @param here a session that stays, where it does not end with what it came of
 * @throws {NotFound} {Refusal}
 */
export async function endWaysIn(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, ending, here }: { neighbourId: string; ending: Ending; here?: string | undefined },
): Promise<void> {
  const action = requester.kind === 'resident' ? 'revoke' : 'enrol'
  await deps.gate.open<NoFields, never, void>(
    { municipalityId: town.id, requester, action, purpose: purposeOf(requester), fields: [] },
    (transaction) => loadOutline(transaction, neighbourId, { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      const now = deps.clock.now().toString()
      const { what } = ending
      const all = what === 'everything' || what === 'lost'
      const since = 'since' in ending ? ending.since?.toZonedDateTime(town.timeZone).toInstant() : undefined
      const added = new Date(since?.epochMilliseconds ?? 0)
      if (what === 'card' || all)
        await loseCards(transaction, {
          cancelledAt: now,
          neighbourId,
          id: what === 'card' ? ending.id : undefined,
          // Who helps cancels what is lost, and not what a counter made since.
          working: requester.kind === 'resident' && requester.helper === true,
        })
      if (what === 'telephone' || what === 'everything' || (what === 'lost' && ending.telephonesToo))
        await removePasskeys(transaction, { removedAt: now, neighbourId, addedSince: added, what, ending })
      if (what === 'helper' || what === 'everything' || (what === 'lost' && ending.telephonesToo))
        await endHelpers(transaction, { endedAt: now, neighbourId, addedSince: added, what, ending })
      if (what === 'session' || all) await endSessionsOf(transaction, { subject: neighbourId, what, ending, all, here })
      if (what !== 'session') await noticeOfWays(transaction, { deps, town, neighbourId })
      // What was handed out to make another way in, and not used yet.
      if (all) await endUnusedCodes(transaction, neighbourId)
    },
  )
}
