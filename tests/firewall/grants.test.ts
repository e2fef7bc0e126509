import { readFileSync } from 'node:fs'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { beforeAll, describe, expect, it } from 'vitest'
import { digestOfGrants, type GrantTable, inBoth, isServiceGranted, widerThan } from '../../src/firewall/grant-table.ts'
import { grantsOf, isGranted } from '../../src/firewall/grants.ts'
import { differenceInWords, grantsInWords } from '../../src/firewall/grants-in-words.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Question } from '../../src/firewall/question.ts'

let table: GrantTable
beforeAll(() => {
  table = loadPolicies(cedar).grants().table
})

const now = Temporal.Instant.from('2026-03-01T10:00:00Z')
const office = {
  organisationId: 'office',
  attestedUntil: now.add({ hours: 1 }),
  organisations: new Map([['office', { related: [], functions: ['citizenship-office'] }]]),
}
const asked = (more: Partial<Question> = {}): Question => ({
  requester: { kind: 'staff', id: 'c', role: 'clerk', organisationId: 'office' },
  position: office,
  action: 'open',
  purpose: 'papers',
  fields: ['name', 'address'],
  subjects: 1,
  record: { id: 'somebody', protected: false },
  now,
  ...more,
})

describe('what anyone can get', () => {
  it('is the file of the repository: whoever changes a rule, a purpose or a service changes it, and everybody can read how', () => {
    expect(
      readFileSync('docs/what-anyone-gets.md', 'utf8').replaceAll(/ +\|/g, ' |').replaceAll(/-{3,}/g, '---'),
    ).toContain(grantsInWords(table))
  })

  it('has nothing of whoever is closed out, has not attested, has left, or asks about somebody else', () => {
    const who = new Set(Object.keys(table).map((place) => place.split(' | ')[0]))
    for (const one of [
      'client: immigration-enforcement',
      'authority: immigration-enforcement',
      'client without attestation',
      'client without function',
      'client nobody enrolled',
      'clerk of an unknown office',
      'neighbour, access ended',
      'another neighbour',
    ])
      expect(who.has(one), one).toBe(false)
    for (const one of ['clerk', 'client: library', 'neighbour', 'neighbour by a new card', 'helper', 'job'])
      expect(who.has(one), one).toBe(true)
    expect(Object.keys(table).filter((place) => place.split(' | ')[2] === 'immigration-control')).toEqual([])
  })

  it('gives a new card less than the old one, and an authority nothing without a judge', () => {
    const own = (who: string) => table[`${who} | open | own-record | usual`] ?? []
    expect(own('neighbour')).toContain('address')
    for (const field of ['address', 'household', 'contact']) expect(own('neighbour by a new card')).not.toContain(field)
    const demands = Object.keys(table).filter((place) => place.startsWith('authority: '))
    expect(demands.length).toBeGreaterThan(0)
    for (const place of demands) expect(place.split(' | ')[4], place).toMatch(/^judge/)
  })

  it('answers every question as the rules do', () => {
    expect(isGranted(table, asked())).toBe(true)
    expect(isGranted(table, asked({ fields: [] }))).toBe(true)
    expect(isGranted(table, asked({ fields: ['contact'] }))).toBe(false)
    expect(isGranted(table, asked({ lockdown: true }))).toBe(false)
    expect(isGranted(table, asked({ record: { id: 'x', protected: true } }))).toBe(false)
    expect(isGranted(table, asked({ action: 'depart' }))).toBe(false)
  })
})

describe('a table beside another', () => {
  const place = 'clerk | open | papers | usual'
  const without = (name: string, field: string): GrantTable => ({
    ...table,
    [name]: (table[name] ?? []).filter((one) => one !== field),
  })

  it('is as wide as itself', () => {
    expect(widerThan(table, table)).toEqual({})
    expect(digestOfGrants(inBoth(table, table))).toBe(digestOfGrants(table))
  })

  it('is wider by one field, one place, one day, one asker, and by what is given at once', () => {
    expect(widerThan(table, without(place, 'address'))).toEqual({ [place]: ['address'] })
    const { [place]: _, ...less } = table
    expect(Object.keys(widerThan(table, less))).toEqual([place])
    expect(widerThan(table, without(place, '(all at once)'))).toEqual({ [place]: ['(all at once)'] })
    const library = 'proof | library'
    const given = table[library] ?? []
    const longer = { ...table, [library]: given.map((one) => (one.startsWith('days ') ? 'days 92' : one)) }
    expect(widerThan(longer, table)).toEqual({ [library]: ['days 92'] })
    expect(widerThan(table, longer)).toEqual({})
    const anybody = {
      ...table,
      [library]: [...given.filter((one) => !one.startsWith('asked for by')), 'asked for by anybody'],
    }
    expect(widerThan(table, anybody)).toEqual({})
    expect(widerThan(anybody, table)).toEqual({ [library]: ['asked for by anybody'] })
  })

  it('is wider where an order gives more, and not where it gives what is given without one', () => {
    const ordered = { ...table, [`${place} | judge`]: [...(table[place] ?? []), 'contact'] }
    expect(widerThan(ordered, table)).toEqual({ [`${place} | judge`]: ['contact'] })
    expect(widerThan({ ...table, [`${place} | judge`]: table[place] ?? [] }, table)).toEqual({})
  })

  it('has in common with another what both give, whichever comes first', () => {
    const one = without(place, 'address')
    const other = without('clerk | open | changes | usual', 'name')
    for (const both of [inBoth(one, other), inBoth(other, one)]) {
      expect(widerThan(both, one)).toEqual({})
      expect(widerThan(both, other)).toEqual({})
      expect(both[place]).not.toContain('address')
      expect(both['clerk | open | changes | usual']).not.toContain('name')
    }
  })

  it('is told apart from it in words, both ways', () => {
    const words = differenceInWords(without(place, 'address'), table)
    expect(words).toContain('They give, and we do not:')
    expect(words).toContain('| clerk |')
    expect(words).toContain('address')
    expect(words).toContain('We give, and they do not: nothing.')
  })
})

describe('a rule that gives more', () => {
  const texts = ['staff', 'residents', 'providers', 'firewall', 'access-requests', 'jobs', 'statistics'].map((name) =>
    readFileSync(`policies/${name}.cedar`, 'utf8'),
  )
  const widened = (change: (text: string) => string) =>
    widerThan(loadPolicies(cedar, texts.map(change)).grants().table, table)

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'the limit of a court is gone',
      (text) => text.replace(/@id\("residents\.court-limit"\)[\s\S]*?\};\n/, ''),
      /^representative barred by a court/,
    ],
    [
      'a new card shows all',
      (text) => text.replace(/@id\("residents\.new-way"\)[\s\S]*?\};\n/, ''),
      /^neighbour by a new card/,
    ],
    [
      'helpers open records',
      (text) =>
        text
          .replace(
            'action in [Action::"prove", Action::"revoke", Action::"confirm"]',
            'action in [Action::"open", Action::"prove", Action::"revoke", Action::"confirm"]',
          )
          .replace(
            'context.purpose.requesters.contains("helper") &&\n  context.purpose.actions.contains(context.action) &&',
            'context.purpose.requesters.contains("helper") &&',
          ),
      /^helper \| open/,
    ],
  ])('is found: %s', (_, change, who) => {
    const wider = Object.keys(widened(change))
    expect(wider.length).toBeGreaterThan(0)
    for (const place of wider) expect(place).toMatch(who)
  })

  it('or a purpose, or a service', () => {
    const engine = loadPolicies(cedar)
    const purposes = new Map(engine.purposes)
    const papers = purposes.get('papers')
    if (papers) purposes.set('papers', { ...papers, fields: [...papers.fields, 'contact'] })
    const wider = widerThan(grantsOf(loadPolicies(cedar, texts, purposes)), table)
    expect(Object.values(wider).every((fields) => String(fields) === 'contact')).toBe(true)
    expect(Object.keys(wider).every((place) => place.includes('| papers |'))).toBe(true)
    const library = { id: 'library', claims: ['given_name', 'family_name', 'birthdate'], validityDays: 1 }
    const rest = { nonce: true, askedBy: 'neighbour', freshSignIn: true, givenBy: ['library'] }
    expect(isServiceGranted(table, { ...library, ...rest })).toBe(false)
    expect(isServiceGranted(table, { ...library, ...rest, claims: ['given_name'] })).toBe(true)
    expect(isServiceGranted(table, { ...library, ...rest, id: 'new' })).toBe(false)
  })
})
