import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality, type Transaction } from '../platform/database.ts'
import { Problem } from '../platform/problem.ts'
import { digestOfGrants, type GrantsState, type GrantTable, inBoth, widerThan } from './grant-table.ts'
import { type AgreedRow, agreedAt, agreedSince, agreedToCome, keepAgreed, lockAgreed } from './grants-store.ts'
import type { Gate } from './model.ts'

// What a town has agreed that anyone may get. Rules that give less count at once; what is wider stays closed until two legal
// officers have agreed and everybody could read of it for some days.

/** Within so long two officers go back to what was agreed before, and nobody waits: a mistake must not stop registrations. */
const RETURN_DAYS = 30

/** @throws when officers would agree to something that the rules of this process do not give, or that is agreed already. */
export class NothingWider extends Problem {
  constructor() {
    super('nothing-wider', 409, 'The rules that are loaded give nothing that is not agreed.')
  }
}

/** @throws when there is nothing to call off. */
export class NothingToCome extends Problem {
  constructor() {
    super('nothing-to-come', 409, 'Nothing wider begins later.')
  }
}

/** How what is loaded stands with what the town agreed to. */
export async function grantsState(
  { database, clock }: { database: Database; clock: Clock },
  municipalityId: string,
  loaded: GrantTable,
): Promise<GrantsState> {
  const now = new Date(clock.now().epochMilliseconds)
  return inMunicipality(database, municipalityId, async (transaction) => {
    const agreed = (await agreedAt(transaction, now))?.cells ?? loaded
    const later = await agreedToCome(transaction, now)
    return {
      loaded,
      agreed,
      closed: widerThan(loaded, agreed),
      toCome: later
        .map((row) => ({ begins: row.in_force_from.toISOString(), wider: widerThan(row.cells, agreed) }))
        .filter(({ wider }) => Object.keys(wider).length > 0),
    }
  })
}

/**
 * Compares the rules a process starts with to what the town agreed to. The first that a town starts with it agrees to; what is
 * narrower counts from now on, and is written down; what is wider stays closed.
 *
 * @returns what stays closed
 */
export async function compareGrants(
  deps: { gate: Gate; database: Database; clock: Clock },
  municipalityId: string,
  loaded: GrantTable,
): Promise<GrantTable> {
  const by = { kind: 'job', id: 'start' } as const
  const now = deps.clock.now()
  const said = await inMunicipality(deps.database, municipalityId, async (transaction) => {
    await lockAgreed(transaction, municipalityId)
    const known = await agreedAt(transaction, new Date(now.epochMilliseconds))
    const cells = known === undefined ? loaded : inBoth(known.cells, loaded)
    const digest = digestOfGrants(cells)
    const closed = known === undefined ? {} : widerThan(loaded, known.cells)
    const same = known !== undefined && digestOfGrants(known.cells) === digest
    const basis = known === undefined ? ('founding' as const) : ('narrower' as const)
    const at = now.toString()
    if (!same) await keepAgreed(transaction, { municipalityId, basis, digest, cells, agreedAt: at, inForceFrom: at })
    // What these rules do not give does not come back by what was agreed before and begins later.
    await narrowToCome(transaction, { municipalityId, most: loaded, now })
    if (same) return { closed, changed: undefined }
    return { closed, changed: { basis, digest } }
  })
  if (said.changed) {
    const { basis, digest } = said.changed
    const action = basis === 'founding' ? 'grants-founded' : 'grants-narrowed'
    await deps.gate.record(municipalityId, { by, action, occasion: { digest } })
  }
  const places = Object.keys(said.closed).length
  if (places > 0) await deps.gate.record(municipalityId, { by, action: 'grants-closed', occasion: { places } })
  return said.closed
}

/** Takes from what was agreed before and begins later whatever is more than this. @returns of how many it took something */
async function narrowToCome(
  transaction: Transaction,
  { municipalityId, most, now }: { municipalityId: string; most: GrantTable; now: Temporal.Instant },
): Promise<number> {
  let narrowed = 0
  for (const row of await agreedToCome(transaction, new Date(now.epochMilliseconds))) {
    const less = inBoth(row.cells, most)
    if (digestOfGrants(less) === digestOfGrants(row.cells)) continue
    narrowed += 1
    await keepAgreed(transaction, {
      ...{ municipalityId, basis: 'narrower', digest: digestOfGrants(less), cells: less },
      agreedAt: now.add({ milliseconds: narrowed }).toString(),
      inForceFrom: row.in_force_from.toISOString(),
    })
  }
  return narrowed
}

/** Calls off whatever two officers agreed to and has not begun: what counts now counts on. @throws {NothingToCome} */
export async function callOffGrants(transaction: Transaction, townId: string, now: Temporal.Instant): Promise<void> {
  await lockAgreed(transaction, townId)
  const known = await agreedAt(transaction, new Date(now.epochMilliseconds))
  if (
    known === undefined ||
    (await narrowToCome(transaction, { municipalityId: townId, most: known.cells, now })) === 0
  )
    throw new NothingToCome()
}

/**
 * Agrees, in the transaction of the second officer's decision, to what the loaded rules give.
 *
 * @param digest of the table that the officers looked at
 * @throws {NothingWider} where these rules give another, or nothing more
 */
export async function agreeToGrants(
  transaction: Transaction,
  {
    town,
    loaded,
    digest,
    now,
  }: { town: { id: string; wideningDays: number }; loaded: GrantTable; digest: string; now: Temporal.Instant },
): Promise<void> {
  const at = new Date(now.epochMilliseconds)
  await lockAgreed(transaction, town.id)
  const known = await agreedAt(transaction, at)
  if (digest !== digestOfGrants(loaded) || known === undefined) throw new NothingWider()
  if (Object.keys(widerThan(loaded, known.cells)).length === 0) throw new NothingWider()
  const { rows } = await agreedSince(
    transaction,
    new Date(now.subtract({ hours: 24 * RETURN_DAYS }).epochMilliseconds),
    at,
  )
  const returned = rows.some((row: AgreedRow) => Object.keys(widerThan(loaded, row.cells)).length === 0)
  await keepAgreed(transaction, {
    ...{ municipalityId: town.id, digest, cells: loaded, agreedAt: now.toString() },
    basis: returned ? 'returned' : 'officers',
    inForceFrom: (returned ? now : now.add({ hours: 24 * town.wideningDays })).toString(),
  })
}
