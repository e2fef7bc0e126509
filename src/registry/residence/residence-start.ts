import type { Municipality } from '../../town/model.ts'
import type { Registration } from '../model.ts'
import { faultsOfBirth, faultsOfStart, type LifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import type { Start } from './periods.ts'

/**
 * When the residence of somebody who is registered begins, and whether it can be true beside their date of birth.
 *
 * @throws {ImpossibleDates}
 */
export function startOf(
  rules: LifeRules,
  {
    town,
    form,
    source,
  }: {
    town: Pick<Municipality, 'backdateDays'>
    form: Pick<Registration, 'since' | 'dateOfBirth' | 'confirmedAge'>
    source: StartSource
  },
): Start {
  const { dateOfBirth: born, confirmedAge } = form
  const ofBirth = faultsOfBirth(rules, born, { confirmedAge })
  const since = form.since ?? rules.today.toString()
  // What is wrong about the birth is said of the birth alone.
  refuseImpossible(ofBirth, faultsOfStart(rules, { since, born: ofBirth.length > 0 ? undefined : born }))
  return residenceStart(rules, { municipality: town, since: form.since, source })
}

/**
 * When a residence begins that is said to have begun on a day. A day longer ago than the town takes on anybody's word is
 * kept as said; until it is confirmed, the residence begins today. What another register says is confirmed by it.
 *
 * @throws {ImpossibleDates} when it lies in the future or before the town's own time
 */
export function residenceStart(
  rules: LifeRules,
  {
    municipality: { backdateDays },
    since,
    source = 'word',
  }: { municipality: Pick<Municipality, 'backdateDays'>; since: string | undefined; source?: StartSource | undefined },
): Start {
  const now = rules.today.toString()
  if (since === undefined) return { from: now, said: undefined }
  refuseImpossible(faultsOfStart(rules, { since }))
  const taken = rules.today.subtract({ days: backdateDays })
  if (source === 'register' || Temporal.PlainDate.compare(since, taken) >= 0) return { from: since, said: undefined }
  return { from: now, said: since }
}

/** Who says when somebody began to live here: a person, or a register that was kept before this one. */
export type StartSource = 'word' | 'register'
