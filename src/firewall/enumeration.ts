import type { Position } from './organisations.ts'
import { type PolicyEngine, purposes, type Question } from './policies.ts'
import { ACTIONS, type Requester, type Resident } from './requester.ts'

/** A request that the policies let through and must not. */
export interface Breach {
  why: string
  requester: string
  action: string
  purpose: string
  fields: readonly string[]
}

const OWN = 'own'
const NOW = Temporal.Instant.from('2026-01-01T00:00:00Z')

/** An organisation with one tie after another, the last of which is enforcement. */
function pathOf(ties: number): Position {
  const organisations = new Map<string, { related: string[]; functions: string[] }>()
  for (let level = 0; level <= ties; level += 1) {
    const last = level === ties
    organisations.set(level === 0 ? OWN : `tie-${level}`, {
      related: last ? [] : [`tie-${level + 1}`],
      functions: last ? ['library', 'immigration-enforcement'] : ['library'],
    })
  }
  return { organisationId: OWN, attestedUntil: NOW.add({ hours: 24 }), organisations }
}

const clean = (more: Partial<Position> = {}, functions = ['library']): Position => ({
  organisationId: OWN,
  attestedUntil: NOW.add({ hours: 24 }),
  organisations: new Map([[OWN, { related: [], functions }]]),
  ...more,
})

const STAFF = ['clerk', 'supervisor', 'legal', 'auditor'] as const
const staff: Requester[] = STAFF.map((role) => ({ kind: 'staff', id: role, role, organisationId: OWN }))
const client: Requester = { kind: 'client', id: 'client', organisationId: OWN }
const authority: Requester = { kind: 'authority', id: 'authority', functions: ['court'], organisationId: OWN }
const enforcer: Requester = { ...authority, functions: ['court', 'immigration-enforcement'], organisationId: null }
const resident: Resident = { kind: 'resident', id: 'resident', neighbourId: 'record' }
const barred: Requester = {
  ...resident,
  id: 'representative',
  representative: { neighbourId: 'parent', toldWhere: false },
}
const stranger: Requester = { kind: 'resident', id: 'stranger', neighbourId: 'another' }
const job: Requester = { kind: 'job', id: 'job' }

/** Who asks, from where, and why the answer must be no. */
interface Situation {
  why: string
  requester: Requester
  position?: Position
  more?: Partial<Question>
  /** The only purpose to ask about, or all. */
  purpose?: string
  /** A purpose that is allowed all the same. */
  except?: string
  /** The only fields to ask for. */
  fields?: readonly string[]
  action?: (typeof ACTIONS)[number]
}

function situations(): Situation[] {
  const everyone = [...staff, client, authority, enforcer, resident, stranger, job]
  const placed = [...staff, client, authority]
  return [
    // Ties are flattened before the policies see them: what holds for two holds for ten.
    ...[0, 2].flatMap((ties) =>
      placed.map((requester) => ({ why: 'a path to enforcement', requester, position: pathOf(ties) })),
    ),
    { why: 'enforcement itself', requester: enforcer, more: { judgeOrder: true, approvals: 2 } },
    ...placed
      .map((requester) => ({ why: 'an organisation the registry does not know', requester }))
      .filter(({ requester }) => requester.kind !== 'authority'),
    ...everyone.map((requester) => ({
      why: 'immigration control',
      requester,
      position: clean(),
      purpose: 'immigration-control',
      more: { judgeOrder: true, approvals: 3 },
    })),
    ...everyone.map((requester) => ({ why: 'export', requester, position: clean(), action: 'export' as const })),
    ...everyone.map((requester) => ({
      why: 'an order fewer than two have approved',
      requester,
      position: clean(),
      action: 'open-by-order' as const,
      more: { judgeOrder: true, approvals: 1 },
    })),
    ...everyone.map((requester) => ({
      why: 'an incident fewer than two have approved',
      requester,
      position: clean(),
      purpose: 'incident',
      more: { approvals: 1 },
    })),
    ...[...staff.slice(0, 1), client, resident].map((requester) => ({
      why: 'over budget',
      requester,
      position: clean(),
      more: { overBudget: true },
    })),
    ...[client, authority, enforcer, stranger, job].map((requester) => ({
      why: 'lockdown',
      requester,
      position: clean(),
      more: { lockdown: true },
      // Registering goes on in a lockdown, and with it the comparison that keeps the hidden hidden.
      except: 'hidden-likeness',
    })),
    ...[resident, barred].map((requester) => ({ why: 'access that has ended', requester, more: { ended: true } })),
    ...['address', 'household', 'contact', 'representatives', 'history', 'lookUps', 'messages'].map((field) => ({
      why: 'a court that said not to tell where',
      requester: barred,
      fields: [field],
    })),
    { why: 'no promise', requester: client, position: clean({ attestedUntil: undefined }) },
    { why: 'a promise that has run out', requester: client, position: clean({ attestedUntil: NOW }) },
    { why: 'no function on record', requester: client, position: clean({}, []) },
    ...[client, authority, resident, stranger].map((requester) => ({
      why: 'more than one person',
      requester,
      position: clean(),
      more: { subjects: 2, judgeOrder: true },
    })),
    { why: 'another\u2019s record', requester: stranger },
  ]
}

/**
 * Asks the policies everything they must refuse, with every action, purpose and set of fields that a purpose names.
 *
 * @returns how many questions were asked, and each that was permitted
 */
export function findBreaches(engine: Pick<PolicyEngine, 'decide'>): { asked: number; breaches: Breach[] } {
  const breaches: Breach[] = []
  let asked = 0
  for (const { why, requester, position, more, purpose: only, except, action: one, fields: asking } of situations()) {
    for (const purpose of purposes.values()) {
      if ((only !== undefined && purpose.id !== only) || purpose.id === except) continue
      for (const action of one === undefined ? ACTIONS : [one]) {
        for (const fields of asking ? [asking] : purpose.fields.length > 0 ? [[], purpose.fields] : [[]]) {
          asked += 1
          const question: Question = {
            requester,
            position,
            action,
            purpose: purpose.id,
            fields,
            subjects: 1,
            record: { id: 'record', protected: false },
            now: NOW,
            ...more,
          }
          if (engine.decide(question).permitted)
            breaches.push({ why, requester: requester.id, action, purpose: purpose.id, fields })
        }
      }
    }
  }
  return { asked, breaches }
}

export const breachLine = ({ why, requester, action, purpose, fields }: Breach) =>
  `${requester} may ${action} for ${purpose} [${fields.join(', ')}] in spite of: ${why}`
