import { inMunicipality, type Transaction } from '../platform/database.ts'
import type { Municipality } from '../town/model.ts'
import { SESSION_LIMITS, type Session, type SessionDeps, subjectOf, type Way } from './begin-session.ts'
import { dropSessions, dropStaffSessions, sessionsOpen } from './session-store.ts'

// Where somebody is signed in, and how that ends.

/** Ends one session, or every session of its owner. */
export async function endSession(
  deps: SessionDeps,
  town: Municipality,
  { session, which }: { session: Session; which: { handle: string } | 'all' },
): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    dropSessions(transaction, { kind: session.requester.kind, subject: subjectOf(session), which }),
  )
}

/** Ends every session of a member of staff, or the one that the provider names: their account was closed, or they left. */
export async function endStaffSessions(
  deps: Pick<SessionDeps, 'database'>,
  town: Municipality,
  { subject, sid }: { subject: string | undefined; sid: string | undefined },
): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) => dropStaffSessions(transaction, { subject, sid }))
}

export interface OpenSession {
  handle: string
  signedInAt: string
  lastSeenAt: string
  here: boolean
  /** What a neighbour came in by. */
  way: Way | undefined
  /** Their office, where it was in a browser of its. */
  atOffice: string | undefined
}

/** Where somebody is signed in, within a transaction. */
export async function sessionsIn(
  transaction: Transaction,
  {
    now,
    whose,
    here,
  }: { now: Temporal.Instant; whose: { kind: 'staff' | 'resident'; subject: string }; here?: string | undefined },
): Promise<OpenSession[]> {
  const rows = await sessionsOpen(transaction, {
    kind: whose.kind,
    subject: whose.subject,
    now: new Date(now.epochMilliseconds),
    seenAfter: new Date(now.subtract(SESSION_LIMITS[whose.kind].idle).epochMilliseconds),
  })
  return rows.map((row) => ({
    handle: row.handle,
    signedInAt: row.signed_in_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    here: row.handle === here,
    way: row.way === null || row.way_id === null ? undefined : { kind: row.way as Way['kind'], id: row.way_id },
    atOffice: row.at_office ?? undefined,
  }))
}

/** Where else the same person is signed in. */
export function sessionsOf(deps: SessionDeps, town: Municipality, session: Session): Promise<OpenSession[]> {
  const whose = { kind: session.requester.kind, subject: subjectOf(session) }
  return inMunicipality(deps.database, town.id, (transaction) =>
    sessionsIn(transaction, { now: deps.clock.now(), whose, here: session.handle }),
  )
}
