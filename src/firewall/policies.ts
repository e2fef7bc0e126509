import type * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import purposeList from '../../policies/purposes.json'
import schema from '../../policies/schema.cedarschema?raw'
import type { Position } from './organisations.ts'
import type { Action, Requester } from './requester.ts'

const sources = import.meta.glob<string>('../../policies/*.cedar', { query: '?raw', import: 'default', eager: true })

/** The part of Cedar we call; each runtime loads its own build of it. */
export type Cedar = Pick<
  typeof cedar,
  'policySetTextToParts' | 'policyToJson' | 'preparsePolicySet' | 'preparseSchema' | 'statefulIsAuthorized' | 'validate'
>

export interface Purpose {
  id: string
  title: Record<string, string>
  requesters: string[]
  actions: string[]
  fields: string[]
}

export const purposes: ReadonlyMap<string, Purpose> = new Map(purposeList.map((purpose) => [purpose.id, purpose]))

/** What the policies are asked. Nothing in it says who the person is. */
export interface Question {
  requester: Requester
  position: Position | undefined
  action: Action
  purpose: string
  fields: readonly string[]
  /** How many people it is about. */
  subjects: number
  record: { id: string; protected: boolean }
  now: Temporal.Instant
}

export interface Decision {
  permitted: boolean
  /** The policies that decided, by `@id`. */
  policies: string[]
}

export interface PolicyEngine {
  decide(question: Question): Decision
}

/** @throws when the policies cannot be used; the service does not start on them. */
export class PoliciesInvalid extends Error {
  readonly code = 'policies-invalid'
}

/**
 * Loads, validates and prepares the policies once.
 *
 * @throws {PoliciesInvalid} naming each fault
 */
export function loadPolicies(engine: Cedar, texts: readonly string[] = Object.values(sources)): PolicyEngine {
  const policies = named(engine, texts)
  const validation = engine.validate({ schema, policies: { staticPolicies: policies } })
  if (validation.type === 'failure')
    throw new PoliciesInvalid(validation.errors.map((error) => error.message).join('; '))
  const faults = [...validation.validationErrors, ...validation.validationWarnings]
  if (faults.length > 0) {
    throw new PoliciesInvalid(faults.map((fault) => `${fault.policyId}: ${fault.error.message}`).join('; '))
  }
  for (const rule of ['firewall.enforcement', 'firewall.purpose', 'firewall.attestation', 'firewall.bulk']) {
    if (!policies[rule]?.includes('forbid')) throw new PoliciesInvalid(`${rule}: this forbid must be present`)
  }
  const setId = `padron-${Object.keys(policies).length}-${Temporal.Now.instant().epochNanoseconds}`
  const parsed = engine.preparsePolicySet(setId, { staticPolicies: policies })
  if (parsed.type === 'failure') throw new PoliciesInvalid(parsed.errors.map((error) => error.message).join('; '))
  return { decide: (question) => decide(engine, setId, question) }
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

function decide(engine: Cedar, setId: string, question: Question): Decision {
  const purpose = purposes.get(question.purpose)
  if (purpose === undefined) return { permitted: false, policies: [] }
  const { requester, position } = question
  if ((requester.kind === 'client' || requester.kind === 'staff') && position === undefined) {
    return { permitted: false, policies: [] }
  }
  const principal = { type: PRINCIPALS[requester.kind], id: requester.id }
  const resource = { type: 'Record', id: question.record.id }
  const answer = engine.statefulIsAuthorized({
    principal,
    action: { type: 'Action', id: question.action },
    resource,
    context: {
      action: question.action,
      purpose: { __entity: { type: 'Purpose', id: purpose.id } },
      fields: [...question.fields],
      subjects: question.subjects,
      now: question.now.epochMilliseconds,
    },
    preparsedPolicySetId: setId,
    validateRequest: false,
    entities: [
      principalEntity(requester, position),
      ...(position ? organisationEntities(position) : []),
      { uid: resource, attrs: { protected: question.record.protected }, parents: [] },
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

const PRINCIPALS = { staff: 'Staff', client: 'Client', resident: 'Resident', job: 'Job' } as const

function principalEntity(requester: Requester, position: Position | undefined): cedar.EntityJson {
  const uid = { type: PRINCIPALS[requester.kind], id: requester.id }
  if (requester.kind === 'resident') {
    return { uid, attrs: { record: { __entity: { type: 'Record', id: requester.neighbourId } } }, parents: [] }
  }
  if (position === undefined) return { uid, attrs: {}, parents: [] }
  const organisation = { type: 'Organisation', id: position.organisationId }
  const attrs: cedar.EntityJson['attrs'] = { organisation: { __entity: organisation } }
  if (requester.kind === 'staff') attrs.role = requester.role
  return { uid, attrs, parents: [organisation] }
}

function organisationEntities(position: Position): cedar.EntityJson[] {
  return [...position.organisations].map(([id, { related, functions }]) => {
    const own = id === position.organisationId
    const attrs: cedar.EntityJson['attrs'] = { hasFunction: functions.length > 0 }
    if (own && position.attestedUntil !== undefined) attrs.attestedUntil = position.attestedUntil.epochMilliseconds
    return {
      uid: { type: 'Organisation', id },
      attrs,
      parents: [
        ...related.map((parent) => ({ type: 'Organisation', id: parent })),
        ...functions.map((name) => ({ type: 'Function', id: name })),
      ],
    }
  })
}
