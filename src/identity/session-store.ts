import { type Insertable, sql, type Updateable } from 'kysely'
import type { DB } from '../../schema/database.ts'
import { nameOfOrganisation } from '../firewall/organisation-store.ts'
import type { StaffRole } from '../firewall/requester.ts'
import type { Transaction } from '../platform/database.ts'
import type { Uuid } from '../platform/uuid.ts'
import { isNeighbour } from './resident-store.ts'

// The SQL of sessions, of forms kept while somebody signs in again, and of proofs of possession that were used.

export const keptFormsOf = (transaction: Transaction, whose: Buffer) =>
  transaction.selectFrom('kept_forms').select('id').where('owner', '=', whose).orderBy('expires_at', 'desc').execute()

export const dropKeptForms = (transaction: Transaction, ids: string[]) =>
  transaction.deleteFrom('kept_forms').where('id', 'in', ids).execute()

export const insertKeptForm = (transaction: Transaction, row: Insertable<DB['kept_forms']>) =>
  transaction.insertInto('kept_forms').values(row).execute()

export const keptFormRow = (transaction: Transaction, { id, owner, now }: { id: Uuid; owner: Buffer; now: Date }) =>
  transaction
    .selectFrom('kept_forms')
    .select(['id', 'content'])
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('expires_at', '>', now)
    .executeTakeFirst()

export const dropKeptFormsOf = (transaction: Transaction, { owner, id }: { owner: Buffer; id: string | undefined }) =>
  transaction
    .deleteFrom('kept_forms')
    .where('owner', '=', owner)
    .$if(id !== undefined, (query) => query.where('id', '=', id ?? ''))
    .execute()

export const dropSessions = (
  transaction: Transaction,
  { kind, subject, which }: { kind: string; subject: string; which: { handle: string } | 'all' },
) =>
  transaction
    .deleteFrom('sessions')
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .$if(which !== 'all', (query) => query.where('handle', '=', which === 'all' ? '' : which.handle))
    .execute()

export const dropStaffSessions = (
  transaction: Transaction,
  { subject, sid }: { subject: string | undefined; sid: string | undefined },
) =>
  transaction
    .deleteFrom('sessions')
    .where('kind', '=', 'staff')
    .$if(subject !== undefined, (query) => query.where('subject', '=', subject ?? ''))
    .$if(sid !== undefined, (query) => query.where('provider_session', '=', sid ?? ''))
    .execute()

export const sessionsOpen = (
  transaction: Transaction,
  { kind, subject, now, seenAfter }: { kind: string; subject: string; now: Date; seenAfter: Date },
) =>
  transaction
    .selectFrom('sessions')
    .select(['handle', 'signed_in_at', 'last_seen_at', 'way', 'way_id', 'at_office'])
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .where('ends_at', '>', now)
    .where('last_seen_at', '>', seenAfter)
    .orderBy('signed_in_at', 'desc')
    .execute()

export const dropSessionsOfOtherDuty = (
  transaction: Transaction,
  { subject, role, officeId }: { subject: string; role: StaffRole; officeId: string },
) =>
  transaction
    .deleteFrom('sessions')
    .where('kind', '=', 'staff')
    .where('subject', '=', subject)
    .where((where) => where.or([where('role', '!=', role), where('office_id', '!=', officeId)]))
    .execute()

export const keepSession = (transaction: Transaction, row: Insertable<DB['sessions']>) =>
  transaction.insertInto('sessions').values(row).execute()

/** A session that has not ended, with what its way in is called. Who has left is signed out with their next request. */
export const sessionRow = (transaction: Transaction, { id, now }: { id: Buffer; now: Date }) =>
  transaction
    .selectFrom('sessions')
    .select([
      'kind',
      'subject',
      'handle',
      'role',
      'office_id',
      'work_case',
      'work_purpose',
      'signed_in_at',
      'ends_at',
      'last_seen_at',
      'locked_at',
      'asked_at',
      'confirmed_at',
      'way',
      'way_id',
      'at_office',
    ])
    .select((session) =>
      session
        .selectFrom('passkeys')
        .select('device')
        .whereRef('handle', '=', 'sessions.way_id')
        .where('removed_at', 'is', null)
        .as('device'),
    )
    .select((session) =>
      session
        .selectFrom('passkeys')
        .select('shows_from')
        .whereRef('handle', '=', 'sessions.way_id')
        .unionAll(session.selectFrom('resident_cards').select('shows_from').whereRef('id', '=', 'sessions.way_id'))
        .as('shows_from'),
    )
    .select((session) => nameOfOrganisation(session.ref('office_id')).as('office'))
    .where('id', '=', id)
    .where('ends_at', '>', now)
    // Who has left is signed out with their next request, whoever forgot to sign them out.
    .where((row) =>
      row
        .case()
        .when('kind', '=', 'resident')
        .then(isNeighbour(row.ref('subject')))
        .else(sql<boolean>`true`)
        .end(),
    )
    .executeTakeFirst()

export const markSeen = (transaction: Transaction, { lastSeenAt, id }: { lastSeenAt: string; id: Buffer }) =>
  transaction.updateTable('sessions').set({ last_seen_at: lastSeenAt }).where('id', '=', id).execute()

export const sessionLately = (transaction: Transaction, { id, endedAfter }: { id: Buffer; endedAfter: Date }) =>
  transaction
    .selectFrom('sessions')
    .select(['kind', 'subject', 'way_id'])
    .where('id', '=', id)
    .where('ends_at', '>', endedAfter)
    .executeTakeFirst()

export const claimSession = (
  transaction: Transaction,
  { now, id, before }: { now: string; id: Buffer; before: Date },
) =>
  transaction
    .updateTable('sessions')
    .set({ asked_at: now })
    .where('id', '=', id)
    .where('asked_at', '<', before)
    .returning('refresh')
    .executeTakeFirst()

export const dropSession = (transaction: Transaction, handle: string) =>
  transaction.deleteFrom('sessions').where('handle', '=', handle).execute()

export const noteAsked = (
  transaction: Transaction,
  { changes, handle }: { changes: { asked_at: string } | { refresh: Buffer; confirmed_at: string }; handle: string },
) => transaction.updateTable('sessions').set(changes).where('handle', '=', handle).execute()

export const setSession = (
  transaction: Transaction,
  { handle, set }: { handle: string; set: Updateable<DB['sessions']> },
) => transaction.updateTable('sessions').set(set).where('handle', '=', handle).execute()

export const keepUsedProof = (
  transaction: Transaction,
  { municipalityId, id }: { municipalityId: string; id: Buffer },
) =>
  transaction
    .insertInto('used_proofs')
    .values({ municipality_id: municipalityId, id })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
