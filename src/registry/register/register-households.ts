import { countConfirmed, fieldsSayingTooMuch, SaysTooMuch } from '../../firewall/free-text.ts'
import type { Staff } from '../../firewall/requester.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { FOREIGN_KEY, inMunicipality, sqlState } from '../../platform/database.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { idempotencyOf } from '../idempotency.ts'
import { type Address, Registration } from '../model.ts'
import { lifeRules } from '../person/dates/life-dates.ts'
import { anyHidden } from '../person/store.ts'
import { startOf } from '../residence/residence-start.ts'
import { hiddenLikenessOfImported } from './hidden-likeness.ts'
import { sealRegistration } from './registration-item.ts'
import { registerAll } from './store.ts'

/** People of one household, with the address they share. */
export interface BulkHousehold {
  /** The same household of the same file has the same key: it is imported once. */
  key: string
  address: Address
  people: Omit<Registration, 'address' | 'householdId'>[]
}

/** What became of a household. */
export type BulkOutcome = 'imported' | 'already-imported' | 'known-document'

/**
 * Registers whole households, many in one statement and one commit: each is there with everyone in it, or not at all.
 * Nobody is compared with who is registered already but by document, and with who hides: whoever is like them is held. Days come from a register: they are confirmed by it.
 *
 * @throws {Refusal}
 * @throws {ImpossibleDates} when a date cannot be true
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 */
export async function registerHouseholds(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  households: readonly BulkHousehold[],
): Promise<BulkOutcome[]> {
  const tooMuch = households.flatMap(({ address, people }) =>
    people.flatMap((person) => {
      const fields = fieldsSayingTooMuch(Registration, { ...person, address })
      if (fields.length > 0 && person.confirmedPlain !== true) throw new SaysTooMuch(fields)
      return fields
    }),
  )
  if (tooMuch.length > 0) await countConfirmed(deps.gate, { municipalityId: town.id, by: clerk }, tooMuch.length)
  const hides = await somebodyHides(deps, town)
  const sealed = await Promise.all(
    households.map((household) => sealHousehold(deps, { town, by: clerk }, { bulkHousehold: household, hides })),
  )
  const together = await write(deps, town, sealed)
  if (together) return together
  // Somebody in the batch is known by a document: each household on its own, so that only theirs is left out.
  const outcomes: BulkOutcome[] = []
  for (const one of sealed) outcomes.push(...((await write(deps, town, [one])) ?? (['known-document'] as const)))
  return outcomes
}

/** Whether anybody hides at all: of a town that begins nobody does, and nothing is compared. */
const somebodyHides = (deps: RegistryDeps, town: Municipality) =>
  inMunicipality(deps.database, town.id, async (transaction) => {
    const one = await anyHidden(transaction, town.id)
    return one.length > 0
  })

type Sealed = Awaited<ReturnType<typeof sealHousehold>>

async function sealHousehold(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { bulkHousehold: { key, address, people }, hides }: { bulkHousehold: BulkHousehold; hides: boolean },
) {
  const householdId = uuidv7()
  const rules = lifeRules(deps.clock, town)
  return Promise.all(
    people.map(async (person, i) => {
      const form = { ...person, ...(i === 0 ? { address } : { householdId }) }
      const use = { requester: clerk.id, operation: 'import', key: `${key} ${i}`, body: key }
      // Whoever hides is told apart by nothing, a document that is known included.
      const resembles = hides ? await hiddenLikenessOfImported(deps, town, form) : []
      const item = await sealRegistration(
        deps,
        { town, by: clerk },
        {
          form,
          context: {
            start: startOf(rules, { town, form: person, source: 'register' }),
            address,
            key: await idempotencyOf(deps.gate, town.id, use),
            knownDistinct: resembles,
            resembles,
          },
        },
      )
      // The first brings address and household; the others join it in the same statement.
      return {
        graphVersion: item.graphVersion,
        row: { ...item.row, household_id: householdId, locks: [], like_tokens: [] },
      }
    }),
  )
}

/** @returns undefined, and nothing written, when somebody is known by a document */
async function write(
  deps: RegistryDeps,
  town: Municipality,
  households: readonly Sealed[],
): Promise<BulkOutcome[] | undefined> {
  const items = households.flatMap((people, household) => people.map((item) => ({ ...item, household })))
  const [first] = items
  if (first === undefined) return []
  const batch = items.map(({ row }, item) => ({ ...row, item }))
  class Known extends Error {}
  try {
    return await inMunicipality(deps.database, town.id, async (transaction) => {
      const { rows } = await registerAll(transaction, {
        townId: town.id,
        graphVersion: first.graphVersion,
        batch: JSON.stringify(batch),
      })
      if (rows.some(({ outcome }) => outcome === 'suspected')) throw new Known()
      const replayed = new Set(
        rows.filter(({ outcome }) => outcome === 'replayed').map(({ item }) => items[item]?.household),
      )
      return households.map((_, household) => (replayed.has(household) ? 'already-imported' : 'imported'))
    })
  } catch (error) {
    // Where the known one brought the address, the others' household is missing: the statement fails by itself.
    if (error instanceof Known || sqlState(error) === FOREIGN_KEY) return undefined
    throw error
  }
}
