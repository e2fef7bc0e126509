import type { Name, NeighbourFields } from '../../model.ts'

/** What a join moved, so that it can be taken apart; sealed to the record that stays. */
export interface Moved {
  /** Ids of proofs. */
  proofs: string[]
  /** Ids of complaints, notices, flags, and of representations in which they act for others. */
  belongings: Record<string, string[]>
  /** Representations of those who act for them, written again under the other key: new id and old. */
  representations: { written: string; ended: string }[]
  /** Names that the record that stays did not have. */
  names: Name[]
  was: { departedOn: string | null; joinedHides: boolean; staysHides: boolean }
  /** What was known of the other alone, and was taken over. */
  took: Taken
}

/** Particulars that one record has from another. */
export type Taken = Partial<Pick<NeighbourFields, 'dateOfBirth' | 'sex' | 'contact' | 'languages'>>
