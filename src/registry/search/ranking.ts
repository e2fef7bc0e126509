import { foldedWords } from '../../platform/folded-words.ts'
import type { Criteria, NeighbourFields } from '../model.ts'
import { compatible, parseBirthDate, yearsApart } from '../person/dates/birth-date.ts'
import { nameLikeness, nameWords, wordsOfName } from '../person/names.ts'

const GOOD_ENOUGH = 0.6

/** What of a record is compared with what somebody is looked for by. */
export type Compared = Partial<Pick<NeighbourFields, 'name' | 'previousNames' | 'dateOfBirth' | 'address'>>

/** Those who fit well enough, the best first; of two who fit alike, always the same one first. */
export const rank = <Found extends Compared & { id: string }>(records: readonly Found[], criteria: Criteria) =>
  records
    .map((record) => ({ record, score: scoreOf(record, criteria) }))
    .filter(({ score }) => score >= GOOD_ENOUGH)
    .sort((a, b) => b.score - a.score || (a.record.id < b.record.id ? -1 : 1))

/** How well a record fits what is looked for: 0 to 1, the mean of what was typed. */
export function scoreOf(record: Compared, criteria: Criteria): number {
  const scores: number[] = []
  if (criteria.name !== undefined) {
    const typed = nameWords(criteria.name)
    const names = [...(record.name ? [record.name] : []), ...(record.previousNames ?? [])]
    scores.push(Math.max(0, ...names.map((name) => nameLikeness(typed, wordsOfName(name).all))))
  }
  if (criteria.dateOfBirth !== undefined) scores.push(birthScore(criteria.dateOfBirth, record.dateOfBirth))
  if (criteria.street !== undefined) {
    const street = record.address && 'streetName' in record.address ? (record.address.streetName ?? '') : ''
    scores.push(nameLikeness(nameWords(criteria.street), nameWords(street)))
  }
  if (criteria.number !== undefined) {
    const number = record.address && 'number' in record.address ? (record.address.number ?? '') : ''
    scores.push(foldedWords(number).join('') === foldedWords(criteria.number).join('') ? 1 : 0)
  }
  return scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length
}

function birthScore(typed: string, recorded: string | undefined): number {
  if (recorded === undefined) return 0.5
  const a = parseBirthDate(typed)
  const b = parseBirthDate(recorded)
  if (a === undefined || b === undefined) return 0
  if (compatible(a, b)) return 1
  const apart = yearsApart(a, b)
  return apart === 0 ? 0.7 : apart === 1 ? 0.3 : 0
}
