import ceiling from '../../policies/ceiling.json'
import type { Position } from './organisations.ts'
import type { PolicyEngine } from './policies.ts'
import type { Question } from './question.ts'
import { ACTIONS, type Action, type Requester, type Resident } from './requester.ts'

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

/** An organisation with one link after another, the last of which is enforcement. */
function pathOf(links: number): Position {
  const organisations = new Map<string, { related: string[]; functions: string[] }>()
  for (let level = 0; level <= links; level += 1) {
    const last = level === links
    organisations.set(level === 0 ? OWN : `link-${level}`, {
      related: last ? [] : [`link-${level + 1}`],
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
/** By a way in that is too new to show where they live. */
const newcomer: Resident = { ...resident, id: 'new way', hidesUntil: '2026-01-02T00:00:00Z' }
const barred: Resident = {
  ...resident,
  id: 'representative',
  representative: { neighbourId: 'parent', toldWhere: false },
}
const helper: Resident = { ...resident, id: 'helper', helper: true }
const institution: Resident = { ...resident, id: 'institution', representative: { toldWhere: true } }
const stranger: Resident = { kind: 'resident', id: 'stranger', neighbourId: 'another' }
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
  const everyone = [...staff, client, authority, enforcer, resident, helper, institution, stranger, job]
  const placed = [...staff, client, authority, ...[helper, institution].map((one) => ({ ...one, standsWith: [OWN] }))]
  return [
    // Links are flattened before the policies see them: what holds for two holds for ten.
    ...[0, 2].flatMap((links) =>
      placed.map((requester) => ({ why: 'a path to enforcement', requester, position: pathOf(links) })),
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
    ...[...staff.slice(0, 1), client, resident, helper, institution].map((requester) => ({
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
    ...[resident, barred, helper, institution].map((requester) => ({
      why: 'access that has ended',
      requester,
      more: { ended: true },
    })),
    ...['address', 'household', 'contact', 'representatives', 'history', 'lookUps', 'waysIn', 'messages'].map(
      (field) => ({
        why: 'a court that said not to tell where',
        requester: barred,
        fields: [field],
      }),
    ),
    ...['address', 'household', 'contact', 'representatives', 'said', 'history', 'messages'].map((field) => ({
      why: 'a way in that is too new',
      requester: newcomer,
      fields: [field],
    })),
    { why: 'no attestation', requester: client, position: clean({ attestedUntil: undefined }) },
    { why: 'an attestation that has run out', requester: client, position: clean({ attestedUntil: NOW }) },
    { why: 'no function on record', requester: client, position: clean({}, []) },
    ...[client, authority, resident, helper, institution, stranger].map((requester) => ({
      why: 'more than one person',
      requester,
      position: clean(),
      more: { subjects: 2, judgeOrder: true },
    })),
    ...[stranger, { ...stranger, helper: true as const }, { ...stranger, representative: { toldWhere: true } }].map(
      (requester) => ({ why: 'another\u2019s record', requester }),
    ),
    {
      why: 'an authority that gives no orders',
      requester: authority,
      position: clean(),
      more: { judgeOrder: true, approvals: 2 },
    },
    {
      why: 'an authority nobody has enrolled',
      requester: { kind: 'authority', id: 'anybody', functions: ['court'], organisationId: null },
      more: { judgeOrder: true, approvals: 2 },
    },
  ]
}

type Ceiling = Record<string, Record<string, { actions: readonly string[]; fields: readonly string[] }>>
const MAY_GET: Ceiling = ceiling.mayGet

/** Under which name of the ceiling somebody is; nothing of whoever may get nothing. */
function ceilingOf(requester: Requester): string {
  if (requester.kind === 'staff') return requester.role
  if (requester.kind !== 'resident') return requester.kind
  return requester.helper ? 'helper' : requester.representative ? 'representative' : 'resident'
}

/** Standings in which each kind of requester is asked about, and which of its cells are never, beside those above the ceiling. */
interface Circumstance {
  why: string
  record?: { id: string; protected: boolean; visited?: boolean }
  more?: Partial<Question>
  never(requester: Requester, action: Action, purpose: string): boolean
}

const RECORD = { id: 'record', protected: false }
/** Whose protected record somebody may see at all. */
const seesHidden = (requester: Requester, action: Action): boolean =>
  (requester.kind === 'staff' && (requester.role === 'supervisor' || action === 'open-by-order')) ||
  (requester.kind === 'resident' && requester.neighbourId === RECORD.id) ||
  (requester.kind === 'job' && action === 'compare')
const OPEN_IN_LOCKDOWN = ['registration', 'protection', 'supervision', 'complaints', 'erasure']

const CIRCUMSTANCES: readonly Circumstance[] = [
  // Whoever has less of an order, a visit or an attestation never gets more, by how rules have to be written.
  {
    why: 'more than anybody may get',
    record: { ...RECORD, visited: true },
    more: { judgeOrder: true, approvals: 2 },
    never: () => false,
  },
  {
    why: 'somebody who hides',
    record: { ...RECORD, protected: true },
    more: { judgeOrder: true, approvals: 2 },
    // A demand is about what may be asked for: nothing is opened by it.
    never: (requester, action) => action !== 'demand' && !seesHidden(requester, action),
  },
  {
    why: 'lockdown',
    record: { ...RECORD, visited: true },
    more: { lockdown: true, judgeOrder: true, approvals: 2 },
    never: (requester, action, purpose) =>
      !(
        (requester.kind === 'resident' &&
          requester.neighbourId === RECORD.id &&
          (!requester.helper || action === 'revoke') &&
          !(requester.representative && action === 'prove')) ||
        (requester.kind === 'job' && purpose === 'hidden-likeness') ||
        (requester.kind === 'staff' &&
          (OPEN_IN_LOCKDOWN.includes(purpose) || (action === 'depart' && purpose === 'departure')))
      ),
  },
  {
    why: 'a demand or an order without a judge or two officers',
    more: { judgeOrder: false, approvals: 1 },
    never: (requester, action, purpose) =>
      requester.kind === 'authority' || action === 'open-by-order' || purpose === 'incident',
  },
]

/** What is asked beside it of each: no field, and each by itself. */
const fieldsBeyond = (engine: Pick<PolicyEngine, 'purposes'>): string[] => [
  ...new Set([
    ...[...engine.purposes.values()].flatMap(({ fields }) => fields),
    ...Object.values(MAY_GET).flatMap((of) => Object.values(of).flatMap(({ fields }) => fields)),
    'nationality',
  ]),
]

type Asked = Generator<[why: string, question: Question]>

/** Which rule refuses something is of no interest here, and saying it would take most of the time. */
const permits = (engine: Pick<PolicyEngine, 'decide'>, question: Question): boolean =>
  engine.decide({ ...question, whether: true }).permitted

/** What each situation must be refused. */
function* ofSituations(engine: Pick<PolicyEngine, 'purposes'>): Asked {
  for (const { why, requester, position, more, purpose: only, except, action: one, fields: asking } of situations())
    for (const purpose of engine.purposes.values()) {
      if ((only !== undefined && purpose.id !== only) || purpose.id === except) continue
      for (const action of one === undefined ? ACTIONS : [one]) {
        const fields = asking ?? []
        yield [
          why,
          {
            requester,
            position,
            action,
            purpose: purpose.id,
            fields,
            subjects: 1,
            record: RECORD,
            now: NOW,
            ...more,
          },
        ]
      }
    }
}

/** What is above the ceiling, with no field and with each by itself. */
function* aboveCeiling(engine: Pick<PolicyEngine, 'purposes' | 'decide'>): Asked {
  const every = fieldsBeyond(engine)
  const askers = [...staff, client, resident, helper, institution, barred, job, authority]
  for (const { why, record = RECORD, more, never } of CIRCUMSTANCES)
    for (const requester of askers) {
      const position =
        requester.kind === 'resident' || requester.kind === 'job'
          ? undefined
          : clean({}, requester.kind === 'authority' ? ['court'] : undefined)
      for (const purpose of engine.purposes.keys())
        for (const action of ACTIONS) {
          const most = MAY_GET[ceilingOf(requester)]?.[purpose]
          const nothing = never(requester, action, purpose) || !most?.actions.includes(action)
          const ask = (fields: readonly string[]): Question => ({
            requester,
            position,
            action,
            purpose,
            fields,
            subjects: 1,
            record,
            now: NOW,
            ...more,
          })
          if (nothing) yield [why, ask([])]
          // More fields never get more, by how rules have to be written: where nothing at all is refused, each of them is.
          if (nothing || !permits(engine, ask([]))) continue
          for (const field of every) if (!most?.fields.includes(field)) yield [why, ask([field])]
        }
    }
}

/** Both by turns: whichever would find something finds it soon. */
function* questionsToRefuse(engine: Pick<PolicyEngine, 'purposes' | 'decide'>): Asked {
  const turns = [aboveCeiling(engine), ofSituations(engine)]
  while (turns.length > 0)
    for (const turn of [...turns]) {
      const next = turn.next()
      if (next.done) turns.splice(turns.indexOf(turn), 1)
      else yield next.value
    }
}

/** A list in an order that is the same each time and follows nothing: of many that get through, one is met soon. */
function scattered<T>(list: T[]): T[] {
  let seed = 1
  for (let i = list.length - 1; i > 0; i -= 1) {
    seed = (seed * 48_271) % 2_147_483_647
    const j = seed % (i + 1)
    const [one, other] = [list[i], list[j]] as [T, T]
    list[i] = other
    list[j] = one
  }
  return list
}

/**
 * Asks the policies everything they must refuse: each kind of requester, role and standing, with every action, every purpose
 * and every single field, for records that hide and others, in and out of a lockdown. What may be permitted at most is
 * written down a second time, in `policies/ceiling.json`.
 *
 * @param first stop at the first that is permitted
 * @returns how many questions were asked, and each that was permitted
 */
export function findBreaches(
  engine: Pick<PolicyEngine, 'purposes' | 'decide'>,
  { first = false }: { first?: boolean } = {},
): { asked: number; breaches: Breach[] } {
  const breaches: Breach[] = []
  let asked = 0
  const questions = questionsToRefuse(engine)
  for (const [why, question] of first ? scattered([...questions]) : questions) {
    asked += 1
    if (!permits(engine, question)) continue
    const { requester, action, purpose, fields } = question
    breaches.push({ why, requester: requester.id, action, purpose, fields })
    if (first) break
  }
  return { asked, breaches }
}

/** Services that would learn more than the ceiling lets them. @returns a line for each */
export function servicesAboveCeiling(services: Iterable<{ id: string; claims: readonly string[] }>): string[] {
  const most: Record<string, readonly string[]> = ceiling.services
  return [...services].flatMap(({ id, claims }) =>
    claims
      .filter((claim) => !most[id]?.includes(claim))
      .map((claim) => `${id} may learn ${claim}, which is above the ceiling`),
  )
}

export const breachLine = ({ why, requester, action, purpose, fields }: Breach) =>
  `${requester} may ${action} for ${purpose} [${fields.join(', ')}] in spite of: ${why}`
