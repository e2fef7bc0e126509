import type { Disclosed } from '../firewall/disclosed.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { loadRecords } from '../registry/store.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { type Entry, type LookUp, type LookUpsWanted, lookUpsPage } from './look-up-store.ts'
import { namesOfWays } from './looked-by.ts'
import { settledLooks } from './review-flags.ts'

export interface LookUpPage {
  /** The newest first. */
  lookUps: LookUp[]
  /** Where those before them are; absent on the last page. */
  older: string | undefined
}

const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([0-9a-f-]{36})$/

/**
 * Everyone who looked at a neighbour's record since the beginning: when, who, why, what. One's own visits are one line a day for
 * each way in, so that they displace nobody, and so that somebody else with one's card is seen beside oneself; what was done by
 * them, such as proofs that were taken, is another line a day, a helper's too. Who acts for a neighbour is shown neither those nor who helps them.
 *
 * @throws {NotFound} {Refusal}
 */
export async function lookUpsOf(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, wanted = {} }: { neighbourId: string; wanted?: LookUpsWanted | undefined },
): Promise<Disclosed<LookUpPage>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const [, at, id] = CURSOR.exec(wanted.before ?? '') ?? []
  const before = at === undefined || id === undefined ? undefined : { at, id }
  const withOwn = requester.kind !== 'resident' || requester.representative === undefined
  return deps.gate.open<{ lookUps: never }, 'lookUps', LookUpPage>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: ['lookUps'] },
    async (transaction) => {
      const day = today(deps.clock, town.timeZone)
      const records = await loadRecords(transaction, [neighbourId], { trueAt: day })
      return records.map((record) => ({ ...record, facts: {}, parts: [] }))
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const page = { ...wanted, before, withOwn }
      const { entries, older, since } = await lookUpsPage(deps, { unit, town, neighbourId, wanted: page })
      const lines = wanted.unfolded
        ? entries.map((entry) => ({ ...entry }))
        : folded(entries, town, { since, until: before?.at })
      const by = await namesOfWays(unit.transaction, {
        ledger,
        neighbourId,
        lines,
        reopen: (location, sealed) => unit.reopen(neighbourId, location, sealed),
      })
      const settled = await settledLooks(unit.transaction, neighbourId)
      return {
        lookUps: lines.map(({ cursor: _, own: __, ...line }) => ({
          ...line,
          by: by(line),
          ...(settled(line) ? { settled: true as const } : {}),
        })),
        older,
      }
    },
  )
}

/** Everyone who ever looked, line by line, for whoever takes all of it home. @throws {NotFound} {Refusal} */
export async function allLookUpsOf(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Resident>,
): Promise<Disclosed<LookUp[]>> {
  let before: string | undefined
  const next = async () => {
    const page = await lookUpsOf(
      deps,
      { town, by: requester },
      { neighbourId: requester.neighbourId, wanted: { before, unfolded: true } },
    )
    return page.map(({ lookUps, older }) => {
      before = older
      return lookUps
    })
  }
  let all = await next()
  while (before !== undefined) all = all.with(await next()).map(([first, more]) => [...first, ...more])
  return all
}

/**
 * One's own visits as one line a day for each way in, in the order of the first of them, among the looks of others.
 *
 * @param since what began before it is on another page, as is what began at `until` or later
 */
function folded(
  entries: readonly Entry[],
  town: Municipality,
  { since, until }: { since: string; until: string | undefined },
): Entry[] {
  const lines = new Map<string, Entry>()
  for (const entry of entries) {
    const day = Temporal.Instant.from(entry.at).toZonedDateTimeISO(town.timeZone).toPlainDate()
    const key = entry.own
      ? [
          day,
          ...(['requester', 'organisation', 'outcome', 'action', 'purpose'] as const).map((of) => entry.content[of]),
        ].join(' ')
      : entry.entryId
    const known = lines.get(key)
    if (!entry.own) lines.set(key, { ...entry })
    else if (known === undefined) lines.set(key, { ...entry, visits: [entry.at] })
    else {
      known.visits = [...(known.visits ?? []), entry.at]
      known.cursor = entry.cursor
      known.content = { ...known.content, fields: [...new Set([...known.content.fields, ...entry.content.fields])] }
    }
  }
  return [...lines.values()]
    .filter(({ own, cursor }) => !own || (cursor >= since && (until === undefined || cursor < until)))
    .sort((one, other) => (one.cursor < other.cursor ? 1 : one.cursor > other.cursor ? -1 : 0))
}
