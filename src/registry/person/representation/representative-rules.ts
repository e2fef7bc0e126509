import type { FieldError, Words } from '../../../platform/problem.ts'
import type { Municipality } from '../../../town/model.ts'
import type { NeighbourFields, Representative } from '../../model.ts'
import { isOfAge, isUnder, OF_AGE } from './act-for.ts'

// Who can act for whom.

/** A neighbour as far as it matters to whether they can act for another. */
export type Candidate = Pick<Partial<NeighbourFields>, 'dateOfBirth' | 'departedOn' | 'representatives'> | undefined

/**
 * Why somebody cannot act for another: they are no neighbour here, not of age, or have somebody who acts for
 * themselves. Somebody whose date of birth is not known is not turned away. A neighbour the clerk may not see is none.
 */
export function cannotRepresent(
  candidate: Candidate,
  day: Temporal.PlainDate,
  { leapDayBirthday }: Pick<Municipality, 'leapDayBirthday'>,
): Words | undefined {
  if (candidate === undefined || candidate.departedOn !== undefined) return 'No neighbour here has this id.'
  if (isUnder(OF_AGE, { dateOfBirth: candidate.dateOfBirth, day, leapDay: leapDayBirthday }))
    return 'Whoever acts for somebody is of age. Choose an adult.'
  if (candidate.representatives?.some(({ kind }) => kind === 'guardian' || kind === 'institution'))
    return 'Somebody acts for this person themself. Choose another adult.'
  return undefined
}

/** Whether a representation says that somebody who may be of age does not act for themself. */
export const actsForAnAdult = (
  kind: Representative['kind'],
  {
    ward,
    day,
    municipality: { leapDayBirthday },
  }: { ward: { dateOfBirth?: string }; day: Temporal.PlainDate; municipality: Pick<Municipality, 'leapDayBirthday'> },
) =>
  (kind === 'guardian' || kind === 'institution') &&
  !isUnder(OF_AGE, { dateOfBirth: ward.dateOfBirth, day, leapDay: leapDayBirthday })

/** What is wrong with a representation, whoever it is with. */
export function wrongKind(
  kind: Representative['kind'],
  {
    ward,
    day,
    municipality: { leapDayBirthday },
  }: { ward: { dateOfBirth?: string }; day: Temporal.PlainDate; municipality: Pick<Municipality, 'leapDayBirthday'> },
): FieldError[] {
  return isOfAge(OF_AGE, { dateOfBirth: ward.dateOfBirth, day, leapDay: leapDayBirthday }) &&
    (kind === 'parent' || kind === 'carer')
    ? [{ pointer: '/kind', detail: 'A guardian or an institution acts for somebody of age.' }]
    : []
}
