import type { Gate } from '../firewall/model.ts'
import type { Resident, Staff, StaffRole } from '../firewall/requester.ts'
import { type CookieValue, cookieValue } from '../http/cookies.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { type Clock, uuidv7 } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { randomBytes } from '../platform/random.ts'
import type { Municipality } from '../town/model.ts'
import { askWhoMadeIt } from './given-and-used.ts'
import type { FormOwner } from './keep-form.ts'
import {
  claimSession,
  dropSession,
  dropSessionsOfOtherDuty,
  keepSession,
  markSeen,
  noteAsked,
  sessionLately,
  sessionRow,
  setSession,
} from './session-store.ts'
import { deviceNamed } from './sign-in-with-passkey.ts'

export interface SessionDeps {
  database: Database
  clock: Clock
  gate: Pick<Gate, 'keysOf'>
  /** Seals what was typed when a session ran out. */
  keys: KeyProvider
  /** Asks the city's sign-in whether an account is still open, where it does not say so by itself. */
  renew?: Renew | undefined
}

/**
 * Trades a refresh token for the next one.
 *
 * @returns the next one, that the account is open no more, or that nobody could say
 */
export type Renew = (
  refresh: string,
  staff: { subject: string; role: StaffRole; office: string; municipality: string },
) => Promise<{ refresh: string } | 'ended' | 'unreachable'>

/** Somebody signed in through a browser. */
export interface Session {
  handle: string
  requester: Staff | Resident
  signedInAt: Temporal.Instant
  /** Seconds until it ends, however much it is used. */
  secondsLeft: number
  locked: boolean
  /** Goes with every form, so that no other page can send one. */
  csrf: string
  /** The name of the office that staff are signed in for. */
  office?: string | undefined
  /** What a neighbour came in by, and what a telephone calls them where they said. */
  way?: (Way & { calls: string }) | undefined
  /** Seals, in the browser, forms that wait for a line: the same for this person at every session, and nobody else's. */
  formKey: string
}

/** How long a session lasts without being used, and in all. */
export const SESSION_LIMITS = {
  staff: { idle: { minutes: 30 }, absolute: { hours: 10 } },
  resident: { idle: { minutes: 10 }, absolute: { hours: 1 } },
} as const
/** How long a session of staff lasts on a word of the provider's, where it does not say by itself that an account was closed. */
const UNTOLD: Temporal.DurationLike = { hours: 1 }
/** How often it is asked, where it can be. */
const ASKED_EVERY: Temporal.DurationLike = { minutes: 10 }
/** How fresh a sign-in must be for what cannot be undone, or gives somebody a way in. */
export const FRESH = { staff: { minutes: 15 }, resident: { minutes: 5 } } as const

export type NewSession =
  | {
      kind: 'staff'
      subject: string
      role: StaffRole
      office: string
      /** The session at the provider, where it names one. */
      sid?: string | undefined
      /** Whether the provider says when an account is closed; false of one that does not. */
      ends?: boolean
      /** With what it can be asked, then. */
      refresh?: string | undefined
    }
  | {
      kind: 'resident'
      subject: string
      /** What they came in by: it ends with that. */
      way: Way
      /** The office in whose browser it was, where its staff were signed in there. */
      atOffice?: string | undefined
      /** Where they came from: it is compared, and not kept. */
      source: string
    }

/** What a neighbour comes in by: a card, or a telephone by its handle. */
export interface Way {
  kind: 'card' | 'telephone'
  id: string
}

const sessionId = (hash: (text: string) => Buffer, token: string) => hash(`session ${token}`)
const refreshPlace = (handle: string) => ({ table: 'sessions', column: 'refresh', row: handle })
const csrfOf = (hash: (text: string) => Buffer, token: string) => hash(`csrf ${token}`).toString('base64url')

/**
 * Begins a session. Staff whose role or office is another than before lose the sessions they had.
 *
 * @returns the token for the cookie: it is nowhere else
 */
export async function beginSession(deps: SessionDeps, town: Municipality, who: NewSession): Promise<CookieValue> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const token = randomBytes(32).toString('base64url')
  const now = deps.clock.now()
  const handle = uuidv7()
  const untold = who.kind === 'staff' && who.ends === false
  const refresh = untold ? who.refresh : undefined
  await inMunicipality(deps.database, town.id, async (transaction) => {
    if (who.kind === 'staff') {
      await dropSessionsOfOtherDuty(transaction, { subject: who.subject, role: who.role, officeId: who.office })
    }
    await keepSession(transaction, {
      id: sessionId(hash, token),
      municipality_id: town.id,
      handle,
      kind: who.kind,
      subject: who.subject,
      ...(who.kind === 'staff'
        ? { role: who.role, office_id: who.office, provider_session: who.sid ?? null }
        : { way: who.way.kind, way_id: who.way.id, at_office: who.atOffice ?? null }),
      signed_in_at: now.toString(),
      last_seen_at: now.toString(),
      ends_at: now.add(untold && refresh === undefined ? UNTOLD : SESSION_LIMITS[who.kind].absolute).toString(),
      ...(refresh === undefined
        ? {}
        : {
            refresh: Buffer.from(ledger.seal(refreshPlace(handle), refresh)),
            asked_at: now.toString(),
            confirmed_at: now.toString(),
          }),
    })
    if (who.kind === 'resident') {
      const used = { way: who.way, neighbourId: who.subject, source: who.source, atOffice: who.atOffice !== undefined }
      await askWhoMadeIt(transaction, { hash, town, now, used })
    }
  })
  return cookieValue(token)
}

/**
 * Opens a desk that was locked, for the same person with the same duty: from now on it ends with the provider’s new session, and
 * is asked about by its new token.
 */
export async function resumeSession(
  deps: SessionDeps,
  town: Municipality,
  { handle, who }: { handle: string; who: NewSession & { kind: 'staff' } },
): Promise<void> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const now = deps.clock.now().toString()
  const refresh = who.ends === false ? who.refresh : undefined
  await inMunicipality(deps.database, town.id, (transaction) =>
    setSession(transaction, {
      handle,
      set: {
        locked_at: null,
        provider_session: who.sid ?? null,
        ...(refresh === undefined
          ? {}
          : {
              refresh: Buffer.from(ledger.seal(refreshPlace(handle), refresh)),
              asked_at: now,
              confirmed_at: now,
            }),
      },
    }),
  )
}

/** The session of a cookie, if it is in force. Being seen keeps it so, up to its end. */
export async function findSession(
  deps: SessionDeps,
  town: Municipality,
  token: string | undefined,
): Promise<Session | undefined> {
  if (token === undefined || !/^[\w-]{43}$/.test(token)) return undefined
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const id = sessionId(hash, token)
  const now = deps.clock.now()
  const found = await inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await sessionRow(transaction, { id, now: new Date(now.epochMilliseconds) })
    if (row === undefined) return undefined
    const kind = row.kind === 'staff' ? 'staff' : 'resident'
    const idleSince = row.last_seen_at.toTemporalInstant()
    // It stays for an hour: what its owner had typed is theirs, and is kept for when they are back.
    if (Temporal.Instant.compare(idleSince.add(SESSION_LIMITS[kind].idle), now) < 0) return undefined
    if (Temporal.Instant.compare(idleSince.add({ minutes: 1 }), now) < 0)
      await markSeen(transaction, { lastSeenAt: now.toString(), id })
    const requester: Staff | Resident =
      row.role !== null && row.office_id !== null
        ? {
            kind: 'staff',
            id: row.subject,
            role: row.role as StaffRole,
            organisationId: row.office_id,
            case: row.work_case ?? undefined,
            purpose: row.work_purpose ?? undefined,
          }
        : {
            kind: 'resident',
            id: `${row.way} ${row.way_id}`,
            neighbourId: row.subject,
            ...(row.shows_from !== null && row.shows_from.getTime() > now.epochMilliseconds
              ? { hidesUntil: row.shows_from.toISOString() }
              : {}),
            // In the browser of an office they stand where its staff stand.
            ...(row.at_office === null ? {} : { standsWith: [row.at_office] }),
          }
    const asks =
      row.asked_at !== null && Temporal.Instant.compare(row.asked_at.toTemporalInstant().add(ASKED_EVERY), now) < 0
        ? await claimAsking(transaction, id, now)
        : undefined
    const session: Session = {
      handle: row.handle,
      requester,
      signedInAt: row.signed_in_at.toTemporalInstant(),
      secondsLeft: Math.floor(row.ends_at.toTemporalInstant().since(now).total('seconds')),
      locked: row.locked_at !== null,
      csrf: csrfOf(hash, token),
      office: row.office ?? undefined,
      formKey: hash(`forms ${row.kind} ${row.subject}`).toString('base64url'),
      ...(row.way === null || row.way_id === null
        ? {}
        : {
            way: {
              kind: row.way as Way['kind'],
              id: row.way_id,
              calls: row.device === null ? '' : deviceNamed(ledger, row.way_id, row.device).owner,
            },
          }),
    }
    const untold =
      row.confirmed_at !== null && Temporal.Instant.compare(row.confirmed_at.toTemporalInstant().add(UNTOLD), now) < 0
    return { session, asks, untold }
  })
  if (found === undefined) return undefined
  const { session, asks, untold } = found
  if (asks === undefined) return untold ? undefined : session
  const answer = await askProvider(deps, town, { session, sealed: asks })
  return answer === 'open' || (answer === 'unknown' && !untold) ? session : undefined
}

/**
 * Whose a session was that ended within the last hour because its time was over: it opens nothing any more, and what its owner was
 * typing is theirs.
 */
export async function endedSession(
  deps: SessionDeps,
  town: Municipality,
  token: string | undefined,
): Promise<{ csrf: string; owner: FormOwner } | undefined> {
  if (token === undefined || !/^[\w-]{43}$/.test(token)) return undefined
  const { hash } = await deps.gate.keysOf(town.id)
  const row = await inMunicipality(deps.database, town.id, (transaction) =>
    sessionLately(transaction, {
      id: sessionId(hash, token),
      endedAfter: new Date(deps.clock.now().subtract({ hours: 1 }).epochMilliseconds),
    }),
  )
  if (row === undefined) return undefined
  const kind = row.kind === 'staff' ? 'staff' : 'resident'
  return { csrf: csrfOf(hash, token), owner: { kind, subject: row.subject, way: row.way_id ?? undefined } }
}

/** Who typed what is typed in a session. */
export const ownerOf = (session: Session): FormOwner => ({
  kind: session.requester.kind,
  subject: subjectOf(session),
  way: session.way?.id,
})

/** One of the requests that come at the same time asks the provider: a refresh token is good once. @returns it, sealed, to that one */
async function claimAsking(transaction: Transaction, id: Buffer, now: Temporal.Instant): Promise<Buffer | undefined> {
  const claimed = await claimSession(transaction, {
    now: now.toString(),
    id,
    before: new Date(now.subtract(ASKED_EVERY).epochMilliseconds),
  })
  return claimed?.refresh ?? undefined
}

/** Asks whether the account of a session is still open, and ends the session where it is not. */
async function askProvider(
  deps: SessionDeps,
  town: Municipality,
  { session, sealed }: { session: Session; sealed: Buffer },
): Promise<'open' | 'ended' | 'unknown'> {
  const { requester, handle } = session
  if (requester.kind !== 'staff' || deps.renew === undefined) return 'unknown'
  const { ledger } = await deps.gate.keysOf(town.id)
  const refresh = ledger.open(refreshPlace(handle), sealed) as string
  const answer = await deps.renew(refresh, {
    subject: requester.id,
    role: requester.role,
    office: requester.organisationId,
    municipality: town.slug,
  })
  await inMunicipality(deps.database, town.id, async (transaction) => {
    if (answer === 'ended') {
      await dropSession(transaction, handle)
      return
    }
    const now = deps.clock.now()
    await noteAsked(transaction, {
      changes:
        answer === 'unreachable'
          ? // Asked again in a minute.
            { asked_at: now.subtract(ASKED_EVERY).add({ minutes: 1 }).toString() }
          : {
              refresh: Buffer.from(ledger.seal(refreshPlace(handle), answer.refresh)),
              confirmed_at: now.toString(),
            },
      handle,
    })
  })
  return answer === 'ended' ? 'ended' : answer === 'unreachable' ? 'unknown' : 'open'
}

/** What the owner of a session may change of it. */
export async function changeSession(
  deps: SessionDeps,
  town: Municipality,
  { handle, change }: { handle: string; change: { locked?: true; workCase?: string | null; purpose?: string | null } },
): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    setSession(transaction, {
      handle,
      set: {
        ...(change.locked === undefined ? {} : { locked_at: deps.clock.now().toString() }),
        ...(change.workCase === undefined ? {} : { work_case: change.workCase }),
        ...(change.purpose === undefined ? {} : { work_purpose: change.purpose }),
      },
    }),
  )
}

/** Whose a session is: a neighbour's id, or the pseudonym of staff. */
export const subjectOf = ({ requester }: Session): string =>
  requester.kind === 'resident' ? requester.neighbourId : requester.id
