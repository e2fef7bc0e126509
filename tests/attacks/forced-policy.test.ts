import { readdirSync, readFileSync } from 'node:fs'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, it } from 'vitest'
import { findBreaches } from '../../src/firewall/enumeration.ts'
import { loadPolicies, PoliciesInvalid } from '../../src/firewall/policies.ts'

// A new government writes other rules and has them deployed.

const texts = Object.fromEntries(
  readdirSync('policies')
    .filter((file) => file.endsWith('.cedar'))
    .map((file) => [file, readFileSync(`policies/${file}`, 'utf8')]),
)
const load = (change: Record<string, string>) => loadPolicies(cedar, Object.values({ ...texts, ...change }))
const forcing = `
@id("forced.order") @title("Enforcement may look.") @source("An invented decree")
permit (principal in Function::"immigration-enforcement", action, resource);`

describe('a policy change by force', () => {
  it('does not load when it singles somebody out, and stops the start when it permits anybody more', () => {
    expect(() => load({ 'forced.cedar': forcing })).toThrow(PoliciesInvalid)
    const anybody = forcing.replace('principal in Function::"immigration-enforcement"', 'principal is Authority')
    const forced = load({ 'forced.cedar': anybody })
    expect(findBreaches(forced, { first: true }).breaches).toHaveLength(1)
    expect(forced.digest).not.toBe(load({}).digest)
  })

  it('does not load when it takes a rule that says never away, or weakens it', () => {
    const firewall = texts['firewall.cedar'] ?? ''
    const weaker = firewall.replace(
      '"closed", action, resource);',
      '"closed", action, resource) unless { context.judgeOrder };',
    )
    expect(weaker).not.toBe(firewall)
    expect(() => load({ 'firewall.cedar': weaker })).toThrow(PoliciesInvalid)
    expect(() => load({ 'firewall.cedar': '' })).toThrow(PoliciesInvalid)
  })
})
