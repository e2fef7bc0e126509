import { beforeAll, describe, expect, it } from 'vitest'
import ceiling from '../../policies/ceiling.json'
import { type Breach, breachLine, findBreaches, servicesAboveCeiling } from '../../src/firewall/enumeration.ts'
import { purposes } from '../../src/firewall/policies.ts'
import type { Question } from '../../src/firewall/question.ts'
import { ACTIONS } from '../../src/firewall/requester.ts'

// What the enumeration asks, whatever the policies answer: one question fewer finds no breach either, so that they are counted.

const EVERY = purposes.size * ACTIONS.length
const asked: Question[] = []
let permitted: Breach[] = []
/** What is asked where nothing is ever permitted. */
let cells = 0
beforeAll(() => {
  const decide = (question: Question) => {
    asked.push(question)
    return { permitted: true, policies: [] }
  }
  permitted = findBreaches({ purposes, decide }).breaches
  cells = findBreaches({ purposes, decide: () => ({ permitted: false, policies: [] }) }).asked
})

const breaches = (why: string, requester?: string) =>
  permitted.filter((one) => one.why === why && (requester === undefined || one.requester === requester))
const people = (why: string) => [...new Set(breaches(why).map(({ requester }) => requester))].sort()
/** The questions themselves; what is permitted of them is asked twice where fields follow. */
const questions = (matching: (question: Question) => boolean) => asked.filter(matching)

const STAFF = ['auditor', 'clerk', 'legal', 'supervisor']
const EVERYBODY = [
  ...STAFF,
  'authority',
  'authority',
  'client',
  'helper',
  'institution',
  'job',
  'resident',
  'stranger',
].sort()
const PLACED = [...STAFF, 'authority', 'client', 'helper', 'institution'].sort()

describe('of each situation', () => {
  it.each([
    ['a path to enforcement', [...PLACED, ...PLACED], EVERY],
    ['enforcement itself', ['authority'], EVERY],
    ['an organisation the registry does not know', [...STAFF, 'client', 'helper', 'institution'], EVERY],
    ['immigration control', EVERYBODY, ACTIONS.length],
    ['export', EVERYBODY, purposes.size],
    ['an order fewer than two have approved', EVERYBODY, purposes.size],
    ['an incident fewer than two have approved', EVERYBODY, ACTIONS.length],
    ['over budget', ['clerk', 'client', 'resident', 'helper', 'institution'], EVERY],
    ['access that has ended', ['resident', 'representative', 'helper', 'institution'], EVERY],
    ['no attestation', ['client'], EVERY],
    ['an attestation that has run out', ['client'], EVERY],
    ['no function on record', ['client'], EVERY],
    ['more than one person', ['client', 'authority', 'resident', 'helper', 'institution', 'stranger'], EVERY],
    ['another’s record', ['stranger', 'stranger', 'stranger'], EVERY],
    ['an authority that gives no orders', ['authority'], EVERY],
    ['an authority nobody has enrolled', ['anybody'], EVERY],
    ['a court that said not to tell where', Array.from({ length: 8 }, () => 'representative'), EVERY],
  ] as const)('“%s” is asked about by each it concerns', (why, of, each) => {
    expect(people(why)).toEqual([...new Set(of)].sort())
    for (const one of new Set(of))
      expect(breaches(why, one).length, one).toBe(of.filter((other) => other === one).length * each)
  })

  it('leaves out of a lockdown who goes on in it, and the comparison that registering needs', () => {
    const situation = ['client', 'job', 'stranger']
    for (const one of situation) {
      const count = EVERY - ACTIONS.length
      // The same words stand over the cells of the ceiling, where residents and staff are asked too.
      expect(breaches('lockdown', one).length, one).toBeGreaterThanOrEqual(count)
    }
    const stranger = breaches('lockdown', 'stranger')
    expect(stranger).toHaveLength(EVERY - ACTIONS.length)
    expect(stranger.some(({ purpose }) => purpose === 'hidden-likeness')).toBe(false)
  })

  it('asks with what it is about', () => {
    const all = (matching: (question: Question) => boolean) => questions(matching).length
    const enforces = ({ position }: Question) =>
      [...(position?.organisations.values() ?? [])].some(({ functions }) =>
        functions.includes('immigration-enforcement'),
      )
    const paths = questions(enforces)
    expect(new Set(paths.map(({ position }) => position?.organisations.size))).toEqual(new Set([1, 3]))
    for (const { position } of paths) {
      const reached = [...(position?.organisations ?? [])]
      const ends = reached.filter(([, { functions }]) => functions.includes('immigration-enforcement'))
      expect(ends).toHaveLength(1)
      expect(ends[0]?.[1]).toEqual({ related: [], functions: ['library', 'immigration-enforcement'] })
      for (const [at, [id, { related, functions }]] of reached.entries()) {
        expect(functions).toContain('library')
        expect(id).toBe(at === 0 ? 'own' : `link-${at}`)
        expect(related).toEqual(at === reached.length - 1 ? [] : [`link-${at + 1}`])
      }
    }
    // The links are two or none; the enforcer names no organisation, and has all that an order could have.
    expect(all((one) => enforces(one) && one.position?.organisations.size === 3)).toBe(PLACED.length * EVERY)
    const enforcer = questions(
      ({ requester }) => requester.kind === 'authority' && requester.functions.includes('immigration-enforcement'),
    )
    expect(enforcer.filter(({ judgeOrder, approvals }) => judgeOrder === true && approvals === 2)).toHaveLength(EVERY)
    expect(all(({ overBudget }) => overBudget === true)).toBe(5 * EVERY)
    expect(all(({ ended }) => ended === true)).toBe(4 * EVERY)
    const many = questions(({ subjects }) => subjects === 2)
    expect(many).toHaveLength(6 * EVERY)
    expect(many.every(({ judgeOrder }) => judgeOrder)).toBe(true)
    expect(asked.every(({ subjects }) => subjects === 1 || subjects === 2)).toBe(true)
    const incidents = questions(
      ({ purpose, approvals, judgeOrder }) => purpose === 'incident' && approvals === 1 && judgeOrder === undefined,
    )
    expect(incidents).toHaveLength(EVERYBODY.length * ACTIONS.length)
    const control = questions(({ purpose, approvals }) => purpose === 'immigration-control' && approvals === 3)
    expect(control).toHaveLength(EVERYBODY.length * ACTIONS.length)
    expect(control.every(({ judgeOrder }) => judgeOrder)).toBe(true)
    const orders = questions(({ action, judgeOrder, approvals }) => {
      return action === 'open-by-order' && judgeOrder === true && approvals === 1
    })
    expect(orders).toHaveLength(EVERYBODY.length * purposes.size)
    const courts = questions(
      ({ requester, fields }) =>
        fields.length === 1 &&
        requester.kind === 'resident' &&
        requester.representative?.toldWhere === false &&
        requester.representative.neighbourId === 'parent',
    )
    const where = ['address', 'household', 'contact', 'representatives', 'history', 'lookUps', 'waysIn', 'messages']
    for (const field of where)
      expect(courts.filter(({ fields }) => fields[0] === field).length, field).toBeGreaterThanOrEqual(EVERY)
  })

  it('asks as each of them is', () => {
    const own = 'own'
    const staff = STAFF.map((role) => ({ kind: 'staff', id: role, role, organisationId: own }))
    const resident = { kind: 'resident', id: 'resident', neighbourId: 'record' }
    const helper = { ...resident, id: 'helper', helper: true }
    const institution = { ...resident, id: 'institution', representative: { toldWhere: true } }
    const barred = { neighbourId: 'parent', toldWhere: false }
    const stranger = { kind: 'resident', id: 'stranger', neighbourId: 'another' }
    const court = { kind: 'authority', id: 'authority', functions: ['court'], organisationId: own }
    const line = (one: object) => JSON.stringify(Object.entries(one).sort())
    expect(new Set(asked.map(({ requester }) => line(requester)))).toEqual(
      new Set(
        [
          ...staff,
          { kind: 'client', id: 'client', organisationId: own },
          court,
          { ...court, functions: ['court', 'immigration-enforcement'], organisationId: null },
          { ...court, id: 'anybody', organisationId: null },
          resident,
          helper,
          { ...helper, standsWith: [own] },
          institution,
          { ...institution, standsWith: [own] },
          { ...resident, id: 'representative', representative: barred },
          { ...resident, id: 'new way', hidesUntil: '2026-01-02T00:00:00Z' },
          stranger,
          { ...stranger, helper: true },
          { ...stranger, representative: { toldWhere: true } },
          { kind: 'job', id: 'job' },
        ].map(line),
      ),
    )
  })

  it('asks with a judge and two officers where neither helps, and in a lockdown where there is one', () => {
    const ordered = (id: string) =>
      questions(
        ({ requester, judgeOrder, approvals, lockdown, record }) =>
          requester.id === id && judgeOrder === true && approvals === 2 && !lockdown && record.visited === undefined,
      ).filter(({ record }) => !record.protected)
    expect(ordered('anybody')).toHaveLength(EVERY)
    // Enforcement itself, and the authority that gives no orders.
    expect(ordered('authority')).toHaveLength(2 * EVERY)
    const locked = questions(({ lockdown, record }) => lockdown === true && record.visited === undefined)
    const each = EVERY - ACTIONS.length
    expect(locked).toHaveLength(5 * each)
    expect(locked.every(({ position }) => position?.organisations.get('own')?.related.length === 0)).toBe(true)
  })

  it('asks of a machine whose attestation holds, has run out at that moment, or was never made', () => {
    const clients = questions(({ requester, position }) => requester.kind === 'client' && position !== undefined)
    const attested = clients.map(({ position, now }) =>
      position?.attestedUntil === undefined ? 'never' : Temporal.Instant.compare(position.attestedUntil, now),
    )
    expect(attested.filter((one) => one === 'never')).toHaveLength(EVERY)
    expect(attested.filter((one) => one === 0)).toHaveLength(EVERY)
    expect(attested.filter((one) => one === -1)).toEqual([])
    const without = clients.filter(({ position }) => position?.organisations.get('own')?.functions.length === 0)
    expect(without).toHaveLength(EVERY)
    for (const { position } of clients) expect(position?.organisations.get('own')).toBeDefined()
  })
})

describe('above the ceiling', () => {
  type Cell = { actions: readonly string[]; fields: readonly string[] }
  const mayGet: Record<string, Record<string, Cell>> = ceiling.mayGet
  const ASKERS = {
    clerk: 'clerk',
    supervisor: 'supervisor',
    legal: 'legal',
    auditor: 'auditor',
    client: 'client',
    resident: 'resident',
    helper: 'helper',
    institution: 'representative',
    representative: 'representative',
    job: 'job',
    authority: 'authority',
  } as const
  /** All that any purpose opens, by itself or by the ceiling, and one that nothing opens. */
  const fields = new Set([
    ...[...purposes.values()].flatMap((purpose) => purpose.fields),
    ...Object.values(mayGet).flatMap((of) => Object.values(of).flatMap((cell) => cell.fields)),
    'nationality',
  ])
  const STAFF_GO_ON = ['registration', 'protection', 'supervision', 'complaints', 'erasure']
  const OWN = ['resident', 'institution', 'representative', 'helper']
  /** Of each circumstance, whether a cell may have anything in it at all. */
  const MAY: Record<string, (requester: string, action: string, purpose: string) => boolean> = {
    'more than anybody may get': () => true,
    'somebody who hides': (requester, action) =>
      action === 'demand' ||
      requester === 'supervisor' ||
      OWN.includes(requester) ||
      (requester === 'job' && action === 'compare') ||
      (['clerk', 'legal', 'auditor'].includes(requester) && action === 'open-by-order'),
    lockdown: (requester, action, purpose) =>
      requester === 'resident' ||
      (['institution', 'representative'].includes(requester) && action !== 'prove') ||
      (requester === 'helper' && action === 'revoke') ||
      (requester === 'job' && purpose === 'hidden-likeness') ||
      (STAFF.includes(requester) &&
        (STAFF_GO_ON.includes(purpose) || (purpose === 'departure' && action === 'depart'))),
    'a demand or an order without a judge or two officers': (requester, action, purpose) =>
      requester !== 'authority' && action !== 'open-by-order' && purpose !== 'incident',
  }

  it('has a cell for each circumstance, requester, purpose and action, and a question for each field no cell has', () => {
    for (const [why, may] of Object.entries(MAY))
      for (const [requester, name] of Object.entries(ASKERS)) {
        const expected: string[] = []
        for (const purpose of purposes.keys())
          for (const action of ACTIONS) {
            const cell = mayGet[name]?.[purpose]
            if (!may(requester, action, purpose) || !cell?.actions.includes(action)) {
              expected.push(breachLine({ why, requester, action, purpose, fields: [] }))
              continue
            }
            for (const field of fields)
              if (!cell.fields.includes(field))
                expected.push(breachLine({ why, requester, action, purpose, fields: [field] }))
          }
        const found = breaches(why, requester)
        // In a lockdown some are asked as a situation too, which is no cell: those without fields come twice.
        expect(new Set(found.map(breachLine)), `${why}: ${requester}`).toEqual(new Set(expected))
      }
  })

  it('asks for no field of a cell of which nothing is permitted', () => {
    const { length: situations } = permitted.filter(({ why }) => !(why in MAY))
    const empty = new Set(permitted.filter(({ fields }) => fields.length === 0).map(breachLine))
    expect(cells).toBeLessThan(permitted.length)
    expect(cells).toBeGreaterThanOrEqual(situations + [...empty].filter((line) => line.includes('lockdown')).length)
    const once = findBreaches({
      purposes,
      decide: ({ fields: some }) => ({ permitted: some.length > 0, policies: [] }),
    })
    // Only these two are asked for with a field to begin with.
    expect(new Set(once.breaches.map(({ why }) => why))).toEqual(
      new Set(['a court that said not to tell where', 'a way in that is too new']),
    )
  })

  it('asks with all that whoever has most would have, of a record that hides, and in a lockdown', () => {
    const most = questions(
      ({ judgeOrder, approvals, record }) => judgeOrder === true && approvals === 2 && record.visited === true,
    )
    expect(new Set(most.map(({ lockdown }) => lockdown ?? false))).toEqual(new Set([true, false]))
    expect(most.every(({ record }) => record.id === 'record' && !record.protected)).toBe(true)
    const hides = questions(({ record }) => record.protected)
    expect(hides.length).toBeGreaterThan(Object.keys(ASKERS).length * EVERY)
    expect(hides.every(({ judgeOrder, approvals }) => judgeOrder === true && approvals === 2)).toBe(true)
    const least = questions(({ judgeOrder, approvals }) => judgeOrder === false && approvals === 1)
    expect(least.length).toBeGreaterThan(Object.keys(ASKERS).length * EVERY)
    const stands = most.filter(({ position }) => position !== undefined)
    const kinds = new Set(stands.map(({ requester }) => requester.kind))
    expect(kinds).toEqual(new Set(['staff', 'client', 'authority']))
    for (const { requester, position } of stands)
      expect(position?.organisations.get('own')?.functions).toEqual([
        requester.kind === 'authority' ? 'court' : 'library',
      ])
    expect(asked.every(({ whether }) => whether === true)).toBe(true)
  })

  it('stops at the first that is permitted, and goes through all where none is', () => {
    const permitAll = { purposes, decide: () => ({ permitted: true, policies: [] }) }
    expect(findBreaches(permitAll, { first: true })).toMatchObject({ asked: 1, breaches: { length: 1 } })
    const refuseAll = { purposes, decide: () => ({ permitted: false, policies: [] }) }
    expect(findBreaches(refuseAll, { first: true })).toEqual({ asked: cells, breaches: [] })
    expect(findBreaches(permitAll).asked).toBe(permitted.length)
  })

  it('meets one of many soon, wherever they stand', () => {
    for (const why of ['legal', 'client', 'job']) {
      const engine = {
        purposes,
        decide: ({ requester }: Question) => ({ permitted: requester.id === why, policies: [] }),
      }
      const { asked: many, breaches: some } = findBreaches(engine, { first: true })
      expect(some.map(({ requester }) => requester)).toEqual([why])
      expect(many).toBeLessThan(300)
    }
  })
})

it('says a breach and a service above its ceiling in a line each', () => {
  const breach = { why: 'lockdown', requester: 'job', action: 'notify', purpose: 'notify', fields: ['name', 'contact'] }
  expect(breachLine(breach)).toBe('job may notify for notify [name, contact] in spite of: lockdown')
  const [id = '', most = []] = Object.entries(ceiling.services as Record<string, string[]>)[0] ?? []
  expect(servicesAboveCeiling([{ id, claims: most }])).toEqual([])
  expect(
    servicesAboveCeiling([
      { id, claims: [...most, 'nationality'] },
      { id: 'nobody', claims: ['name'] },
    ]),
  ).toEqual([
    `${id} may learn nationality, which is above the ceiling`,
    'nobody may learn name, which is above the ceiling',
  ])
})
