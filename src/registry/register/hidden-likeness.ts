import { type Job, purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { inMunicipality, type Transaction } from '../../platform/database.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Correction, Name, NeighbourFields, Registration } from '../model.ts'
import { compatible, parseBirthDate } from '../person/dates/birth-date.ts'
import { nameLikeness, wordsOfName } from '../person/names.ts'
import { livingHereAmong, protectedAmong } from '../person/store.ts'
import { likenessOf, tokenMaker } from '../search/search-tokens.ts'
import { findByDocument, findCandidates, loadIdentities, loadRecords } from '../store.ts'
import { documentHash } from './evidence.ts'
import { holdAsAlike, toldApartFrom } from './hold-alike.ts'

const JOB: Job = { kind: 'job', id: 'hidden-likeness' }
const ALIKE = 0.8
/** Names so alike that a date known in part is enough. */
const THE_SAME = 0.99
const WORDS_ENOUGH = 2

/** A person as far as they can be told apart. */
export interface Identity {
  names: readonly Name[]
  /** EDTF; absent when unknown. */
  dateOfBirth?: string | undefined
}

/**
 * Whether a new registration is so like somebody who hides that it would show them: alike in name and born on the same
 * day; or of the same name, of two words at least, where a date is known in part and fits. It is narrower than what a
 * clerk is asked about, because whoever it takes in stays hidden until a supervisor has looked: of 10,000 strangers it
 * takes in one at the most, measured in tests/registry/register/hidden-likeness.test.ts.
 */
export function wouldShow(hidden: Identity, written: Identity): boolean {
  const theirs = hidden.dateOfBirth === undefined ? undefined : parseBirthDate(hidden.dateOfBirth)
  const typed = written.dateOfBirth === undefined ? undefined : parseBirthDate(written.dateOfBirth)
  const wholeDays = isWhole(hidden.dateOfBirth) && isWhole(written.dateOfBirth)
  if (theirs !== undefined && typed !== undefined && !compatible(theirs, typed)) return false
  // With no date at all on one side, a name alone would hide too many.
  if (theirs === undefined || typed === undefined) return false
  const words = written.names.map((name) => wordsOfName(name).all)
  return hidden.names.some((name) => {
    const recorded = wordsOfName(name).all
    return words.some((said) => {
      const score = Math.max(nameLikeness(said, recorded), nameLikeness(recorded, said))
      if (wholeDays) return score >= ALIKE
      const both = Math.min(nameLikeness(said, recorded), nameLikeness(recorded, said))
      return both >= THE_SAME && said.length >= WORDS_ENOUGH
    })
  })
}

const isWhole = (date: string | undefined) => date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(date)

/**
 * Which of the candidates of a new registration hide, and are so like it that it would show them. The comparison is made
 * behind the gate, as nobody's: what comes of it is only that the new record hides too. Whoever it is about sees that it
 * was made.
 *
 * @returns ids; none nearly always
 */
export async function hiddenLikeness(
  deps: RegistryDeps,
  town: Municipality,
  {
    form,
    candidates,
  }: { form: Pick<Registration, 'name' | 'dateOfBirth' | 'evidence'>; candidates: readonly string[] },
): Promise<string[]> {
  if (candidates.length === 0) return []
  const { hash } = await deps.gate.keysOf(town.id)
  const written = { names: [form.name], dateOfBirth: form.dateOfBirth }
  const document = form.evidence?.document
  const fields = ['name', 'previousNames', 'dateOfBirth'] as const
  let found: string[] = []
  await deps.gate.open<NeighbourFields, (typeof fields)[number], void>(
    { municipalityId: town.id, requester: JOB, action: 'compare', purpose: 'hidden-likeness', fields },
    async (transaction) =>
      (await loadIdentities(transaction, candidates)).filter((record) => record.protected && !record.held),
    async (records, unit) => {
      const sameDocument = new Set(
        document === undefined ? [] : await findByDocument(unit.transaction, town.id, documentHash(hash, document)),
      )
      found = records
        .filter(
          ({ id, name, previousNames = [], dateOfBirth }) =>
            sameDocument.has(id) ||
            wouldShow({ names: [...(name ? [name] : []), ...previousNames], dateOfBirth }, written),
        )
        .map(({ id }) => id)
      unit.shown(found)
      unit.occasion({ compared: records.length })
    },
  )
  return found
}

const MOST_COMPARED = 200

/**
 * The same of a correction: whom a record would resemble with the name and the date of birth it is to have. A name that
 * was mistyped and is put right is no way around the question.
 *
 * @returns ids; none nearly always
 */
export async function hiddenLikenessOfCorrected(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  { id, correction }: { id: string; correction: Pick<Correction, 'name' | 'dateOfBirth'> },
): Promise<string[]> {
  if (correction.name === undefined && !correction.dateOfBirth) return []
  return likenessOfRecord(deps, town, { ask: { requester: staff, action: 'correct' }, id, correction })
}

/** The same of somebody who comes back, as they are recorded. @returns ids; none nearly always */
export const hiddenLikenessOfRecorded = (
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<string[]> => likenessOfRecord(deps, town, { ask: { requester: staff, action: 'move' }, id, correction: {} })

async function likenessOfRecord(
  deps: RegistryDeps,
  town: Municipality,
  {
    ask: { requester, action },
    id,
    correction,
  }: {
    ask: { requester: Staff; action: 'correct' | 'move' }
    id: string
    correction: Pick<Correction, 'name' | 'dateOfBirth'>
  },
): Promise<string[]> {
  let name: Name | undefined
  let dateOfBirth: string | undefined
  const fields = ['name', 'dateOfBirth'] as const
  await deps.gate.open<NeighbourFields, (typeof fields)[number], void>(
    { municipalityId: town.id, requester, action, purpose: purposeOf(requester), fields },
    (transaction) => loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], unit) => {
      unit.shown([])
      name = record && (correction.name ?? record.name)
      dateOfBirth = correction.dateOfBirth ?? record?.dateOfBirth
    },
  )
  if (name === undefined) return []
  const others = await hiddenCandidates(deps, town, { name, dateOfBirth })
  return hiddenLikeness(deps, town, {
    form: { name, ...(dateOfBirth ? { dateOfBirth } : {}) },
    candidates: others.filter((one) => one !== id),
  })
}

/** The same of somebody an import brings: it compares nobody else, but who hides stays hidden. @returns ids */
export async function hiddenLikenessOfImported(
  deps: RegistryDeps,
  town: Municipality,
  form: Pick<Registration, 'name' | 'dateOfBirth' | 'evidence'>,
): Promise<string[]> {
  return hiddenLikeness(deps, town, { form, candidates: await hiddenCandidates(deps, town, form) })
}

/** Of whom the blind index or a document points at, those who hide. @returns ids */
async function hiddenCandidates(
  deps: RegistryDeps,
  town: Municipality,
  { name, dateOfBirth, evidence }: { name: Name; dateOfBirth?: string | undefined } & Pick<Registration, 'evidence'>,
): Promise<string[]> {
  const { hash, hash32 } = await deps.gate.keysOf(town.id)
  const { sets } = likenessOf(tokenMaker(hash32, town.blindIndexBits), wordsOfName(name), dateOfBirth)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const document = evidence?.document
    const found = [
      ...(await findCandidates(transaction, sets, MOST_COMPARED)),
      ...(document === undefined ? [] : await findByDocument(transaction, town.id, documentHash(hash, document))),
    ]
    if (found.length === 0) return []
    const hidden = await protectedAmong(transaction, { municipalityId: town.id, ids: found })
    return hidden.map((row) => row.id)
  })
}

/**
 * Holds records that were there before somebody hid and may be theirs too: of two records of one person, the other would
 * show them. Two whom a supervisor told apart are left alone. Nobody is told, and whoever it is about sees that it was done.
 */
export async function holdOthersAlike(deps: RegistryDeps, town: Municipality, id: string): Promise<void> {
  const { hash32 } = await deps.gate.keysOf(town.id)
  const maker = tokenMaker(hash32, town.blindIndexBits)
  const fields = ['name', 'previousNames', 'dateOfBirth'] as const
  await deps.gate.open<NeighbourFields, (typeof fields)[number], void>(
    { municipalityId: town.id, requester: JOB, action: 'compare', purpose: 'hidden-likeness', fields },
    async (transaction) => (await loadIdentities(transaction, [id])).filter((record) => record.protected),
    async ([hidden], unit, openMore) => {
      unit.shown([])
      if (hidden?.name === undefined) return
      const names = [hidden.name, ...(hidden.previousNames ?? [])]
      const sets = names.flatMap((name) => likenessOf(maker, wordsOfName(name), hidden.dateOfBirth).sets)
      const found = (await findCandidates(unit.transaction, sets, MOST_COMPARED)).filter((one) => one !== id)
      const others = await openMore(async (transaction) =>
        (await loadIdentities(transaction, await openHere(transaction, found))).filter((record) => !record.protected),
      )
      const alike = others.filter(({ name, previousNames = [], dateOfBirth }) =>
        [name, ...previousNames].some(
          (one) => one && wouldShow({ names, dateOfBirth: hidden.dateOfBirth }, { names: [one], dateOfBirth }),
        ),
      )
      const apart = await toldApartFrom(unit, id)
      for (const one of alike) {
        if (apart.has(one.id) || (await toldApartFrom(unit, one.id)).has(id)) continue
        await holdAsAlike(unit, { town, by: undefined, id: one.id, resembles: [id] })
      }
      unit.shown(alike.map((one) => one.id))
      unit.occasion({ compared: others.length })
    },
  )
}

/** Of some records, those of neighbours. */
async function openHere(transaction: Transaction, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await livingHereAmong(transaction, ids)
  return rows.map((row) => row.id)
}
