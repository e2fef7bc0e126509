import { FUNCTIONS } from './functions.ts'
import { AT_ONCE, type GivenService, type GrantPlace, type GrantTable, given, givenBy } from './grant-table.ts'
import type { Position } from './organisations.ts'
import type { Decision, Purpose, Question } from './question.ts'
import { ACTIONS, type Action, isToldWhere, type Requester, type Resident } from './requester.ts'

// What anyone can get: computed by asking the policies, for each kind of requester, role or function and standing, with each action
// and each purpose, which fields they give at most, of whom, and when. It is compared with what a town last agreed to.

/** Facts of the moment that a decision may depend on, each with what it is called; none is the usual moment. */
const ORDERS = {
  '': { judgeOrder: false, approvals: 0 },
  'one officer': { judgeOrder: false, approvals: 1 },
  'two officers': { judgeOrder: false, approvals: 2 },
  judge: { judgeOrder: true, approvals: 0 },
  'judge and one officer': { judgeOrder: true, approvals: 1 },
  'judge and two officers': { judgeOrder: true, approvals: 2 },
} as const
/** Whoever has less of an order never gets more, by how rules have to be written. */
const WHOLE_ORDER = 'judge and two officers'
const RECORDS = {
  '': { protected: false },
  hides: { protected: true },
  'hides, written in this visit': { protected: true, visited: true },
} as const
const LOCKDOWNS = { '': false, lockdown: true } as const

type Facts = Pick<Question, 'judgeOrder' | 'approvals' | 'lockdown'> & {
  subjects?: number
  record: { protected: boolean; visited?: boolean }
}

const momentOf = (hiding: string, closed: string) =>
  [hiding, closed].filter((part) => part !== '').join(', ') || 'usual'
const placeOf = (...parts: string[]): GrantPlace => parts.filter((part) => part !== '').join(' | ')

const MOMENTS: readonly { moment: string; facts: Omit<Facts, 'judgeOrder' | 'approvals'> }[] = Object.entries(
  RECORDS,
).flatMap(([hiding, record]) =>
  Object.entries(LOCKDOWNS).map(([closed, lockdown]) => ({
    moment: momentOf(hiding, closed),
    facts: { lockdown, record },
  })),
)
/** Of several people at once: as an order that gives more. */
const SEVERAL = 'several people'
/** As much of everything as there can be. */
const MOST = { judgeOrder: true, approvals: 2, lockdown: false, record: { protected: false, visited: true } }
const MANY = { ...MOST, subjects: 2 }

const OWN = 'own'
const RECORD = 'record'
const NOW = Temporal.Instant.from('2026-01-01T00:00:00Z')

const standing = (functions: readonly string[], attestedUntil: Temporal.Instant | undefined): Position => ({
  organisationId: OWN,
  attestedUntil,
  organisations: new Map([[OWN, { related: [], functions: [...functions] }]]),
})
const attested = (functions: readonly string[]) => standing(functions, NOW.add({ hours: 24 }))

interface Asker {
  who: string
  requester: Requester
  position?: Position
  more?: Partial<Question>
}

const RESIDENT: Resident = { kind: 'resident', id: 'resident', neighbourId: RECORD }
const RESIDENTS: readonly [who: string, requester: Resident][] = [
  ['neighbour', RESIDENT],
  ['neighbour by a new card', { ...RESIDENT, hidesUntil: NOW.add({ hours: 24 }).toString() }],
  ['helper', { ...RESIDENT, helper: true }],
  ['representative', { ...RESIDENT, representative: { neighbourId: 'parent', toldWhere: true } }],
  ['representative barred by a court', { ...RESIDENT, representative: { neighbourId: 'parent', toldWhere: false } }],
]

function askers(): Asker[] {
  const functions = [...FUNCTIONS.keys()]
  const staff = (['clerk', 'supervisor', 'legal', 'auditor'] as const).map((role) => ({
    who: role,
    requester: { kind: 'staff', id: role, role, organisationId: OWN } as const,
    position: attested(['citizenship-office']),
  }))
  const client = { kind: 'client', id: 'client', organisationId: OWN } as const
  const authority = { kind: 'authority', id: 'authority', organisationId: OWN } as const
  const someone = { organisationId: OWN, functions: ['citizenship-office'] }
  const gone = { kind: 'resident', id: 'stranger', neighbourId: 'another' } as const
  return [
    ...staff,
    ...staff.map(({ who, requester }) => ({ who: `${who} of an unknown office`, requester })),
    ...staff.map((one) => ({ ...one, who: `${one.who} over budget`, more: { overBudget: true } })),
    ...functions.map((one) => ({ who: `client: ${one}`, requester: client, position: attested([one]) })),
    { who: 'client without attestation', requester: client, position: standing(someone.functions, undefined) },
    { who: 'client without function', requester: client, position: attested([]) },
    { who: 'client nobody enrolled', requester: { ...client, organisationId: null } },
    ...functions.map((one) => ({
      who: `authority: ${one}`,
      requester: { ...authority, functions: [one] },
      position: attested([one]),
    })),
    { who: 'authority nobody enrolled', requester: { ...authority, functions: ['court'], organisationId: null } },
    ...RESIDENTS.map(([who, requester]) => ({ who, requester })),
    ...RESIDENTS.map(([who, requester]) => ({ who: `${who}, access ended`, requester, more: { ended: true } })),
    { who: 'another neighbour', requester: gone },
    { who: 'job', requester: { kind: 'job', id: 'job' } },
  ]
}

/** Which functions do not close the gate, and which give orders of a judge. */
const OPEN = placeOf('functions', 'answered')
const ORDERING = placeOf('functions', 'giving orders')
const ofFunctions = (of: (one: { closes: boolean; orders: boolean }) => boolean) =>
  [...FUNCTIONS.values()]
    .filter(of)
    .map(({ id }) => id)
    .sort()

/** @returns the largest sets of fields the policies give, and what each service may learn */
export function grantsOf(
  engine: { decide(question: Question): Decision; purposes: ReadonlyMap<string, Purpose> },
  services: Iterable<GivenService> = [],
): GrantTable {
  const table: Record<GrantPlace, readonly string[]> = {}
  const every = [...new Set([...engine.purposes.values()].flatMap(({ fields }) => fields))].sort()
  for (const asker of askers())
    for (const purpose of engine.purposes.keys())
      for (const action of ACTIONS) {
        const permits = (facts: Facts, fields: readonly string[]) =>
          engine.decide(questionOf(asker, { action, purpose, facts, fields })).permitted
        const widest = permits(MOST, []) ? MOST : MANY
        if (!permits(widest, [])) continue
        const most = every.filter((field) => permits(MOST, [field]) || permits(MANY, [field]))
        const givenAt = (facts: Facts): string[] | undefined => {
          if (!permits(facts, [])) return undefined
          if (most.length > 1 && permits(facts, most)) return [AT_ONCE, ...most]
          const fields = most.filter((field) => permits(facts, [field]))
          return fields.length > 1 && permits(facts, fields) ? [AT_ONCE, ...fields] : fields
        }
        for (const { moment, facts } of MOMENTS) {
          const without = givenAt({ ...facts, ...ORDERS[''] })
          const whole = givenAt({ ...facts, ...ORDERS[WHOLE_ORDER] })
          const orders = String(whole) === String(without) ? [['', ORDERS['']] as const] : Object.entries(ORDERS)
          for (const [order, said] of orders) {
            const fields = order === '' ? without : givenAt({ ...facts, ...said })
            if (fields === undefined || (order !== '' && String(fields) === String(without))) continue
            table[placeOf(asker.who, action, purpose, moment, order)] = fields
          }
          // Of several people at once staff get what they get of one; where it is more it stands by itself.
          const many = givenAt({ ...facts, ...ORDERS[WHOLE_ORDER], subjects: 2 })
          if (many !== undefined && String(many) !== String(whole))
            table[placeOf(asker.who, action, purpose, moment, SEVERAL)] = many
        }
      }
  table[OPEN] = ofFunctions(({ closes }) => !closes)
  table[ORDERING] = ofFunctions(({ orders }) => orders)
  for (const service of services) table[placeOf('proof', service.id)] = givenBy(service)
  return table
}

function questionOf(
  { requester, position, more }: Asker,
  { action, purpose, facts, fields }: { action: Action; purpose: string; facts: Facts; fields: readonly string[] },
): Question {
  const { record, ...rest } = facts
  return {
    ...{ requester, position, action, purpose, fields, now: NOW, whether: true },
    ...{ subjects: 1, record: { id: RECORD, ...record }, ...rest, ...more },
  }
}

/** Where a question stands in the table: in more than one place, where whoever asks does several things. */
function placesOf(question: Question): string[] {
  const { requester, position, action, purpose, record, lockdown, judgeOrder, approvals, subjects } = question
  const [order = ''] =
    Object.entries(ORDERS).find(
      ([, said]) => said.judgeOrder === (judgeOrder ?? false) && said.approvals === Math.min(approvals ?? 0, 2),
    ) ?? []
  const hiding = record.protected ? (record.visited ? 'hides, written in this visit' : 'hides') : ''
  const moment = momentOf(hiding, lockdown ? 'lockdown' : '')
  // Of several people at once nobody but staff gets anything.
  if (subjects !== 1 && requester.kind !== 'staff') return []
  const orders = subjects === 1 ? [order] : [order, SEVERAL]
  return whoIs(requester, position).flatMap((who) => orders.map((one) => placeOf(who, action, purpose, moment, one)))
}

/** Whether all that an organisation does or is tied to is answered, by this table. */
function isAnswered(table: GrantTable, position: Position | undefined): boolean {
  const does = [...(position?.organisations.values() ?? [])].flatMap(({ functions }) => functions)
  return does.every((one) => table[OPEN]?.includes(one) ?? false)
}

function whoIs(requester: Requester, position: Position | undefined): string[] {
  if (requester.kind === 'staff') return [requester.role]
  if (requester.kind === 'job') return ['job']
  if (requester.kind === 'resident') {
    if (requester.helper) return ['helper']
    if (requester.representative)
      return [isToldWhere(requester) ? 'representative' : 'representative barred by a court']
    return [isToldWhere(requester) ? 'neighbour' : 'neighbour by a new card']
  }
  const own = position?.organisations.get(position.organisationId)?.functions ?? []
  // What a demand says that an authority does counts for nothing here: what is on record does.
  return own.map((one) => `${requester.kind}: ${one}`)
}

/** Whether a table gives what a question asks for. */
export const isGranted = (table: GrantTable, question: Question): boolean =>
  isAnswered(table, question.position) &&
  placesOf(question).some((place) => {
    const fields = given(table, place)
    if (fields === undefined || question.fields.some((field) => !fields.includes(field))) return false
    return question.fields.length < 2 || fields.includes(AT_ONCE)
  })
