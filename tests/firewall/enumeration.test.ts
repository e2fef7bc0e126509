import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { expect, it } from 'vitest'
import { breachLine, findBreaches } from '../../src/firewall/enumeration.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'

const files = import.meta.glob<string>('../../policies/*.cedar', { query: '?raw', import: 'default', eager: true })

it('finds no request that must be refused and is not', { timeout: 600_000 }, () => {
  const { asked, breaches } = findBreaches(loadPolicies(cedar))
  expect(breaches).toEqual([])
  expect(asked).toBeGreaterThan(8_000)
})

it('finds and names what a careless permit lets through', () => {
  const careless = `@id("careless") @title("A friend of a neighbour may look.") @source("nobody")
    permit (principal is Resident, action == Action::"open", resource);`
  const { breaches } = findBreaches(loadPolicies(cedar, [...Object.values(files), careless]), { first: true })
  expect(breaches).toHaveLength(1)
  expect(breachLine(breaches[0] as never)).toMatch(/may open for .* in spite of/)
})

it('does not load what it could not go through', () => {
  const careless = `@id("careless") @title("Who asks for nothing may look.") @source("nobody")
    permit (principal is Resident, action == Action::"open", resource) when { context.fields.isEmpty() };`
  expect(() => loadPolicies(cedar, [...Object.values(files), careless])).toThrow('careless: it asks about fields')
})
