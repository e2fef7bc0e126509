import type { Disclosed } from '../firewall/disclosed.ts'
import type { Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Address, Name, NeighbourFields } from '../registry/model.ts'
import { reachOf } from '../registry/person/reach.ts'
import { hidesWhereabouts, loadRecords } from '../registry/store.ts'
import { countedFor } from '../registry/visits.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { noteTold } from './leave-message.ts'
import { countLettersWaiting, lettersWaiting } from './store.ts'

/** A letter that says there is a message: to whom, where letters reach them, in which language. */
export interface PostalNotice {
  name: Name | undefined
  address: Address
  language: string | undefined
}

/** A worklist shows no more at once than a morning’s work: what it shows is counted like anything else. */
const MOST_AT_ONCE = 40

/** How many neighbours have a message and no other way to hear of it. A number alone. */
export async function postalNoticesWaiting(
  deps: Pick<RegistryDeps, 'database' | 'clock'>,
  town: Pick<Municipality, 'id'>,
  staff: Staff,
): Promise<number> {
  return countedFor(deps, {
    town,
    staff,
    work: async (transaction) => {
      const row = await countLettersWaiting(transaction)
      return Number(row.count)
    },
  })
}

/**
 * Opens names and addresses for a batch of letters and hands them to `print`. They are marked when they are printed: if
 * printing fails they wait for the next batch. A letter to a protected neighbour would say where they are, so there is none.
 *
 * @throws {Refusal}
 */
export async function printPostalNotices<T>(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  print: (letters: PostalNotice[]) => Promise<T>,
): Promise<Disclosed<T>> {
  const day = today(deps.clock, town.timeZone)
  const fields = ['name', 'address', 'languages', 'departedOn'] as const
  const ask = {
    municipalityId: town.id,
    requester: clerk,
    action: 'notify',
    purpose: 'postal-notices',
    worklist: true,
  } as const
  const batch = await deps.gate.open<
    NeighbourFields,
    (typeof fields)[number],
    { letters: PostalNotice[]; told: string[] },
    { waiting: { notice_id: string; neighbour_id: string }[]; hidden: ReadonlySet<string> }
  >(
    { ...ask, fields },
    async (transaction) => {
      const waiting = await lettersWaiting(transaction, MOST_AT_ONCE)
      const ids = [...new Set(waiting.map((one) => one.neighbour_id))]
      const records = await loadRecords(transaction, ids, { trueAt: day })
      const hidden = new Set(records.filter(hidesWhereabouts).map((record) => record.subject))
      return { records: records.filter((record) => !hidesWhereabouts(record)), beside: { waiting, hidden } }
    },
    (records, { beside: { waiting, hidden } }) => {
      const reached = records.flatMap(({ id, name, address, languages, departedOn }) => {
        const { letter } = reachOf({ protected: hidden.has(id), departedOn, address })
        return letter === undefined ? [] : [{ id, letter: { name, address: letter, language: languages?.[0] } }]
      })
      const written = new Set(reached.map(({ id }) => id))
      return {
        letters: reached.map(({ letter }) => letter),
        told: waiting.filter((one) => written.has(one.neighbour_id)).map((one) => one.notice_id),
      }
    },
  )
  return batch.mapAsync(async ({ letters, told }) => {
    const printed = await print(letters)
    // Only what has been printed counts as told.
    if (told.length > 0)
      await deps.gate.decide({ ...ask, fields: [] }, (transaction) =>
        noteTold(transaction, { town, messages: told, channel: 'post', at: deps.clock.now() }),
      )
    return printed
  })
}
