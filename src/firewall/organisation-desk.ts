import { z } from '@hono/zod-openapi'
import type { Clock } from '../platform/clock.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import type { Disclosed } from './disclosed.ts'
import { called, confirmedPlain, mustBePlain } from './free-text.ts'
import { FunctionId } from './functions.ts'
import type { Gate } from './gate.ts'
import { admitOrganisation, tieOrganisation } from './organisations.ts'
import type { Staff } from './requester.ts'

const Functions = z.array(FunctionId).max(10)

export const NewOrganisation = z
  .strictObject({
    name: called(200),
    /** What it does. Without one it gets nothing. */
    functions: Functions,
    /** The officer who signs that it passes nothing on, where one has. */
    signedBy: called(200).optional(),
    /** Its machines' client ids at the city's sign-in. */
    clients: z
      .array(z.string().regex(/^[\w.:-]{1,200}$/))
      .max(10)
      .default([]),
    confirmedPlain,
  })
  .openapi('NewOrganisation')
export type NewOrganisation = z.infer<typeof NewOrganisation>

export const Tie = z
  .strictObject({ kind: z.enum(['memberOf', 'reportsTo', 'sharesWith']), relatedId: z.uuid() })
  .openapi('Tie', { description: 'Where the related organisation stands, this one stands from now on.' })
export type Tie = z.infer<typeof Tie>

export interface OrganisationOutline {
  id: string
  name: string
  functions: string[]
  ties: { kind: string; relatedId: string }[]
  attestedUntil: string | null
  clients: string[]
}

/** @throws when a client id belongs to another organisation already. */
export class ClientTaken extends Problem {
  constructor() {
    super('client-taken', 409, 'One of these machines belongs to another organisation.')
  }
}

/** What a legal officer asks the gate to enrol. */
export const enrolling = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'enrol', purpose: 'enrolment', fields: [] }) as const

/** Every organisation the registry knows, with what decides whether it is answered. @throws {Refusal} */
export async function listOrganisations(
  gate: Gate,
  municipalityId: string,
  officer: Staff,
): Promise<Disclosed<OrganisationOutline[]>> {
  return gate.decide(enrolling(municipalityId, officer), async (transaction) => {
    const [organisations, functions, ties, promises, clients] = [
      await transaction.selectFrom('organisations').select(['id', 'name']).orderBy('name').execute(),
      await transaction.selectFrom('organisation_functions').select(['organisation_id', 'function']).execute(),
      await transaction.selectFrom('organisation_links').select(['organisation_id', 'kind', 'related_id']).execute(),
      await transaction
        .selectFrom('attestations')
        .select('organisation_id')
        .select((row) => row.fn.max('expires_at').as('until'))
        .where('lapsed_at', 'is', null)
        .groupBy('organisation_id')
        .execute(),
      await transaction.selectFrom('clients').select(['organisation_id', 'id']).execute(),
    ]
    const of = <T extends { organisation_id: string }>(rows: T[], id: string) =>
      rows.filter((row) => row.organisation_id === id)
    return organisations.map(({ id, name }) => ({
      id,
      name,
      functions: of(functions, id).map((row) => row.function),
      ties: of(ties, id).map((row) => ({ kind: row.kind, relatedId: row.related_id })),
      attestedUntil: of(promises, id)[0]?.until?.toISOString() ?? null,
      clients: of(clients, id).map((row) => row.id),
    }))
  })
}

/** Enrols an organisation. It is answered from the moment it has a function, a promise and no tie to enforcement. @throws {ClientTaken} {Refusal} */
export async function enrolOrganisation(
  gate: Gate,
  clock: Clock,
  municipalityId: string,
  officer: Staff,
  organisation: NewOrganisation,
): Promise<Disclosed<{ id: string }>> {
  await mustBePlain(gate, municipalityId, officer, NewOrganisation, organisation)
  return gate.decide(enrolling(municipalityId, officer), async (transaction) => ({
    id: await enrolIn(transaction, clock, municipalityId, organisation),
  }))
}

/** The same inside a decision of the gate's that is under way. @returns the organisation's id @throws {ClientTaken} */
export async function enrolIn(
  transaction: Transaction,
  clock: Clock,
  municipalityId: string,
  { name, functions, signedBy, clients }: NewOrganisation,
): Promise<string> {
  if (clients.length > 0) {
    const taken = await transaction.selectFrom('clients').select('id').where('id', 'in', clients).executeTakeFirst()
    if (taken) throw new ClientTaken()
  }
  const id = uuidv7()
  await transaction.insertInto('organisations').values({ id, municipality_id: municipalityId, name }).execute()
  const enrolment = {
    id,
    functions,
    memberOf: [],
    reportsTo: [],
    sharesWith: [],
    clients,
    ...(signedBy ? { attestation: { signedBy, signedAt: clock.now().toString() } } : {}),
  }
  await tieOrganisation(transaction, municipalityId, enrolment)
  await admitOrganisation(transaction, municipalityId, enrolment)
  return id
}

/** Records that an organisation belongs to, reports to or shares with another. Its promise lapses with that. @throws {NotFound} {Refusal} */
export async function addTie(
  gate: Gate,
  municipalityId: string,
  officer: Staff,
  organisationId: string,
  { kind, relatedId }: Tie,
): Promise<Disclosed<{ id: string }>> {
  return gate.decide(enrolling(municipalityId, officer), async (transaction) => {
    const known = await transaction
      .selectFrom('organisations')
      .select('id')
      .where('id', 'in', [organisationId, relatedId])
      .execute()
    if (known.length !== 2) throw new NotFound()
    const none = { id: organisationId, functions: [], memberOf: [], reportsTo: [], sharesWith: [], clients: [] }
    await tieOrganisation(transaction, municipalityId, { ...none, [kind]: [relatedId] })
    return { id: organisationId }
  })
}

/** Who signs a promise. */
export const Promising = z.strictObject({ signedBy: called(200), confirmedPlain })

/** Records a promise, signed by a named officer, for twelve months. @throws {SaysTooMuch} {NotFound} {Refusal} */
export async function attest(
  gate: Gate,
  clock: Clock,
  municipalityId: string,
  officer: Staff,
  organisationId: string,
  promise: z.infer<typeof Promising>,
): Promise<Disclosed<{ id: string }>> {
  await mustBePlain(gate, municipalityId, officer, Promising, promise)
  return gate.decide(enrolling(municipalityId, officer), async (transaction) => {
    const known = await transaction
      .selectFrom('organisations')
      .select('id')
      .where('id', '=', organisationId)
      .executeTakeFirst()
    if (known === undefined) throw new NotFound()
    await admitOrganisation(transaction, municipalityId, {
      id: organisationId,
      functions: [],
      memberOf: [],
      reportsTo: [],
      sharesWith: [],
      clients: [],
      attestation: { signedBy: promise.signedBy, signedAt: clock.now().toString() },
    })
    return { id: organisationId }
  })
}
