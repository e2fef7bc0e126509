import type { Position } from './organisations.ts'
import type { Action, Requester } from './requester.ts'

export interface Purpose {
  id: string
  title: Record<string, string>
  requesters: string[]
  actions: string[]
  fields: string[]
}

/** What the policies are asked. Nothing in it says who the person is. */
export interface Question {
  requester: Requester
  position: Position | undefined
  action: Action
  purpose: string
  fields: readonly string[]
  /** How many people it is about. */
  subjects: number
  record: { id: string; protected: boolean; visited?: boolean }
  now: Temporal.Instant
  /** How things stand with the town and the requester at this moment. */
  lockdown?: boolean
  overBudget?: boolean
  ended?: boolean
  /** Of formal demands. */
  judgeOrder?: boolean
  approvals?: number
  /** Only whether it is permitted is asked, not by which rule it is refused. */
  whether?: true
}

export interface Decision {
  permitted: boolean
  /** The policies that decided, by `@id`. */
  policies: string[]
}
