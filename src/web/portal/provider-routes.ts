import { z } from '@hono/zod-openapi'
import { FREE_TEXT } from '../../firewall/free-text.ts'
import { CLIENT_ID } from '../../firewall/machines.ts'
import type { Gate } from '../../firewall/model.ts'
import type { Requester } from '../../firewall/requester.ts'
import { endpoint } from '../../http/endpoint.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import { thumbprintsIn } from '../../identity/public-keys.ts'
import { CLOSED_BECAUSE } from '../../oversight/provider-standing.ts'
import { InvalidInput } from '../../platform/problem.ts'
import type { RegistryDeps } from '../../registry/deps.ts'
import { askForMachine, callOff } from '../../requests/ask-for-machine.ts'
import { Ending, endOwn, providerOf } from '../../requests/providers.ts'
import type { Municipality } from '../../town/model.ts'

const tag = 'Service providers'
const Client = z.string().regex(CLIENT_ID)
const Time = z.string().openapi({ description: 'RFC 3339' })
const Standing = z
  .object({
    name: z.string(),
    answered: z.boolean(),
    because: z.array(z.object({ reason: z.enum(CLOSED_BECAUSE), since: z.iso.date().nullable() })),
    attestedUntil: Time.nullable(),
    machines: z.array(
      z.object({
        client: z.string(),
        endedAt: Time.nullable(),
        keys: z.array(z.object({ thumbprint: z.string(), knownAt: Time, endedAt: Time.nullable() })),
      }),
    ),
    waiting: z.array(
      z.object({
        id: z.uuid(),
        kind: z.enum(['machine', 'keys']),
        client: z.string().optional(),
        keys: z.array(z.string()),
        receivedAt: Time,
      }),
    ),
  })
  .openapi('ProviderStanding')
const Jwks = z
  .unknown()
  .openapi({ type: 'object', description: 'A set of one to ten public keys (RFC 7517). Never a private part.' })
  // Of each key its thumbprint is kept, and nothing else.
  .register(FREE_TEXT, { holds: 'passing' })
const Asked = z.object({ id: z.uuid() })
const NO_STORE = { 'cache-control': 'no-store' } as const

/** What an organisation does for its own machines: see how it stands, ask for keys and machines, end them. About nobody. */
export function providerRoutes(app: App, deps: RegistryDeps): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/v1/provider',
      summary: 'How your organisation stands, and its machines with their keys',
      tag,
      auth: 'requester',
      answers: { 200: { description: 'Whether it is answered, and why not', schema: Standing } },
      refuses: [403],
    },
    async ({ town, requester }) => {
      const organisationId = await organisationOf(deps.gate, town, requester)
      return Reply.open(publicData(await providerOf(deps, town, organisationId)), 200, NO_STORE)
    },
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/provider/keys',
      summary: 'Ask for other keys for a machine: two legal officers approve, and old and new count together',
      tag,
      auth: 'requester',
      body: z.strictObject({ client: Client, jwks: Jwks }).openapi({ required: ['client', 'jwks'] }),
      answers: { 202: { description: 'Waits for two legal officers', schema: Asked } },
      refuses: [403, 404, 409, 429],
    },
    async ({ town, requester, body }) => {
      const organisationId = await organisationOf(deps.gate, town, requester)
      const request = { kind: 'keys' as const, client: body.client, keys: await keysIn(body.jwks) }
      return Reply.open(publicData(await askForMachine(deps, town, { organisationId, request })), 202, NO_STORE)
    },
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/provider/machines',
      summary: 'Ask for another machine: two legal officers approve',
      tag,
      auth: 'requester',
      body: z.strictObject({ client: Client.optional(), jwks: Jwks }).openapi({ required: ['jwks'] }),
      answers: { 202: { description: 'Waits for two legal officers', schema: Asked } },
      refuses: [403, 409, 429],
    },
    async ({ town, requester, body }) => {
      const organisationId = await organisationOf(deps.gate, town, requester)
      const request = { kind: 'machine' as const, client: body.client, keys: await keysIn(body.jwks) }
      return Reply.open(publicData(await askForMachine(deps, town, { organisationId, request })), 202, NO_STORE)
    },
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/provider/endings',
      summary: 'End a machine of yours, or one of its keys, at once and for good',
      tag,
      auth: 'requester',
      body: Ending.openapi('MachineEnding'),
      answers: { 204: { description: 'Ended' } },
      refuses: [403, 404],
    },
    async ({ town, requester, body }) => {
      await endOwn(deps, town, { organisationId: await organisationOf(deps.gate, town, requester), ending: body })
      return Reply.empty()
    },
  )
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/provider/requests/{id}/withdrawal',
      summary: 'Call off what you asked for your machines, while it waits',
      tag,
      auth: 'requester',
      params: z.object({ id: z.uuid() }),
      answers: { 204: { description: 'Called off' } },
      refuses: [403, 404],
    },
    async ({ town, requester, params }) => {
      await callOff(deps, town, { organisationId: await organisationOf(deps.gate, town, requester), id: params.id })
      return Reply.empty()
    },
  )
}

/** @throws {Refusal} for anyone but a machine of an organisation that is known here */
async function organisationOf(gate: Gate, town: Municipality, requester: Requester): Promise<string> {
  if (requester.kind === 'client' && requester.organisationId !== null) return requester.organisationId
  return gate.turnAway(town.id, requester)
}

/** @throws {InvalidInput} of what is no set of public keys */
async function keysIn(jwks: unknown): Promise<string[]> {
  const keys = await thumbprintsIn(JSON.stringify(jwks ?? null))
  if (keys !== undefined && keys.length > 0) return keys
  throw new InvalidInput([
    { pointer: '/jwks', detail: 'Send public keys: P-256, P-384, Ed25519, or RSA of 2048 bits.' },
  ])
}
