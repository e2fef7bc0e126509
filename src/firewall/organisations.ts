import anyAscii from 'any-ascii'
import type { Transaction } from '../platform/database.ts'
import { closes, FUNCTIONS } from './functions.ts'
import { addMachine } from './machines.ts'
import {
  citizenshipOffices,
  enforcementBodyNames,
  functionsOf,
  keepAttestation,
  keepFunction,
  keepLink,
  organisationById,
  organisationsById,
  organisationsWithAliases,
  positionRows,
} from './organisation-store.ts'

/** Where an organisation stands: everything it belongs to, reports to or shares data with, to any depth. */
export interface Position {
  organisationId: string
  attestedUntil: Temporal.Instant | undefined
  organisations: ReadonlyMap<string, { related: readonly string[]; functions: readonly string[] }>
}

/** Cached positions of one municipality's organisations, good for one version of the graph. */
export interface GraphCache {
  version: string
  positions: Map<string, Position>
}

/**
 * @param now when attestations that count have been signed
 * @param lentTo further organisations the requester works for: where they stand, the requester stands too
 * @returns undefined when the registry knows no such organisation
 */
export async function loadPosition(
  transaction: Transaction,
  {
    organisationId,
    lentTo = [],
    now = Temporal.Now.instant(),
  }: { organisationId: string; lentTo?: readonly string[] | undefined; now?: Temporal.Instant | undefined },
): Promise<Position | undefined> {
  const { rows } = await positionRows(transaction, {
    organisationId,
    lentTo: JSON.stringify(lentTo),
    now: now.toString(),
  })
  const own = rows.find((row) => row.organisation_id === organisationId)
  if (own === undefined) return undefined
  return {
    organisationId,
    attestedUntil: own.attested_until === null ? undefined : own.attested_until.toTemporalInstant(),
    organisations: new Map(
      rows.map((row) => [row.organisation_id, { related: row.related, functions: row.functions }]),
    ),
  }
}

/** The words of a text as they sound: letters that look alike, accents and what nobody sees make no difference. */
const words = (text: string) =>
  ` ${anyAscii(text.normalize('NFKC').replaceAll(/[\p{Cf}\p{M}]/gu, ''))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()} `
/** A name that is long enough to be known inside other letters too, without its spaces. */
const LONG_NAME = 8
function names(said: string, name: string): boolean {
  const whole = words(name)
  if (whole === '  ') return false
  const bare = whole.replaceAll(' ', '')
  return said.includes(whole) || (bare.length >= LONG_NAME && said.replaceAll(' ', '').includes(bare))
}

/**
 * The organisations that a text names: by one of their names, whole, however it is written and whatever else stands beside it.
 * Whoever helps or acts for somebody is named in free words; where those are an organisation's, they stand where it stands.
 */
export async function organisationsNamed(transaction: Transaction, text: string): Promise<string[]> {
  const said = words(text)
  const known = await organisationsWithAliases(transaction)
  return known.filter(({ name, aliases }) => [name, ...aliases].some((one) => names(said, one))).map(({ id }) => id)
}

/** Whether an organisation, or anything it is tied to, closes the gate. */
export async function closesTheGateFor(transaction: Transaction, ids: readonly string[]): Promise<boolean> {
  const [first, ...others] = ids
  if (first === undefined) return false
  const position = await loadPosition(transaction, { organisationId: first, lentTo: others })
  return closes([...(position?.organisations.values() ?? [])].flatMap((one) => one.functions))
}

/** The names of bodies that are never answered, enrolled here or in the catalogue of all towns, among those that a text names. */
export async function closingNamed(transaction: Transaction, text: string): Promise<string[]> {
  const ids = await organisationsNamed(transaction, text)
  const closing: string[] = []
  for (const id of ids) if (await closesTheGateFor(transaction, [id])) closing.push(id)
  const said = words(text)
  const bodies = await enforcementBodyNames(transaction)
  const listed = bodies.map(({ name }) => name).filter((name) => names(said, name))
  return [...new Set([...(await organisationNames(transaction, closing)).values(), ...listed])]
}

/** Whether it would shut out the registry's own offices if one of these organisations were tied to enforcement. */
export async function standsUnderAnOffice(
  transaction: Transaction,
  ids: readonly string[],
  office: string,
): Promise<boolean> {
  const offices = await citizenshipOffices(transaction)
  for (const one of new Set([office, ...offices.map((row) => row.organisation_id)])) {
    const reached = (await loadPosition(transaction, { organisationId: one }))?.organisations
    if (ids.some((id) => reached?.has(id))) return true
  }
  return false
}

/** Whether an organisation is enrolled as one that gives orders of a judge. */
export async function givesOrders(transaction: Transaction, id: string): Promise<boolean> {
  const position = await loadPosition(transaction, { organisationId: id })
  return (position?.organisations.get(id)?.functions ?? []).some((one) => FUNCTIONS.get(one)?.orders)
}

/** How an organisation is tied to another. */
export const LINKS = ['memberOf', 'reportsTo', 'sharesWith', 'suppliedBy'] as const
export type LinkKind = (typeof LINKS)[number]
/** Those that count from whichever end they are written: what one has, the other has. */
export const BOTH_WAYS: readonly LinkKind[] = ['sharesWith', 'suppliedBy']

export interface Enrolment {
  id: string
  functions: readonly string[]
  memberOf: readonly string[]
  reportsTo: readonly string[]
  sharesWith: readonly string[]
  /** Who hosts for it, or works for it under a contract. */
  suppliedBy: readonly string[]
  attestation?: { signedBy: string; signedAt: string } | undefined
  clients: readonly string[]
}

/** Records what an organisation does and what it is tied to. All it names exist already. Promises made before lapse. */
export async function linkOrganisation(
  transaction: Transaction,
  municipalityId: string,
  enrolment: Enrolment,
): Promise<void> {
  const own = { municipality_id: municipalityId, organisation_id: enrolment.id }
  for (const name of enrolment.functions) {
    await keepFunction(transaction, { own, duty: name })
  }
  for (const kind of LINKS) {
    for (const related_id of enrolment[kind]) {
      await keepLink(transaction, { own, kind, related_id })
    }
  }
}

/** Records an organisation's attestation and its machines, once all links are there. */
export async function admitOrganisation(
  transaction: Transaction,
  municipalityId: string,
  enrolment: Enrolment,
): Promise<void> {
  const own = { municipality_id: municipalityId, organisation_id: enrolment.id }
  if (enrolment.attestation) {
    const signed = Temporal.Instant.from(enrolment.attestation.signedAt)
    await keepAttestation(transaction, {
      own,
      signedBy: enrolment.attestation.signedBy,
      signedAt: signed.toString(),
      expiresAt: signed.toZonedDateTimeISO('UTC').add({ months: 12 }).toInstant().toString(),
    })
  }
  for (const id of enrolment.clients)
    await addMachine(transaction, municipalityId, { organisationId: enrolment.id, client: id })
}

/** What two officers see of an organisation that asks for something. */
export async function organisationOutline(
  transaction: Transaction,
  id: string,
): Promise<{ name: string; identifier?: string; functions: string[]; resembles: string[] }> {
  const own = await organisationById(transaction, id)
  const functions = await functionsOf(transaction, id)
  const { name, identifier } = own
  const resembles = (await closesTheGateFor(transaction, [id])) ? [name] : []
  return { name, ...(identifier ? { identifier } : {}), functions: functions.map((row) => row.function), resembles }
}

/** What organisations are called, by their ids; those that are not enrolled here are absent. */
export async function organisationNames(
  transaction: Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await organisationsById(transaction, [...new Set(ids)])
  return new Map(rows.map(({ id, name }) => [id, name]))
}
