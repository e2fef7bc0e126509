import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { expect, it } from 'vitest'
import { breachLine, findBreaches } from '../../src/firewall/enumeration.ts'
import { loadPolicies, type PolicyEngine } from '../../src/firewall/policies.ts'
import type { Question } from '../../src/firewall/question.ts'
import { oneIn } from '../support/sampled.ts'

const files = import.meta.glob<string>('../../policies/*.cedar', { query: '?raw', import: 'default', eager: true })

/** Everything that is asked, of the policies as they are. */
const questions: Question[] = []

/** Whether a question is answered as it is when every rule is weighed for it. */
const answeredAlike = (engine: PolicyEngine, { whether: _, ...whole }: Question) =>
  engine.decide({ ...whole, whether: true }).permitted === engine.decide(whole).permitted

it('finds no request that must be refused and is not, as when every rule is weighed for each of them', {
  timeout: 600_000,
}, () => {
  const engine = loadPolicies(cedar)
  const { asked, breaches } = findBreaches({
    ...engine,
    decide: (question) => {
      questions.push(question)
      return engine.decide(question)
    },
  })
  expect(breaches).toEqual([])
  expect(asked).toBeGreaterThan(70_000)
  expect(questions.length).toBeGreaterThanOrEqual(asked)
  const weighed = oneIn(11)
  expect(questions.filter((question) => weighed() && !answeredAlike(engine, question))).toEqual([])
})

it.each([
  'permit (principal, action == Action::"export", resource);',
  'permit (principal is Job, action, resource);',
  'permit (principal is Staff, action in [Action::"open", Action::"move"], resource) when { context.lockdown };',
  'permit (principal is Client, action, resource) when { context.purpose.actions.contains("open") };',
  'permit (principal is Staff, action, resource) when { !context.purpose.actions.contains(context.action) };',
  'permit (principal is Helper, action, resource) unless { context.purpose.requesters.contains("helper") };',
  'permit (principal is Authority, action, resource) when { context.purpose.requesters.contains("clerk") || context.judgeOrder };',
  'permit (principal is Staff, action, resource) when { if context.overBudget then true else context.purpose.requesters.contains(principal.role) };',
])('answers as when every rule is weighed, whatever is permitted beside: %s', (rule) => {
  const beside = `@id("beside") @title("More is permitted.") @source("nobody") ${rule}`
  const engine = loadPolicies(cedar, [...Object.values(files), beside])
  // Not all of them: a number with nothing in common with how many of a kind there are.
  const some = questions.filter((_, i) => i % 53 === 0)
  expect(some.length).toBeGreaterThan(1_000)
  expect(some.filter((question) => !answeredAlike(engine, question))).toEqual([])
})

it('finds and names what a careless permit lets through', () => {
  const careless = `@id("careless") @title("A friend of a neighbour may look.") @source("nobody")
    permit (principal is Resident, action == Action::"open", resource);`
  const { breaches } = findBreaches(loadPolicies(cedar, [...Object.values(files), careless]), { first: true })
  expect(breaches).toHaveLength(1)
  expect(breachLine(breaches[0] as never)).toMatch(/may open for .* in spite of/)
})

it('finds what is let through in a visit only', () => {
  const beside = `@id("beside") @title("More is permitted.") @source("nobody")
    permit (principal is Staff, action, resource) when { resource.visited };`
  const { breaches } = findBreaches(loadPolicies(cedar, [...Object.values(files), beside]), { first: true })
  expect(breaches).toHaveLength(1)
})

it.each([
  'permit (principal is Staff, action, resource) when { resource.visited && resource.protected };',
  'permit (principal is Staff, action, resource) when { resource.visited == false };',
  'permit (principal is Staff, action, resource) when { if resource.visited then false else true };',
  'permit (principal is Staff, action, resource) unless { context.judgeOrder };',
  'permit (principal is Staff, action, resource) when { context.approvals < 1 };',
  'permit (principal is Staff, action, resource) unless { principal.organisation has attestedUntil };',
  'permit (principal is Staff, action, resource) unless { principal.organisation.hasFunction };',
])('does not load a rule that permits more to whoever has less: %s', (rule) => {
  const beside = `@id("beside") @title("More is permitted.") @source("nobody") ${rule}`
  expect(() => loadPolicies(cedar, [...Object.values(files), beside])).toThrow(
    'beside: it permits more to whoever has less',
  )
})

it.each([
  '{ kept: context.fields }.kept.contains("nationality")',
  '(if context.lockdown then context else context).fields.contains("nationality")',
  'context == context',
  '[context].contains(context)',
])('does not load a rule that asks for all of a question, or puts parts of it together: %s', (asked) => {
  const beside = `@id("beside") @title("More is permitted.") @source("nobody")
    permit (principal is Staff, action == Action::"open", resource) when { ${asked} };`
  expect(() => loadPolicies(cedar, [...Object.values(files), beside])).toThrow('beside: it asks for all of a question')
})

it('does not load what it could not go through', () => {
  const careless = `@id("careless") @title("Who asks for nothing may look.") @source("nobody")
    permit (principal is Resident, action == Action::"open", resource) when { context.fields.isEmpty() };`
  expect(() => loadPolicies(cedar, [...Object.values(files), careless])).toThrow('careless: it asks about fields')
})
