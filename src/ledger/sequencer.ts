import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import type { NoteSigner } from './checkpoint.ts'
import { entriesWithoutPlace, lockLedger, oldestRunning, placeEntries, wakeLedgers } from './store.ts'
import { integrate } from './tree.ts'

/** Gives ledger entries their places, off the path of the requests that wrote them. */
export interface Sequencer {
  /**
   * Gives every committed entry not yet placed the next positions, in order of id, without gaps. One process
   * at a time does it (advisory lock); the others find the lock taken and leave it.
   *
   * With a `signer`, the tree grows by them and a checkpoint over it is signed in the same transaction.
   *
   * @param check asked in each transaction, before anything is signed; what it throws stops that
   * @returns how many entries were placed; nothing where another process is at it
   */
  place(
    municipalityId: string,
    signer?: NoteSigner,
    check?: (transaction: Transaction) => Promise<void>,
  ): Promise<number | undefined>
  /** Wakes the work of every town whose ledger was written to since this was last called; the first time, of all. */
  wake(now: Temporal.Instant): Promise<void>
}

/** So many entries are looked at, and so many placed, by one statement: a ledger of millions is no reason to give up. */
const AT_ONCE = { looked: 50_000, placed: 20_000 } as const
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/**
 * Looks once over the ledgers of all towns, from wherever it came to; from then on only at entries of transactions that were
 * running, or had not begun, when it last looked. No entry is missed however late its transaction commits.
 */
export function sequencer(database: Database, atOnce: { looked: number; placed: number } = AT_ONCE): Sequencer {
  /** Towns whose entries of transactions before this have their places. */
  const settled = new Map<string, string>()
  /** The first look: what was running before it, the first entry of each town that has no place, and how far it came. */
  const first = { running: undefined as string | undefined, without: new Map<string, string>(), upTo: BEFORE_ALL }
  let looking: Promise<string> | undefined
  let since = '0'

  async function look(): Promise<string> {
    if (first.running === undefined) {
      const { rows } = await oldestRunning(database)
      first.running = rows[0]?.running ?? '0'
    }
    for (;;) {
      const { rows } = await entriesWithoutPlace(database, { upTo: first.upTo, looked: atOnce.looked })
      const [page] = rows
      if (page === undefined) return first.running
      for (const { municipality_id: town, entry_id: id } of rows)
        if (town !== null && id !== null && !first.without.has(town)) first.without.set(town, id)
      first.upTo = page.up_to
    }
  }
  /** Of all who ask together one looks; whoever asks after it failed goes on from there. */
  const looked = () => {
    looking ??= look().catch((error: unknown) => {
      looking = undefined
      throw error
    })
    return looking
  }

  return {
    async wake(now) {
      await looked()
      const { rows } = await wakeLedgers(database, { since, now: now.toString() })
      since = rows[0]?.running ?? since
    },
    async place(municipalityId, signer, check) {
      const before = await looked()
      for (let all = 0; ; ) {
        const { placed, running, last } = await inMunicipality(database, municipalityId, async (transaction) => {
          const { rows } = await lockLedger(transaction, municipalityId)
          const [state] = rows
          if (!state?.mine) return {}
          await check?.(transaction)
          const from = first.without.get(municipalityId)
          const { rows: given } = await placeEntries(transaction, {
            municipalityId,
            writtenBy: settled.get(municipalityId) ?? before,
            from,
            most: atOnce.placed,
          })
          if (signer) await integrate(transaction, municipalityId, signer)
          return { placed: given.length, running: state.running, last: given.at(-1)?.entry_id }
        })
        if (placed === undefined) return all === 0 ? undefined : all
        all += placed
        if (placed < atOnce.placed) {
          settled.set(municipalityId, running)
          first.without.delete(municipalityId)
          return all
        }
        // What is before the last of them has its place, or is of a transaction that is still looked for.
        if (last !== undefined && first.without.has(municipalityId)) first.without.set(municipalityId, last)
      }
    },
  }
}
