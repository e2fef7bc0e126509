import type { NeighbourField, NeighbourFields } from './model.ts'

/**
 * What each of the two ciphertexts of a person holds. A field that is added here has to be said by whatever seals one,
 * or it does not compile: a correction or a join that forgot it would wipe it out.
 */
export const PARTICULARS = {
  identity: ['name', 'previousNames', 'dateOfBirth', 'sex'],
  contact: ['contact', 'languages'],
} as const satisfies Record<string, readonly NeighbourField[]>

export type ParticularsColumn = keyof typeof PARTICULARS
export type ParticularsField = (typeof PARTICULARS)[ParticularsColumn][number]

/** All that a ciphertext holds. What is not known is said to be. */
export type Whole<Column extends ParticularsColumn> = {
  [Field in (typeof PARTICULARS)[Column][number]]: NeighbourFields[Field] | undefined
}

/** What a form says of somebody new, or a correction of somebody known. Earlier names come of corrections alone. */
export const WRITTEN = [...PARTICULARS.identity, ...PARTICULARS.contact].filter((field) => field !== 'previousNames')
