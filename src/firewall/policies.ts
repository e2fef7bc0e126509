import { hash } from 'node:crypto'
import type * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { z } from '@hono/zod-openapi'
import ceiling from '../../policies/ceiling.json'
import purposeList from '../../policies/purposes.json'
import schema from '../../policies/schema.cedarschema?raw'
import { inEveryLanguage } from '../platform/languages.ts'
import { closes, FUNCTIONS } from './functions.ts'
import { digestOfGrants, type GrantTable } from './grant-table.ts'
import { grantsOf } from './grants.ts'
import { mayApply } from './may-apply.ts'
import type { Position } from './organisations.ts'
import { notToBeAsked, type PolicyJson, UNCONDITIONAL } from './policy-text.ts'
import type { Decision, Purpose, Question } from './question.ts'
import { isToldWhere, type Requester, standsWith } from './requester.ts'

const services = import.meta.glob('../../policies/services/*.json', { import: 'default', eager: true })
const sources = import.meta.glob<string>('../../policies/*.cedar', { query: '?raw', import: 'default', eager: true })

/** The part of Cedar we call; each runtime loads its own build of it. */
export type Cedar = Pick<
  typeof cedar,
  'policySetTextToParts' | 'policyToJson' | 'preparsePolicySet' | 'preparseSchema' | 'statefulIsAuthorized' | 'validate'
>

const withTitles: readonly Purpose[] = purposeList.map((purpose) => ({
  ...purpose,
  title: inEveryLanguage((file) => file.purposes[purpose.id] ?? ''),
}))

export const purposes: ReadonlyMap<string, Purpose> = new Map(withTitles.map((purpose) => [purpose.id, purpose]))

/** A rule as a lawyer reads it. */
export interface Rule {
  id: string
  effect: 'forbid' | 'permit'
  title: string
  /** The title in other languages. */
  titles: Record<string, string>
  source: string
}

export interface PolicyEngine {
  decide(question: Question): Decision
  /** Why data is opened, as this engine knows it. */
  purposes: ReadonlyMap<string, Purpose>
  /** Every rule in force, the refusals first. */
  rules: readonly Rule[]
  /** SHA-256 of all that decides: rules, schema and purposes; hex. */
  digest: string
  /** What anyone can get by these rules, worked out once, and its digest. */
  grants(): { table: GrantTable; digest: string }
}

/** @throws when the policies cannot be used; the service does not start on them. */
export class PoliciesInvalid extends Error {
  readonly code = 'policies-invalid'
}

/** What a policy says, whatever its spacing, comments and annotations. */
function essence(engine: Cedar, text: string): string {
  const json = engine.policyToJson(text)
  if (json.type === 'failure') throw new PoliciesInvalid(json.errors.map((error) => error.message).join('; '))
  const { annotations: _, ...rest } = json.json
  return JSON.stringify(rest)
}

/**
 * Loads, validates and prepares the policies once.
 *
 * @throws {PoliciesInvalid} naming each fault
 */
export function loadPolicies(
  engine: Cedar,
  texts: readonly string[] = Object.values(sources),
  known: ReadonlyMap<string, Purpose> = purposes,
): PolicyEngine {
  const policies = named(engine, texts)
  const validation = engine.validate({ schema, policies: { staticPolicies: policies } })
  if (validation.type === 'failure')
    throw new PoliciesInvalid(validation.errors.map((error) => error.message).join('; '))
  const faults = [...validation.validationErrors, ...validation.validationWarnings]
  if (faults.length > 0) {
    throw new PoliciesInvalid(faults.map((fault) => `${fault.policyId}: ${fault.error.message}`).join('; '))
  }
  for (const [rule, text] of Object.entries(UNCONDITIONAL)) {
    if (policies[rule] === undefined || essence(engine, policies[rule]) !== essence(engine, text)) {
      throw new PoliciesInvalid(`${rule}: this forbid must be present, word for word`)
    }
  }
  const said = Object.entries(policies).map(([id, text]) => {
    const policy = JSON.parse(essence(engine, text)) as PolicyJson
    const fault = id in UNCONDITIONAL ? undefined : notToBeAsked(policy)
    if (fault) throw new PoliciesInvalid(`${id}: ${fault}`)
    return policy
  })
  const setId = `padron-${Object.keys(policies).length}-${Temporal.Now.instant().epochNanoseconds}`
  const parsed = engine.preparsePolicySet(setId, { staticPolicies: policies })
  if (parsed.type === 'failure') throw new PoliciesInvalid(parsed.errors.map((error) => error.message).join('; '))
  const within = mayApply(said)
  const decided = rememberingEngine((question) => decide(engine, { setId, known, question }))
  const whole: Omit<PolicyEngine, 'grants'> = {
    decide: (question) =>
      question.whether && !within(plain(question, known)) ? { permitted: false, policies: [] } : decided(question),
    purposes: known,
    rules: rulesOf(engine, policies),
    digest: digestOf(policies, known),
  }
  let grants: { table: GrantTable; digest: string } | undefined
  return {
    ...whole,
    grants: () => {
      if (grants === undefined) {
        const table = grantsOf(
          whole,
          Object.values(services).map((file) => GivenFile.parse(file)),
        )
        grants = { table, digest: digestOfGrants(table) }
      }
      return grants
    },
  }
}

/** What of a service profile widens or narrows what it gives. */
const GivenFile = z.object({
  id: z.string(),
  claims: z.array(z.string()),
  validityDays: z.number(),
  nonce: z.boolean(),
  askedBy: z.string(),
  freshSignIn: z.boolean().default(false),
  givenBy: z.array(z.string()),
})

function rulesOf(engine: Cedar, policies: Record<string, string>): Rule[] {
  const rules = Object.entries(policies).map(([id, text]): Rule => {
    const json = engine.policyToJson(text)
    if (json.type === 'failure') throw new PoliciesInvalid(json.errors.map((error) => error.message).join('; '))
    const { effect, annotations } = json.json
    const titles = inEveryLanguage((file) => file.rules[id] ?? '')
    return { id, effect, title: String(annotations?.title), titles, source: String(annotations?.source) }
  })
  // The refusals first, and of those the ones that stand above all.
  const rank = ({ id }: Rule) => Object.keys(UNCONDITIONAL).indexOf(id) + 1 || 100
  return rules.sort((a, b) => a.effect.localeCompare(b.effect) || rank(a) - rank(b) || a.id.localeCompare(b.id))
}

/** Of all that decides: the rules, what the code itself never leaves out, purposes, functions, services and the ceiling. */
function digestOf(policies: Record<string, string>, known: ReadonlyMap<string, Purpose>): string {
  const rules = Object.entries(policies).sort(([a], [b]) => (a < b ? -1 : 1))
  const decides = [
    rules,
    UNCONDITIONAL,
    schema,
    [...known.values()],
    [...FUNCTIONS.values()],
    services,
    ceiling,
    inEveryLanguage((file) => file.rules),
  ]
  return hash('sha256', JSON.stringify(decides), 'hex')
}

function named(engine: Cedar, texts: readonly string[]): Record<string, string> {
  const policies: Record<string, string> = {}
  for (const text of texts) {
    const parts = engine.policySetTextToParts(text)
    if (parts.type === 'failure') throw new PoliciesInvalid(parts.errors.map((error) => error.message).join('; '))
    for (const policy of parts.policies) {
      const json = engine.policyToJson(policy)
      if (json.type === 'failure') throw new PoliciesInvalid(json.errors.map((error) => error.message).join('; '))
      const id = json.json.annotations?.id
      if (id === undefined || !json.json.annotations?.title || !json.json.annotations.source) {
        throw new PoliciesInvalid('every policy needs @id, @title and @source')
      }
      if (policies[id] !== undefined) throw new PoliciesInvalid(`${id}: two policies have this @id`)
      policies[id] = policy
    }
  }
  return policies
}

const MOST_REMEMBERED = 2_000

/**
 * Asks each question once a second. A search weighs hundreds of records with the same question, because
 * `decide` shows the policies only what they may decide by: whose a record is and whether it is protected,
 * never which one. What is remembered is exact, and gone when the second is over.
 */
function rememberingEngine(ask: (question: Question) => Decision): PolicyEngine['decide'] {
  const numbers = new WeakMap<Position, number>()
  let latest = 0
  let second = 0
  let remembered = new Map<string, Decision>()

  /** Which position it is: the same object, the same number. */
  function numberOf(position: Position | undefined): number {
    if (position === undefined) return -1
    const known = numbers.get(position)
    if (known !== undefined) return known
    latest += 1
    numbers.set(position, latest)
    return latest
  }

  return (question) => {
    const now = wholeSeconds(question.now)
    if (now !== second || remembered.size >= MOST_REMEMBERED) {
      second = now
      remembered = new Map()
    }
    const { requester, action, purpose, fields, subjects, record, approvals = 0 } = question
    const role = requester.kind === 'staff' ? requester.role : ''
    const whose = recordId(question)
    const key = JSON.stringify([
      principalType(requester),
      requester.id,
      role,
      numberOf(question.position),
      action,
      purpose,
      fields,
      subjects,
      whose,
      record.protected,
      record.visited ?? false,
      question.lockdown ?? false,
      question.overBudget ?? false,
      question.ended ?? false,
      requester.kind === 'resident' && isToldWhere(requester),
      standsWith(requester),
      question.judgeOrder ?? false,
      approvals,
      requester.kind === 'authority' ? requester.functions : '',
    ])
    const known = remembered.get(key)
    if (known) return known
    const decision = ask(question)
    remembered.set(key, decision)
    return decision
  }
}

/** Rounded up: what runs out within this second has run out. */
function wholeSeconds(now: Temporal.Instant): number {
  return Math.ceil(now.epochMilliseconds / 1000)
}

/** All that the policies learn about which record it is. */
function recordId({ requester, record }: Question): 'own' | 'somebody' {
  return requester.kind === 'resident' && requester.neighbourId === record.id ? 'own' : 'somebody'
}

/** What a permit's plainest words are about. A purpose nobody knows is nobody's. */
const plain = ({ requester, action, purpose }: Question, known: ReadonlyMap<string, Purpose>) => ({
  principal: principalType(requester),
  role: requester.kind === 'staff' ? requester.role : undefined,
  action,
  purpose: known.get(purpose) ?? { requesters: [], actions: [] },
})

function decide(
  engine: Cedar,
  { setId, known, question }: { setId: string; known: ReadonlyMap<string, Purpose>; question: Question },
): Decision {
  const purpose = known.get(question.purpose)
  if (purpose === undefined) return { permitted: false, policies: [] }
  const { requester, position } = question
  // Whoever names an organisation the registry does not know stands nowhere.
  if (standsWith(requester).length > 0 && position === undefined) {
    return { permitted: false, policies: [] }
  }
  if (requester.kind === 'client' && position === undefined) {
    return { permitted: false, policies: [] }
  }
  const principal = { type: principalType(requester), id: requester.id }
  const resource = { type: 'Record', id: recordId(question) }
  const answer = engine.statefulIsAuthorized({
    principal,
    action: { type: 'Action', id: question.action },
    resource,
    context: {
      action: question.action,
      purpose: { __entity: { type: 'Purpose', id: purpose.id } },
      fields: [...question.fields],
      subjects: question.subjects,
      lockdown: question.lockdown ?? false,
      overBudget: question.overBudget ?? false,
      ended: question.ended ?? false,
      judgeOrder: question.judgeOrder ?? false,
      approvals: question.approvals ?? 0,
      now: wholeSeconds(question.now) * 1000,
    },
    preparsedPolicySetId: setId,
    validateRequest: false,
    entities: [
      principalEntity(requester, position),
      ...(position ? organisationEntities(position) : []),
      {
        uid: resource,
        attrs: { protected: question.record.protected, visited: question.record.visited ?? false },
        parents: [],
      },
      {
        uid: { type: 'Purpose', id: purpose.id },
        attrs: { fields: purpose.fields, actions: purpose.actions, requesters: purpose.requesters },
        parents: [],
      },
    ],
  })
  // A policy that could not be evaluated permits nothing.
  if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0)
    return { permitted: false, policies: [] }
  return { permitted: answer.response.decision === 'allow', policies: answer.response.diagnostics.reason }
}

const PRINCIPALS = {
  staff: 'Staff',
  client: 'Client',
  job: 'Job',
  authority: 'Authority',
} as const

/** Who comes by a way in of a neighbour's is that neighbour, or somebody for them: as what they are. */
function principalType(requester: Requester): string {
  if (requester.kind !== 'resident') return PRINCIPALS[requester.kind]
  return requester.helper ? 'Helper' : requester.representative ? 'Representative' : 'Resident'
}

function principalEntity(requester: Requester, position: Position | undefined): cedar.EntityJson {
  const uid = { type: principalType(requester), id: requester.id }
  if (requester.kind === 'resident') {
    const record = { __entity: { type: 'Record', id: 'own' } }
    const attrs = requester.helper ? { record } : { record, toldWhere: isToldWhere(requester) }
    return { uid, attrs, parents: position ? [{ type: 'Organisation', id: position.organisationId }] : [] }
  }
  if (requester.kind === 'authority') {
    const parents = functionParents(requester.functions)
    return {
      uid,
      // A library that is pointed at in the name of a court is none.
      attrs: {
        enrolled: (position?.organisations.get(position.organisationId)?.functions ?? []).some(
          (one) => FUNCTIONS.get(one)?.orders,
        ),
      },
      parents: position ? [...parents, { type: 'Organisation', id: position.organisationId }] : parents,
    }
  }
  if (position === undefined) return { uid, attrs: {}, parents: [] }
  const organisation = { type: 'Organisation', id: position.organisationId }
  const attrs: cedar.EntityJson['attrs'] = { organisation: { __entity: organisation } }
  if (requester.kind === 'staff') attrs.role = requester.role
  return { uid, attrs, parents: [organisation] }
}

/** What somebody is in by what they do. A function that is on no list closes the gate too: nobody has said what it is. */
function functionParents(functions: Iterable<string>): cedar.TypeAndId[] {
  const names = [...functions]
  return [...names, ...(closes(names) ? ['closed'] : [])].map((id) => ({ type: 'Function', id }))
}

/**
 * An organisation is put directly in all that it can reach: what matters is whether there is a path, and
 * a chain would break where organisations share with each other in a circle.
 */
function organisationEntities(position: Position): cedar.EntityJson[] {
  const organisation = (id: string) => ({ type: 'Organisation', id })
  const functions = new Set([...position.organisations.values()].flatMap((reached) => reached.functions))
  const others = [...position.organisations.keys()].filter((id) => id !== position.organisationId)
  const own = position.organisations.get(position.organisationId)
  const attrs: cedar.EntityJson['attrs'] = { hasFunction: (own?.functions.length ?? 0) > 0 }
  if (position.attestedUntil !== undefined) attrs.attestedUntil = position.attestedUntil.epochMilliseconds
  return [
    {
      uid: organisation(position.organisationId),
      attrs,
      parents: [...others.map(organisation), ...functionParents(functions)],
    },
    ...others.map((id) => ({
      uid: organisation(id),
      attrs: { hasFunction: (position.organisations.get(id)?.functions.length ?? 0) > 0 },
      parents: [],
    })),
  ]
}
