import { NotAllowed } from '../platform/problem.ts'

export type StaffRole = 'clerk' | 'supervisor' | 'legal' | 'auditor'

export interface Staff {
  kind: 'staff'
  /** A pseudonym: stable for one issuer, not a name or an e-mail address. */
  id: string
  role: StaffRole
  /** The office, an organisation of the municipality. */
  organisationId: string
  /** What the work is about: a ticket or file number. Look-ups without one are flagged. */
  case?: string | undefined
  /** Why records are opened, where a clerk chose it for the case; otherwise for all that a counter does. */
  purpose?: string | undefined
}

export interface Client {
  kind: 'client'
  id: string
  /** Null when the registry knows no organisation for this client: it gets nothing. */
  organisationId: string | null
}

/** A neighbour's own way in, or one that rests on them: a helper's, a wallet's, a representative's. */
export interface Resident {
  kind: 'resident'
  id: string
  /** Whose record it is. */
  neighbourId: string
  /** RFC 3339: until then their way in is too new to show where they live, with whom, and how they are reached. */
  hidesUntil?: string
  /** Who acts for them: another neighbour, or an institution; and whether a court has barred them from knowing where they live. */
  representative?: { neighbourId?: string; toldWhere: boolean }
  /** Whom they named to help them. */
  helper?: true
  /** Organisations that whoever helps or acts for them is, or stands with. */
  standsWith?: readonly string[]
}

export interface Job {
  kind: 'job'
  id: string
}

/** Somebody outside who makes a formal demand. */
export interface Authority {
  kind: 'authority'
  id: string
  /** What it does, as far as the demand says or the registry knows. */
  functions: readonly string[]
  /** The organisation it is, where the registry knows it. */
  organisationId: string | null
}

/** Whoever asks. */
export type Requester = Staff | Client | Resident | Job | Authority

/** The organisations a requester stands with, as far as who asks says it; nothing of a machine nobody has enrolled. */
export function standsWith(requester: Requester): readonly string[] {
  if (requester.kind === 'resident') return requester.standsWith ?? []
  if (requester.kind === 'job' || requester.organisationId === null) return []
  return [requester.organisationId]
}

export const ACTIONS = [
  'search',
  'open',
  'register',
  'correct',
  'move',
  'correct-time',
  'represent',
  'hide',
  'join',
  'undo',
  'depart',
  'prove',
  'revoke',
  'disclose',
  'export',
  'demand',
  'open-by-order',
  'count',
  'supervise',
  'protect',
  'handle-demand',
  'enrol',
  'answer',
  'notify',
  'confirm',
  'erase',
  'compare',
] as const
export type Action = (typeof ACTIONS)[number]

/** @throws when the gate says no. The same for everyone and everything: it carries no reason. */
export class Refusal extends NotAllowed {}

/** For which purpose somebody works on a record: neighbours on their own, who helps or acts for them as that, clerks for the reason of their case. */
export function purposeOf(requester: Staff | Resident): string {
  if (requester.kind === 'staff') return requester.purpose ?? 'counter-service'
  return requester.helper ? 'helping' : requester.representative ? 'acting-for' : 'own-record'
}

/** Whether somebody's own way in, or whoever acts for them, may be told where they live. */
export const isToldWhere = ({ representative, hidesUntil }: Resident): boolean =>
  representative ? representative.toldWhere : hidesUntil === undefined

/** Whether whoever asks is a supervisor: who alone sees every record that hides. */
export const isSupervisor = (requester: Requester): boolean =>
  requester.kind === 'staff' && requester.role === 'supervisor'

/** Who acts, and in which town, where no more of the town is needed than its id. */
export interface ActingIn<Who> {
  municipalityId: string
  by: Who
}
