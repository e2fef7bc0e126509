import { z } from '@hono/zod-openapi'
import type { Channel, Informant, NoticeWay } from '../person/channels.ts'

// What is recorded where somebody leaves, or a registration is doubted and its neighbour heard.

/** How a neighbour said themselves that they leave; `representative`, where somebody acts for them. */
export const SaidBy = z.enum(['in-person', 'in-writing', 'own-page', 'representative'])
export type SaidBy = z.infer<typeof SaidBy>

/** What may be wrong with a registration, so that it has to be decided with the neighbour heard. */
export const ProceedingCause = z.enum(['moved-away', 'wrongly-registered'])
export type ProceedingCause = z.infer<typeof ProceedingCause>

/** Where something of a proceeding lies sealed. */
export const proceedingAt = (id: string, column: 'cause' | 'reason' | 'notice' | 'council_outcome') => ({
  table: 'proceedings',
  column,
  row: id,
})

/** A departure under way, which somebody else decides once the neighbour could answer. */
export interface Proceeding {
  id: string
  cause: ProceedingCause
  /** In the words of whoever opened it. */
  reason: string
  informant: Informant
  /** RFC 3339. */
  openedAt: string
  /** A pseudonym. */
  openedBy: string
  /** How they were told that a message waits, and when (RFC 3339). */
  announced?: { by: Channel; at: string }
  /** The notice from which their time to answer counts. */
  notice?: { on: string; by: NoticeWay }
  /** ISO date: the last day to answer. */
  answerBy?: string
  /** ISO date: the first day on which it may be approved. */
  effectiveFrom?: string
  answers: ProceedingAnswer[]
  /** What the council for such cases thinks of ending the registration, and when it said so. */
  council?: { on: string; outcome: CouncilOutcome }
}

/** What a neighbour, or somebody for them, said to it. */
export interface ProceedingAnswer {
  id: string
  text: string
  by: AnsweredBy
  /** Written down by a clerk, not sent by whoever said it. */
  atDesk: boolean
  /** RFC 3339. */
  receivedAt: string
  /** RFC 3339; absent until a member of staff has read it. */
  readAt?: string
}

export const AnsweredBy = z.enum(['neighbour', 'representative', 'helper'])
export type AnsweredBy = z.infer<typeof AnsweredBy>
export const CouncilOutcome = z.enum(['favourable', 'unfavourable'])
export type CouncilOutcome = z.infer<typeof CouncilOutcome>
