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
  it('opens nothing by permitting: what is forbidden stays forbidden', () => {
    const forced = load({ 'forced.cedar': forcing })
    expect(findBreaches(forced).breaches).toEqual([])
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
