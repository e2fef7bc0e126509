import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields, Registration } from '../model.ts'
import { compatible, parseBirthDate } from '../person/dates/birth-date.ts'
import { nameLikeness, wordsOfName } from '../person/names.ts'
import { findByDocument, loadRecords } from '../store.ts'
import { documentHash } from './evidence.ts'

const ALIKE = 0.8
const MOST_SHOWN = 10

interface Person {
  name: Name
  dateOfBirth?: string | undefined
}

/** Whether two may be one person: their dates of birth may be one, and their names are alike. */
function areAlike(one: Person, other: Person): boolean {
  const [date, theirs] = [one, other].map(({ dateOfBirth }) =>
    dateOfBirth === undefined ? undefined : parseBirthDate(dateOfBirth),
  )
  if (date !== undefined && theirs !== undefined && !compatible(date, theirs)) return false
  // A newborn is called after somebody else until they have a name: they are not that person.
  if ((one.name.newbornOf === undefined) !== (other.name.newbornOf === undefined)) return false
  const [typed, words] = [wordsOfName(one.name).all, wordsOfName(other.name).all]
  return Math.max(nameLikeness(typed, words), nameLikeness(words, typed)) >= ALIKE
}

/** Who of several that are registered together resembles somebody before them, as places in the list. */
export function alikeAmong(people: readonly Person[]): { place: number; before: number[] }[] {
  return people
    .map((person, place) => ({
      place,
      before: people.slice(0, place).flatMap((other, at) => (areAlike(person, other) ? [at] : [])),
    }))
    .filter(({ before }) => before.length > 0)
}

/**
 * Compares a registration with the neighbours its blind index points at. Most are strangers who share a
 * truncated value: they are opened, compared and forgotten, and only those really alike are disclosed.
 *
 * @returns undefined when nobody is alike
 */
export async function likelyDuplicates(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { form, candidateIds }: { form: Registration; candidateIds: readonly string[] },
): Promise<Disclosed<Candidate[]> | undefined> {
  const { hash } = await deps.gate.keysOf(town.id)
  const person = { name: form.name, dateOfBirth: form.dateOfBirth }
  let count = 0
  const found = await deps.gate.open<NeighbourFields, 'name' | 'dateOfBirth' | 'departedOn', Candidate[]>(
    {
      municipalityId: town.id,
      requester: clerk,
      action: 'register',
      purpose: 'duplicate-check',
      fields: ['name', 'dateOfBirth', 'departedOn'],
    },
    (transaction) => loadRecords(transaction, candidateIds, { trueAt: today(deps.clock, town.timeZone) }),
    async (records, unit) => {
      const document = form.evidence?.document
      const sameDocument = new Set(
        document === undefined ? [] : await findByDocument(unit.transaction, town.id, documentHash(hash, document)),
      )
      const alike = records.filter((record) => {
        if (sameDocument.has(record.id)) return true
        return record.name !== undefined && areAlike(person, { ...record, name: record.name })
      })
      // Whoever has seen too many people is asked about those alike all the same, and told no name of them.
      const shown: Candidate[] = alike.slice(0, MOST_SHOWN).map((record) => (unit.spent ? { id: record.id } : record))
      count = shown.length
      unit.shown(unit.spent ? [] : shown.map((record) => record.id))
      unit.occasion({ candidates: records.length, alike: alike.length })
      return shown
    },
  )
  return count === 0 ? undefined : found
}

export interface Candidate {
  id: string
  name?: object
  dateOfBirth?: string
  /** Who left and is back is not registered anew: their return is recorded. */
  departedOn?: string
}
