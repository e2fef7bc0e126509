import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Gate } from '../firewall/model.ts'
import type { ActingIn, Staff } from '../firewall/requester.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'

/** How many legal officers it takes. To open again takes one more than to close. */
export const OFFICERS = { close: 2, open: 3 } as const

export interface Lockdown {
  closed: boolean
  /** Legal officers who have voted for the change that is pending. */
  votes: number
  needed: number
}

interface LockdownRow {
  closed: boolean
  votes: number
}

/**
 * One legal officer's vote to close the registry, or to open it again. The last vote needed takes effect with its
 * transaction: every process reads the state with each decision. The same officer's second vote counts nothing, and
 * a vote for what already is does nothing. A vote
 * counts for a day: one that nobody joined must not make the next officer's the last.
 *
 * @throws {Refusal} for anyone but legal staff
 */
export async function voteLockdown(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  close: boolean,
): Promise<Disclosed<Lockdown>> {
  const ask = protecting(municipalityId, officer)
  return gate.decide(ask, async (transaction, also) => {
    await sql`insert into lockdowns (municipality_id) values (${municipalityId}) on conflict do nothing`.execute(
      transaction,
    )
    const { rows: locked } = await sql<{ closed: boolean; round: string }>`
      select closed, round::text from lockdowns where municipality_id = ${municipalityId} for update`.execute(
      transaction,
    )
    const { closed = false, round = '0' } = locked[0] ?? {}
    if (closed !== close) {
      await sql`insert into lockdown_votes (municipality_id, round, staff_id)
        select ${municipalityId}, ${round}::text::bigint, ${officer.id} where not exists (
          select from lockdown_votes vote where vote.round = ${round}::text::bigint and vote.staff_id = ${officer.id}
            and vote.voted_at > clock_timestamp() - interval '1 day')`.execute(transaction)
      const { votes } = await read(transaction, municipalityId)
      if (votes >= (close ? OFFICERS.close : OFFICERS.open)) {
        also({ by: officer, action: close ? 'lockdown-closed' : 'lockdown-opened' })
        await sql`update lockdowns set closed = ${close}, round = round + 1, changed_at = clock_timestamp()
          where municipality_id = ${municipalityId}`.execute(transaction)
      }
    }
    return read(transaction, municipalityId)
  })
}

/** @throws {Refusal} for anyone but legal staff */
export async function lockdownState(gate: Gate, municipalityId: string, officer: Staff): Promise<Disclosed<Lockdown>> {
  return gate.decide(protecting(municipalityId, officer), (transaction) => read(transaction, municipalityId))
}

const protecting = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'protect', purpose: 'protection', fields: [] }) as const

async function read(transaction: Transaction, municipalityId: string): Promise<Lockdown> {
  const { rows } = await sql<LockdownRow>`
    select state.closed, (select count(distinct vote.staff_id)::integer from lockdown_votes vote
      where vote.municipality_id = state.municipality_id and vote.round = state.round
        and vote.voted_at > clock_timestamp() - interval '1 day') as votes
    from lockdowns state where state.municipality_id = ${municipalityId}`.execute(transaction)
  const { closed = false, votes = 0 } = rows[0] ?? {}
  return { closed, votes, needed: closed ? OFFICERS.open : OFFICERS.close }
}

/** Whether the registry is closed, within a transaction. */
export const lockedDown = async (transaction: Transaction, municipalityId: string): Promise<boolean> =>
  (await read(transaction, municipalityId)).closed

/** The same for a page that says so: it is no secret that a registry is closed. */
export const isLockedDown = (database: Database, municipalityId: string): Promise<boolean> =>
  inMunicipality(database, municipalityId, (transaction) => lockedDown(transaction, municipalityId))
