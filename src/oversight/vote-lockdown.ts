import type { Disclosed } from '../firewall/disclosed.ts'
import type { Gate } from '../firewall/model.ts'
import type { ActingIn, Staff } from '../firewall/requester.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { beginLockdowns, keepVote, lockdownWithVotes, lockLockdown, setLockdown } from './officer-store.ts'

/** How many legal officers it takes. To open again takes one more than to close. */
export const OFFICERS = { close: 2, open: 3 } as const

export interface Lockdown {
  closed: boolean
  /** Legal officers who have voted for the change that is pending. */
  votes: number
  needed: number
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
    await beginLockdowns(transaction, municipalityId)
    const { rows: locked } = await lockLockdown(transaction, municipalityId)
    const { closed = false, round = '0' } = locked[0] ?? {}
    if (closed !== close) {
      await keepVote(transaction, { municipalityId, round, officerId: officer.id })
      const { votes } = await read(transaction, municipalityId)
      if (votes >= (close ? OFFICERS.close : OFFICERS.open)) {
        also({ by: officer, action: close ? 'lockdown-closed' : 'lockdown-opened' })
        await setLockdown(transaction, { close, municipalityId })
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
  const { rows } = await lockdownWithVotes(transaction, municipalityId)
  const { closed = false, votes = 0 } = rows[0] ?? {}
  return { closed, votes, needed: closed ? OFFICERS.open : OFFICERS.close }
}

/** Whether the registry is closed, within a transaction. */
export const lockedDown = async (transaction: Transaction, municipalityId: string): Promise<boolean> =>
  (await read(transaction, municipalityId)).closed

/** The same for a page that says so: it is no secret that a registry is closed. */
export const isLockedDown = (database: Database, municipalityId: string): Promise<boolean> =>
  inMunicipality(database, municipalityId, (transaction) => lockedDown(transaction, municipalityId))
