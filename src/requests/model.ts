import type { Address } from '../registry/model.ts'

/**
 * What somebody asks of the city. A request that a program can act on is a type of its own, whatever language it was asked
 * in; what only a person can read is in their words. A page says each of them in its reader's language.
 */
export type CityRequest =
  | { asks: 'words'; text: string }
  /** To be said in person, at an appointment. */
  | { asks: 'hearing' }
  /** What one line of "who looked" was for. */
  | { asks: 'look-up'; entryId: string; line: string }
  /** To end their registration: they are moving elsewhere. */
  | { asks: 'leave' }
  /** To move with everybody they act for. `since` is an ISO date. */
  | { asks: 'move-together'; address: Address; since?: string }
  /** To register a child in their household. `born` is as `BirthDateText` has it, or empty. */
  | { asks: 'birth'; newborn: { given: string; family: string; born: string } }
