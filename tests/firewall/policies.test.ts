import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, it } from 'vitest'
import firewall from '../../policies/firewall.cedar?raw'
import providers from '../../policies/providers.cedar?raw'
import residents from '../../policies/residents.cedar?raw'
import staff from '../../policies/staff.cedar?raw'
import type { Position } from '../../src/firewall/organisations.ts'
import { loadPolicies, PoliciesInvalid, purposes } from '../../src/firewall/policies.ts'
import type { Question } from '../../src/firewall/question.ts'
import { ACTIONS, type Requester, standsWith } from '../../src/firewall/requester.ts'
import { oneIn, WHOLE } from '../support/sampled.ts'

const texts = { firewall, providers, residents, staff }
const engine = loadPolicies(cedar)
const NOW = Temporal.Instant.from('2026-06-01T12:00:00Z')
const OWN = 'own'

type Shape = { name: string; enforcement: boolean; organisations: Position['organisations'] }

function chain(depth: number, kind: 'clean' | 'enforcement'): Shape['organisations'] {
  const organisations = new Map<string, { related: string[]; functions: string[] }>()
  for (let level = 0; level <= depth; level += 1) {
    const id = level === 0 ? OWN : `level-${level}`
    const last = level === depth
    organisations.set(id, {
      related: last ? [] : [`level-${level + 1}`],
      functions:
        last && kind === 'enforcement'
          ? depth === 0
            ? ['library', 'immigration-enforcement']
            : ['immigration-enforcement']
          : ['library'],
    })
  }
  return organisations
}

function severalParents(bad: boolean): Shape['organisations'] {
  return new Map([
    [OWN, { related: ['left', 'right', 'third'], functions: ['library'] }],
    ['left', { related: ['top'], functions: ['culture'] }],
    ['right', { related: ['top'], functions: ['culture'] }],
    ['third', { related: bad ? ['enforcer'] : [], functions: ['culture'] }],
    ['top', { related: [], functions: ['council'] }],
    ...(bad ? [['enforcer', { related: [], functions: ['immigration-enforcement'] }] as const] : []),
  ])
}

const shapes: Shape[] = [
  ...[0, 1, 2, 3, 4].flatMap((depth): Shape[] => [
    { name: `enforcement ${depth} levels up`, enforcement: true, organisations: chain(depth, 'enforcement') },
    { name: `clean, ${depth} levels`, enforcement: false, organisations: chain(depth, 'clean') },
  ]),
  { name: 'enforcement by one of several parents', enforcement: true, organisations: severalParents(true) },
  { name: 'clean with several parents', enforcement: false, organisations: severalParents(false) },
  {
    name: 'enforcement in a circle',
    enforcement: true,
    organisations: new Map([
      [OWN, { related: ['a'], functions: ['library'] }],
      ['a', { related: ['b'], functions: [] }],
      ['b', { related: ['a', 'c'], functions: [] }],
      ['c', { related: [], functions: ['immigration-enforcement'] }],
    ]),
  },
  {
    name: 'no function on record',
    enforcement: false,
    organisations: new Map([[OWN, { related: [], functions: [] }]]),
  },
]

const attestations = {
  current: NOW.add({ hours: 24 }),
  'ends now': NOW,
  expired: NOW.subtract({ hours: 1 }),
  none: undefined,
}

const requesters: Requester[] = [
  ...(['clerk', 'supervisor', 'legal', 'auditor'] as const).map(
    (role): Requester => ({ kind: 'staff', id: role, role, organisationId: OWN }),
  ),
  { kind: 'client', id: 'client', organisationId: OWN },
  { kind: 'resident', id: 'resident', neighbourId: 'record' },
  { kind: 'resident', id: 'somebody-else', neighbourId: 'another-record' },
  { kind: 'resident', id: 'helper', neighbourId: 'record', helper: true },
  { kind: 'resident', id: 'office', neighbourId: 'record', helper: true, standsWith: [OWN] },
  {
    kind: 'resident',
    id: 'institution',
    neighbourId: 'record',
    representative: { toldWhere: true },
    standsWith: [OWN],
  },
  { kind: 'job', id: 'job' },
  { kind: 'authority', id: 'court', functions: ['court'], organisationId: OWN },
  { kind: 'authority', id: 'enforcer', functions: ['immigration-enforcement'], organisationId: OWN },
]

const ALL_FIELDS = [...new Set([...purposes.values()].flatMap((purpose) => purpose.fields))]

/** The set a purpose names, one field of it, one field too many, none, all, and one unheard of. */
function fieldSets(purpose: string): string[][] {
  const fields = purposes.get(purpose)?.fields ?? []
  const oneMore = ALL_FIELDS.filter((field) => !fields.includes(field)).slice(0, 1)
  const sets = [[], ALL_FIELDS, ['nationality'], fields, fields.slice(0, 1), [...fields, ...oneMore]]
  return [...new Map(sets.map((set) => [set.join(), set])).values()]
}

/** An attestation is asked of service providers; of others it must make no difference. */
function attestationsOf({ kind }: Requester): Partial<typeof attestations> {
  if (kind === 'client') return attestations
  return kind === 'staff' ? { current: attestations.current, none: undefined } : { none: undefined }
}

describe('every combination of requester, organisation, attestation, action, purpose, fields and number', () => {
  it('permits nobody with a path to enforcement, nothing for immigration control, and only what a purpose names', () => {
    const wrong: string[] = []
    let asked = 0
    let permitted = 0
    // A number that shares no divisor with the sizes of the loops, so that every kind of question is among them.
    const tried = oneIn(17)
    for (const requester of requesters) {
      const placed = standsWith(requester).length > 0
      for (const shape of placed ? shapes : shapes.slice(0, 1)) {
        for (const [attestation, attestedUntil] of Object.entries(attestationsOf(requester))) {
          const position: Position | undefined = placed
            ? { organisationId: OWN, attestedUntil, organisations: shape.organisations }
            : undefined
          for (const purpose of [...purposes.keys(), 'made-up']) {
            const sets = fieldSets(purpose)
            for (const action of ACTIONS) {
              // An action that the purpose does not name is refused whatever is asked for: nothing, and all it may open.
              const all = purposes.get(purpose)?.fields ?? []
              const named = purposes.get(purpose)?.actions.includes(action)
              for (const fields of named ? sets : [[], all]) {
                for (const subjects of requester.kind === 'staff' ? [1] : [1, 2]) {
                  const question: Question = {
                    requester,
                    position,
                    action,
                    purpose,
                    fields,
                    subjects,
                    record: { id: 'record', protected: false },
                    now: NOW,
                  }
                  if (!tried()) continue
                  asked += 1
                  const decision = engine.decide(question)
                  if (!decision.permitted) continue
                  permitted += 1
                  const known = purposes.get(purpose)
                  const fault =
                    (placed && shape.enforcement && 'a path to enforcement') ||
                    (requester.id === 'enforcer' && 'enforcement itself') ||
                    (purpose === 'immigration-control' && 'immigration control') ||
                    (requester.kind === 'client' && attestation !== 'current' && 'no current attestation') ||
                    (requester.kind === 'client' && shape.name === 'no function on record' && 'unknown function') ||
                    (requester.kind !== 'staff' && subjects > 1 && 'more than one person') ||
                    (action === 'export' && 'export') ||
                    (requester.kind === 'job' &&
                      !['statistics', 'notify', 'hidden-likeness'].includes(purpose) &&
                      'a job') ||
                    (action === 'open-by-order' && 'an order nobody approved') ||
                    (requester.id === 'somebody-else' && 'another’s record') ||
                    (requester.kind === 'resident' &&
                      requester.helper &&
                      purpose !== 'helping' &&
                      'a helper as the neighbour') ||
                    (requester.kind === 'resident' &&
                      requester.representative &&
                      purpose !== 'acting-for' &&
                      'an institution as the neighbour') ||
                    (!known?.actions.includes(action) && 'an action the purpose does not name') ||
                    (!fields.every((field) => known?.fields.includes(field)) && 'a field the purpose does not name')
                  if (fault)
                    wrong.push(`${fault}: ${requester.id} ${shape.name} ${attestation} ${action} ${purpose} ${fields}`)
                }
              }
            }
          }
        }
      }
    }
    expect(wrong).toEqual([])
    expect(permitted).toBeGreaterThan(WHOLE ? 500 : 30)
    expect(asked).toBeGreaterThan(WHOLE ? 100_000 : 10_000)
    process.stdout.write(
      `policies: ${asked} combinations asked, ${permitted} permitted, ${wrong.length} of them wrongly\n`,
    )
  }, 600_000)
})

describe('what is permitted', () => {
  const ask = (more: Partial<Question>): boolean =>
    engine.decide({
      requester: { kind: 'client', id: 'library', organisationId: OWN },
      position: { organisationId: OWN, attestedUntil: NOW.add({ hours: 1 }), organisations: chain(1, 'clean') },
      action: 'disclose',
      purpose: 'service-eligibility',
      fields: ['resident'],
      subjects: 1,
      record: { id: 'record', protected: false },
      now: NOW,
      ...more,
    }).permitted

  it('is what a provider with an attestation may learn of the bearer of a proof', () => {
    expect(ask({})).toBe(true)
    expect(ask({ fields: ['resident', 'residentSince', 'name'] })).toBe(true)
    expect(ask({ fields: ['address'] })).toBe(false)
    expect(ask({ subjects: 2 })).toBe(false)
    expect(ask({ position: undefined })).toBe(false)
    expect(ask({ record: { id: 'record', protected: true } })).toBe(false)
  })

  it('is a neighbour’s own record, protected or not, and nobody else’s', () => {
    const own = { position: undefined, action: 'open', purpose: 'own-record', fields: ['name', 'address'] } as const
    const me: Requester = { kind: 'resident', id: 'r', neighbourId: 'record' }
    expect(ask({ ...own, requester: me })).toBe(true)
    expect(ask({ ...own, requester: me, record: { id: 'record', protected: true } })).toBe(true)
    expect(ask({ ...own, requester: { ...me, neighbourId: 'other' } })).toBe(false)
  })

  it('is a protected record to supervisors alone', () => {
    const open = {
      action: 'open',
      purpose: 'counter-service',
      fields: ['name'],
      record: { id: 'record', protected: true },
    } as const
    const as = (role: 'clerk' | 'supervisor') =>
      ask({ ...open, requester: { kind: 'staff', id: role, role, organisationId: OWN } })
    expect(as('clerk')).toBe(false)
    expect(as('supervisor')).toBe(true)
  })
})

describe('what was decided within a second', () => {
  const staff = (id: string, role: 'clerk' | 'supervisor' | 'legal', more: object = {}): Requester => ({
    kind: 'staff',
    id,
    role,
    organisationId: OWN,
    ...more,
  })
  const position = (kind: 'clean' | 'enforcement', hours = 1): Position => ({
    organisationId: OWN,
    attestedUntil: NOW.add({ hours }),
    organisations: chain(1, kind),
  })
  const opening: Question = {
    requester: staff('clerk', 'clerk'),
    position: position('clean'),
    action: 'open',
    purpose: 'counter-service',
    fields: ['name'],
    subjects: 1,
    record: { id: 'record', protected: false },
    now: NOW,
  }
  const library: Question = {
    ...opening,
    requester: { kind: 'client', id: 'library', organisationId: OWN },
    action: 'disclose',
    purpose: 'service-eligibility',
    fields: ['resident'],
  }
  const own: Question = {
    ...opening,
    requester: { kind: 'resident', id: 'r', neighbourId: 'record' },
    position: undefined,
    purpose: 'own-record',
  }
  const acting: Question = {
    ...opening,
    requester: { kind: 'resident', id: 'r', neighbourId: 'record', representative: { toldWhere: true } },
    position: undefined,
    purpose: 'acting-for',
    fields: ['address'],
  }
  const order: Question = {
    ...opening,
    requester: staff('legal', 'legal'),
    action: 'open-by-order',
    purpose: 'judge-order',
    judgeOrder: true,
    approvals: 2,
  }
  const court: Question = {
    ...order,
    requester: { kind: 'authority', id: 'court', functions: ['court'], organisationId: OWN },
  }

  /** Questions alike in all but one thing, which decides. */
  const pairs: [string, Question, Partial<Question>][] = [
    ['a lockdown', opening, { lockdown: true }],
    ['a spent budget', opening, { overBudget: true }],
    ['a record that hides', opening, { record: { id: 'record', protected: true } }],
    ['the fields', opening, { fields: ['name', 'nationality'] }],
    ['the purpose', opening, { purpose: 'registration' }],
    ['the action', opening, { action: 'export' }],
    ['the role', opening, { requester: staff('clerk', 'legal') }],
    ['the position', opening, { position: position('enforcement') }],
    ['no position', opening, { position: undefined }],
    ['the number of people', library, { subjects: 2 }],
    ['an attestation that has run out', library, { position: position('clean', -1) }],
    ['whose record it is', own, { record: { id: 'other', protected: false } }],
    ['a way in that has ended', own, { ended: true }],
    ['an approval', order, { approvals: 1 }],
    ['the kind of requester', order, { requester: court.requester }],
    [
      'what a representative may be told',
      acting,
      { requester: { ...acting.requester, representative: { toldWhere: false } } as Requester },
    ],
  ]
  let later = 0
  /** The same question in a second nobody has asked in. */
  const afresh = (question: Question) => {
    later += 1
    return engine.decide({ ...question, now: NOW.add({ seconds: later }) })
  }

  it.each(pairs)('is not remembered for a question that differs by %s', (_, question, change) => {
    const other = { ...question, ...change }
    const [one, two] = [afresh(question), afresh(other)]
    expect([one.permitted, two.permitted]).toEqual([true, false])
    expect(engine.decide(question)).toEqual(one)
    expect(engine.decide(other)).toEqual(two)
    expect(engine.decide(question)).toEqual(one)
  })
})

describe('policies that cannot be trusted are not loaded', () => {
  const load = (change: Partial<typeof texts>) => () => loadPolicies(cedar, Object.values({ ...texts, ...change }))

  it.each([
    'firewall.enforcement',
    'firewall.purpose',
    'firewall.attestation',
    'firewall.unknown-function',
    'firewall.bulk',
    'firewall.export',
  ])('without %s', (id) => {
    const without = firewall
      .split(/(?=@id\()/)
      .filter((policy) => !policy.includes(`"${id}"`))
      .join('')
    expect(load({ firewall: without })).toThrow(PoliciesInvalid)
  })

  it('with a forbid turned into a permit', () => {
    expect(
      load({ firewall: firewall.replace('forbid (principal in Function', 'permit (principal in Function') }),
    ).toThrow(PoliciesInvalid)
  })

  it('with a forbid that has a condition slipped in', () => {
    expect(
      load({
        firewall: firewall.replace(
          '"immigration-enforcement", action, resource);',
          '"immigration-enforcement", action, resource) when { context.subjects > 5 };',
        ),
      }),
    ).toThrow(PoliciesInvalid)
  })

  it('with a policy nobody signed for', () => {
    expect(load({ staff: 'permit (principal, action, resource);' })).toThrow(/@id/)
  })

  it('with an attribute the schema does not know', () => {
    expect(
      load({
        staff:
          '@id("x") @title("x") @source("x") permit (principal is Staff, action, resource) when { principal.badge == 1 };',
      }),
    ).toThrow(PoliciesInvalid)
  })

  it('with two policies of one name', () => {
    expect(load({ residents: residents + residents })).toThrow(/two policies/)
  })
})
