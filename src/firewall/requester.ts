import { Problem } from '../platform/problem.ts'

export type StaffRole = 'clerk' | 'supervisor' | 'legal' | 'auditor'

export interface Staff {
  kind: 'staff'
  /** A pseudonym: stable for one issuer, not a name or an e-mail address. */
  id: string
  role: StaffRole
  /** The office, an organisation of the municipality. */
  organisationId: string
}

export interface Client {
  kind: 'client'
  id: string
  /** Null when the registry knows no organisation for this client: it gets nothing. */
  organisationId: string | null
}

export interface Resident {
  kind: 'resident'
  id: string
  neighbourId: string
}

export interface Job {
  kind: 'job'
  id: string
}

/** Whoever asks. */
export type Requester = Staff | Client | Resident | Job

export const ACTIONS = [
  'search',
  'open',
  'register',
  'correct',
  'move',
  'depart',
  'prove',
  'revoke',
  'disclose',
  'export',
] as const
export type Action = (typeof ACTIONS)[number]

/** @throws when the gate says no. The same for everyone and everything: it carries no reason. */
export class Refusal extends Problem {
  constructor() {
    super('refused', 403, 'This request is refused.')
  }
}
