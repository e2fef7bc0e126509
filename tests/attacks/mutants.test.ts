import { readdirSync, readFileSync } from 'node:fs'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, it } from 'vitest'
import { findBreaches, servicesAboveCeiling } from '../../src/firewall/enumeration.ts'
import { loadPolicies, type PolicyEngine, purposes } from '../../src/firewall/policies.ts'
import type { Purpose, Question } from '../../src/firewall/question.ts'
import { profiles } from '../../src/proofs/profiles.ts'
import { oneIn } from '../support/sampled.ts'

// Somebody loosens a rule a little: a line less, an "or" for an "and", a field more. Each way of it is made here, and each
// has to stop the start.

const texts = Object.fromEntries(
  readdirSync('policies')
    .filter((file) => file.endsWith('.cedar'))
    .map((file) => [file, readFileSync(`policies/${file}`, 'utf8')]),
)

/** The rules with one change, which has to change something. */
function changed(file: string, from: string | RegExp, to: string): Record<string, string> {
  const before = texts[`${file}.cedar`] ?? ''
  const after = before.replace(from, to)
  if (after === before) throw new Error(`${file} has no ${from}`)
  return { [`${file}.cedar`]: after }
}
/** A whole policy, from its @id to its semicolon. */
const without = (file: string, id: string) =>
  changed(file, new RegExp(`@id\\("${id.replaceAll('.', '\\.')}"\\)[\\s\\S]*?;\\n`), '')
const added = (rule: string) => ({
  'added.cedar': `@id("added") @title("A change.") @source("An invented decree")\n${rule}`,
})

const POLICIES: Record<string, () => Record<string, string>> = {
  'staff.protected deleted': () => without('staff', 'staff.protected'),
  'protected shown to clerks': () => changed('staff', 'principal.role == "supervisor"', 'principal.role == "clerk"'),
  'protected shown by an "or"': () =>
    changed('staff', 'resource.protected &&', 'resource.protected && principal is Client &&'),
  'the police learn an address': () =>
    added(
      'permit (principal is Client, action == Action::"disclose", resource) when { principal in Function::"police" };',
    ),
  'protected shown to the police': () =>
    changed(
      'staff',
      'principal.role == "supervisor"',
      'principal.role == "supervisor" || principal in Function::"police"',
    ),
  'the police, spaced out': () =>
    added(
      'permit (principal is Client, action == Action::"disclose", resource) when { principal in Function :: "police" };',
    ),
  'the police, behind an address': () => ({
    'added.cedar':
      '@id("added") @title("A change.") @source("https://decree.example") permit (principal is Client, action == Action::"disclose", resource) when { principal in Function::"police" };',
  }),
  'an "or" beside the fields': () =>
    changed(
      'staff',
      'context.purpose.fields.containsAll(context.fields)',
      '(context.purpose.fields.containsAll(context.fields) || context.lockdown)',
    ),
  'two fields together': () =>
    added('permit (principal is Staff, action, resource) when { context.fields.containsAll(["history", "address"]) };'),
  'from a day on': () => added('permit (principal is Staff, action, resource) when { context.now > 1800000000000 };'),
  'for one person': () => added('permit (principal == Staff::"idp|x", action, resource);'),
  'for three at once': () => added('permit (principal is Staff, action, resource) when { context.subjects == 3 };'),
  'staff may do anything': () => added('permit (principal is Staff, action, resource);'),
  'clients may search': () =>
    added('permit (principal is Client, action == Action::"search", resource) when { context.subjects == 1 };'),
  'clients get every field of their purpose’s action': () =>
    changed('providers', / &&\s*context\.purpose\.fields\.containsAll\(context\.fields\)/, ''),
  'jobs may do anything': () => added('permit (principal is Job, action, resource) when { context.subjects == 1 };'),
  'jobs may notify for any purpose': () =>
    changed(
      'jobs',
      /context\.purpose\.requesters\.contains\("job"\) &&\s*context\.purpose\.actions\.contains\(context\.action\) &&/,
      '',
    ),
  'demands need no judge': () => changed('access-requests', /context\.judgeOrder &&\s*/, ''),
  'demands need no enrolment': () => changed('access-requests', /principal\.enrolled &&\s*/, ''),
  'orders need one officer': () => changed('access-requests', 'context.approvals >= 2', 'context.approvals >= 1'),
  'residents see others, by an "or"': () =>
    changed('residents', 'principal.record == resource &&', 'principal.record == resource ||'),
  'residents for any purpose': () =>
    changed('residents', /context\.purpose\.requesters\.contains\("resident"\) &&/, ''),
  'helpers for any purpose': () => changed('residents', /context\.purpose\.requesters\.contains\("helper"\) &&/, ''),
  'helpers of anybody': () => changed('residents', /(principal is Helper[^;]*?)principal\.record == resource &&/, '$1'),
  'whoever represents may hide': () =>
    added(
      'permit (principal is Representative, action == Action::"hide", resource) when { principal.record == resource };',
    ),
  'a court’s limit deleted': () => without('residents', 'residents.court-limit'),
  'a court’s limit forgets the address': () => changed('residents', '"address", "household"', '"household"'),
  'access that has ended, deleted': () => without('residents', 'residents.ended'),
  'staff fields unbounded': () =>
    changed('staff', / &&\s*context\.purpose\.fields\.containsAll\(context\.fields\)/, ''),
  'staff of any role': () => changed('staff', /context\.purpose\.requesters\.contains\(principal\.role\) &&/, ''),
  'staff of any action': () => changed('staff', /context\.purpose\.actions\.contains\(context\.action\) &&/, ''),
  'counting opens fields': () => without('statistics', 'statistics.no-fields'),
  'enforcement let in': () => without('firewall', 'firewall.enforcement'),
  'lockdown weakened': () =>
    changed('firewall', 'when { context.lockdown }', 'when { context.lockdown && context.overBudget }'),
  'incidents by one': () => changed('firewall', 'context.approvals >= 2', 'context.approvals >= 1'),
  'bulk for jobs': () =>
    changed('firewall', '!(principal is Staff) && context.subjects > 1', 'principal is Client && context.subjects > 1'),
}

const purpose = (id: string, change: (one: Purpose) => Purpose) => {
  const one = purposes.get(id)
  if (one === undefined) throw new Error(`no purpose ${id}`)
  return new Map([...purposes, [id, change(one)]])
}
const PURPOSES: Record<string, () => ReadonlyMap<string, Purpose>> = {
  'a new purpose border-liaison': () =>
    new Map([
      ...purposes,
      [
        'border-liaison',
        { id: 'border-liaison', title: {}, requesters: ['clerk'], actions: ['open'], fields: ['name'] },
      ],
    ]),
  'a counter opens proceedings': () =>
    purpose('counter-service', (one) => ({ ...one, fields: [...one.fields, 'proceeding'] })),
  'providers learn the address': () =>
    purpose('service-eligibility', (one) => ({ ...one, fields: [...one.fields, 'address'] })),
  'auditors open records': () =>
    purpose('counter-service', (one) => ({ ...one, requesters: [...one.requesters, 'auditor'] })),
  'helpers move house': () => purpose('own-record', (one) => ({ ...one, requesters: [...one.requesters, 'helper'] })),
  'a paper corrects': () => purpose('papers', (one) => ({ ...one, actions: [...one.actions, 'correct'] })),
  'comparing opens addresses': () =>
    purpose('hidden-likeness', (one) => ({ ...one, fields: [...one.fields, 'address'] })),
}

/** What the engine is given is not what it was asked. */
const CONTEXT: Record<string, (question: Question) => Question> = {
  'protected is never said': (asked) => ({ ...asked, record: { ...asked.record, protected: false } }),
  'lockdown is never said': (asked) => ({ ...asked, lockdown: false }),
  'budgets are never said': (asked) => ({ ...asked, overBudget: false }),
  'that access ended is never said': (asked) => ({ ...asked, ended: false }),
  'every demand has a judge': (asked) => ({ ...asked, judgeOrder: true }),
  'every order has two officers': (asked) => ({ ...asked, approvals: 2 }),
  'everybody is one person': (asked) => ({ ...asked, subjects: 1 }),
  'every record is one’s own': (asked) =>
    asked.requester.kind === 'resident'
      ? { ...asked, record: { ...asked.record, id: asked.requester.neighbourId } }
      : asked,
  'a court’s limit is never said': (asked) =>
    asked.requester.kind === 'resident' && asked.requester.representative
      ? { ...asked, requester: { ...asked.requester, representative: { toldWhere: true } } }
      : asked,
  'who helps is taken for the neighbour': (asked) => {
    if (asked.requester.kind !== 'resident') return asked
    const { helper: _, standsWith: __, ...requester } = asked.requester
    return { ...asked, requester }
  },
  'an institution is taken for the neighbour': (asked) => {
    if (asked.requester.kind !== 'resident') return asked
    const { representative: _, standsWith: __, ...requester } = asked.requester
    return { ...asked, requester }
  },
  'links are never said': (asked) => {
    if (asked.position === undefined) return asked
    const organisations = new Map([[asked.position.organisationId, { related: [], functions: ['library'] }]])
    return { ...asked, position: { ...asked.position, organisations } }
  },
  'a stranger’s organisation is taken for one of ours': (asked) =>
    asked.position === undefined && (asked.requester.kind === 'client' || asked.requester.kind === 'staff')
      ? {
          ...asked,
          position: {
            organisationId: asked.requester.organisationId ?? '',
            attestedUntil: asked.now.add({ hours: 1 }),
            organisations: new Map([[asked.requester.organisationId ?? '', { related: [], functions: ['library'] }]]),
          },
        }
      : asked,
}

/** Whether the start stops: the rules do not load, or something gets through that must not. */
function stops(load: () => Pick<PolicyEngine, 'decide' | 'purposes'>): boolean {
  try {
    return findBreaches(load(), { first: true }).breaches.length > 0
  } catch (error) {
    return (error as { code?: string }).code === 'policies-invalid'
  }
}

describe('a mutant', () => {
  it.each(Object.keys(POLICIES).filter(oneIn(2)))('of the policies stops the start: %s', (name) => {
    const change = POLICIES[name]?.() ?? {}
    expect(stops(() => loadPolicies(cedar, Object.values({ ...texts, ...change })))).toBe(true)
  })

  it.each(Object.keys(PURPOSES))('of the purposes stops the start: %s', (name) => {
    expect(stops(() => loadPolicies(cedar, Object.values(texts), PURPOSES[name]?.()))).toBe(true)
  })

  const engine = loadPolicies(cedar)
  it.each(Object.keys(CONTEXT).filter(oneIn(2)))('of what the rules are told stops the start: %s', (name) => {
    const told = CONTEXT[name] ?? ((asked: Question) => asked)
    expect(stops(() => ({ ...engine, decide: (asked) => engine.decide(told(asked)) }))).toBe(true)
  })

  it('of a service stops the start: one claim more', () => {
    expect(servicesAboveCeiling(profiles.values())).toEqual([])
    const [library] = [...profiles.values()].filter(({ id }) => id === 'library')
    expect(servicesAboveCeiling([{ id: 'library', claims: [...(library?.claims ?? []), 'address'] }])).toHaveLength(1)
    expect(servicesAboveCeiling([{ id: 'another', claims: ['address'] }])).toHaveLength(1)
  })

  it('changes the fingerprint of what decides', () => {
    const digests = [
      engine.digest,
      loadPolicies(cedar, Object.values({ ...texts, ...added('permit (principal is Staff, action, resource);') }))
        .digest,
      ...Object.values(PURPOSES).map((change) => loadPolicies(cedar, Object.values(texts), change()).digest),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })
})
