import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { called, confirmedPlain, FREE_TEXT, mustBePlain, passing, plain } from '../firewall/free-text.ts'
import { FunctionId } from '../firewall/functions.ts'
import { CLIENT_ID, endMachine, mustBeFree, mustHaveRoom } from '../firewall/machines.ts'
import type { Gate } from '../firewall/model.ts'
import {
  addAlias,
  keepOrganisation,
  organisationWithIdentifier,
  readmit,
  suspend,
} from '../firewall/organisation-store.ts'
import { admitOrganisation, closingNamed, LINKS, linkOrganisation } from '../firewall/organisations.ts'
import type { ActingIn, Staff } from '../firewall/requester.ts'
import type { DataKey } from '../keys/seal.ts'
import type { Clock } from '../platform/clock.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { InvalidInput, Problem } from '../platform/problem.ts'
import { closesTheGate, mustBeKnown } from './closing.ts'
import { type Act, type ActState, type Acts, type Carry, proposeAct, shuttingOut } from './decide-act.ts'
import { mustEndInTime, secretOrder } from './handle-demand.ts'
import { freeDocument } from './keep-document.ts'
import { dropAffiliation, keepAffiliation, upheldReports } from './organisation-store.ts'
import { lockedDown } from './vote-lockdown.ts'

const Functions = z.array(FunctionId).max(10)

/** Its number in a public register, without spaces and dashes: an organisation is one, however it is called. */
export const Identifier = passing(60, 4)
  .transform((text) => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''))
  .pipe(z.string().regex(/^[A-Z0-9]{4,40}$/))
  .openapi({ type: 'string', description: 'Its number in a public register, for example of taxes or public bodies' })
  // The number of a firm of one person may be that person's own.
  .register(FREE_TEXT, { holds: 'passing' })

export const NewOrganisation = z
  .strictObject({
    name: called(200),
    identifier: Identifier,
    /** What it does. Without one it gets nothing. */
    functions: Functions,
    /** The officer who signs that it passes nothing on, where one has. */
    signedBy: called(200).optional(),
    /** Its machines' client ids at the city's sign-in. */
    clients: z.array(z.string().regex(CLIENT_ID)).max(10).default([]),
    confirmedPlain,
  })
  .openapi('NewOrganisation')
export type NewOrganisation = z.infer<typeof NewOrganisation>

export const Link = z
  .strictObject({ kind: z.enum(LINKS), relatedId: z.uuid() })
  .openapi('Link', { description: 'Where the related organisation stands, this one stands from now on.' })
export type Link = z.infer<typeof Link>

/** @throws when an organisation with this identifier is known already: it gets another name or machine, and is not enrolled again. */
export class OrganisationKnown extends Problem {
  constructor() {
    super('organisation-known', 409, 'An organisation with this identifier is known. Give it another name or machine.')
  }
}

/**
 * What each act does when it takes effect.
 *
 * @param rooms what other rooms do: the enrolment of whoever applied, the prolonging of an order's secrecy, wider rules
 */
export const carrying =
  (
    clock: Clock,
    municipalityId: string,
    rooms: {
      application(transaction: Transaction, content: Acts['application']): Promise<string | undefined>
      secrecy(transaction: Transaction, content: Acts['secrecy']): Promise<void>
      widen(transaction: Transaction, content: Acts['widen']): Promise<void>
      callOff(transaction: Transaction): Promise<void>
    },
  ): Carry =>
  async (transaction, { kind, content }) => {
    switch (kind) {
      case 'enrol':
        return enrolIn(transaction, { clock, municipalityId, enrol: content })
      case 'application':
        return rooms.application(transaction, content)
      case 'function':
        await mustBeKnown(transaction, [content.organisationId])
        await linkOrganisation(transaction, municipalityId, {
          ...NOTHING,
          id: content.organisationId,
          functions: [content.function],
        })
        return content.organisationId
      case 'link':
        await mustBeKnown(transaction, [content.organisationId, content.relatedId])
        await linkOrganisation(transaction, municipalityId, {
          ...NOTHING,
          id: content.organisationId,
          [content.kind]: [content.relatedId],
        })
        return content.organisationId
      case 'attestation':
        await mustBeKnown(transaction, [content.organisationId])
        await admitOrganisation(transaction, municipalityId, {
          ...NOTHING,
          id: content.organisationId,
          attestation: { signedBy: content.signedBy, signedAt: clock.now().toString() },
        })
        // Whoever was suspended is answered again from here on.
        await readmit(transaction, { readmittedAt: clock.now().toString(), id: content.organisationId })
        return content.organisationId
      case 'suspend':
        await mustBeReported(transaction, content.organisationId)
        await suspend(transaction, { suspendedAt: clock.now().toString(), id: content.organisationId })
        return content.organisationId
      case 'end-machine':
      case 'end-key':
        await endMachine(transaction, { clock, organisationId: content.organisationId, machineEnding: content })
        return content.organisationId
      case 'machine':
        await mustBeKnown(transaction, [content.organisationId])
        await mustHaveRoom(transaction, content.organisationId, { kind: 'machine', client: content.client, keys: [] })
        await mustBeFree(transaction, [content.client])
        await admitOrganisation(transaction, municipalityId, {
          ...NOTHING,
          id: content.organisationId,
          clients: [content.client],
        })
        return content.organisationId
      case 'alias':
        await mustBeKnown(transaction, [content.organisationId])
        await addAlias(transaction, { name: content.name, id: content.organisationId })
        return content.organisationId
      case 'lend':
        await mustBeKnown(transaction, [content.organisationId])
        await keepAffiliation(transaction, {
          municipalityId,
          staffId: content.staff,
          organisationId: content.organisationId,
        })
        return undefined
      case 'take-back':
        await dropAffiliation(transaction, { staffId: content.staff, organisationId: content.organisationId })
        return undefined
      case 'secrecy':
        await rooms.secrecy(transaction, content)
        return undefined
      case 'widen':
        await rooms.widen(transaction, content)
        return undefined
      case 'call-off':
        await rooms.callOff(transaction)
        return undefined
      case 'affected':
        return undefined
    }
  }

/** Looks when something is proposed whether it could be done: what cannot would wait for ever. @throws {NotFound} {InvalidInput} {OutOfTurn} {ClientTaken} */
async function mustBePossible(
  transaction: Transaction,
  { ledger, officer, act: { kind, content } }: { ledger: DataKey; officer: Staff; act: Act },
) {
  if ('organisationId' in content) await mustBeKnown(transaction, [content.organisationId])
  if (kind === 'link') {
    if (content.organisationId === content.relatedId)
      throw new InvalidInput([{ pointer: '/link/relatedId', detail: 'Name another organisation.' }])
    await mustBeKnown(transaction, [content.relatedId])
  }
  if (kind === 'machine') {
    await mustHaveRoom(transaction, content.organisationId, { kind, client: content.client, keys: [] })
    await mustBeFree(transaction, [content.client])
  }
  if (kind === 'suspend') content.upheld = await mustBeReported(transaction, content.organisationId)
  if (kind === 'enrol') {
    await mustBeUnknown(transaction, content.identifier)
    await mustBeFree(transaction, content.clients)
  }
  if (kind === 'secrecy') {
    await secretOrder(transaction, ledger, content.reference)
    await freeDocument(transaction, officer, content.documentId)
  }
}

/** Reports of one organisation that were found right within twelve months, from which on it may be suspended. */
export const REPORTS_TO_SUSPEND = 3

/** @throws when too few reports of an organisation were found right for it to be suspended. */
export class TooFewReports extends Problem {
  constructor() {
    super('too-few-reports', 409, 'It may be suspended once three reports within twelve months were found right.')
  }
}

/** @returns how many were found right @throws {NotFound} {TooFewReports} */
async function mustBeReported(transaction: Transaction, organisationId: string): Promise<number> {
  await mustBeKnown(transaction, [organisationId])
  const { rows } = await upheldReports(transaction, organisationId)
  const upheld = rows[0]?.upheld ?? 0
  if (upheld < REPORTS_TO_SUSPEND) throw new TooFewReports()
  return upheld
}

const NOTHING = { functions: [], memberOf: [], reportsTo: [], sharesWith: [], suppliedBy: [], clients: [] }

/** @throws {OrganisationKnown} where an organisation of this number is known */
export async function mustBeUnknown(transaction: Transaction, identifier: string | undefined): Promise<void> {
  if (identifier === undefined) return
  const known = await organisationWithIdentifier(transaction, identifier)
  if (known) throw new OrganisationKnown()
}

/** The same inside a decision of the gate's that is under way. @returns the organisation's id @throws {ClientTaken} */
export async function enrolIn(
  transaction: Transaction,
  {
    clock,
    municipalityId,
    enrol: { name, identifier, functions, signedBy, clients },
  }: { clock: Clock; municipalityId: string; enrol: Acts['enrol'] },
): Promise<string> {
  await mustBeUnknown(transaction, identifier)
  await mustBeFree(transaction, clients)
  const id = uuidv7()
  await keepOrganisation(transaction, { id, municipalityId, name, identifier: identifier ?? null })
  const enrolment = {
    id,
    functions,
    memberOf: [],
    reportsTo: [],
    sharesWith: [],
    suppliedBy: [],
    clients,
    ...(signedBy ? { attestation: { signedBy, signedAt: clock.now().toString() } } : {}),
  }
  await linkOrganisation(transaction, municipalityId, enrolment)
  await admitOrganisation(transaction, municipalityId, enrolment)
  return id
}

/** Who signs an attestation. */
export const Attesting = z.strictObject({ signedBy: called(200), confirmedPlain })

/** Who of the staff works for whom. */
export const Lending = z.strictObject({ staff: called(200), organisationId: z.uuid(), confirmedPlain })

const kindOf = <K extends string>(kind: K) => ({ kind: z.literal(kind) })
/** What an officer proposes. */
export const Proposal = z
  .discriminatedUnion('kind', [
    NewOrganisation.extend(kindOf('enrol')),
    z.strictObject({ ...kindOf('function'), organisationId: z.uuid(), function: FunctionId }),
    z.strictObject({ ...kindOf('link'), organisationId: z.uuid(), link: Link }),
    Attesting.extend({ ...kindOf('attestation'), organisationId: z.uuid() }),
    z.strictObject({ ...kindOf('machine'), organisationId: z.uuid(), client: z.string().regex(CLIENT_ID) }),
    z.strictObject({ ...kindOf('end-machine'), organisationId: z.uuid(), client: z.string().regex(CLIENT_ID) }),
    z.strictObject({
      ...kindOf('end-key'),
      organisationId: z.uuid(),
      client: z.string().regex(CLIENT_ID),
      thumbprint: z.string().regex(/^[\w-]{43}$/),
    }),
    z.strictObject({ ...kindOf('suspend'), organisationId: z.uuid() }),
    z.strictObject({ ...kindOf('alias'), organisationId: z.uuid(), name: called(200), confirmedPlain }),
    Lending.extend(kindOf('lend')),
    Lending.extend(kindOf('take-back')),
    /** To give what the loaded rules give: the digest of the table that was looked at. */
    z.strictObject({ ...kindOf('widen'), digest: z.string().regex(/^[0-9a-f]{64}$/) }),
    /** What two officers agreed to and has not begun does not begin: one is enough. */
    z.strictObject(kindOf('call-off')),
    z.strictObject({ ...kindOf('affected'), kid: z.string().regex(/^[\w-]{43}$/) }),
    z.strictObject({
      ...kindOf('secrecy'),
      reference: z.string().regex(/^D-[2-9A-HJ-NP-Z]{10}$/),
      until: z.iso.date(),
      /** What prolongs it, and its document, uploaded before. */
      basis: plain(500, 3),
      documentId: z.uuid(),
      confirmedPlain,
    }),
  ])
  .openapi('OfficerAct', {
    description:
      'What takes two legal officers. What closes the gate (a link to, or a function of, enforcement; the end of a machine or a key) takes effect at once, save where it would shut out an office of the registry itself.',
  })
export type Proposal = z.infer<typeof Proposal>

/**
 * Proposes what takes two officers.
 *
 * @throws {SaysTooMuch} when its words may be about papers, and nobody said that they are not
 * @throws {ClientTaken} {NotFound} {Refusal}
 */
export async function propose(
  deps: { gate: Gate; clock: Clock },
  { municipalityId, by: officer }: ActingIn<Staff>,
  { proposal, carry }: { proposal: Proposal; carry: Carry },
): Promise<Disclosed<ActState>> {
  await mustBePlain(deps.gate, { municipalityId, by: officer }, { schema: Proposal, form: proposal })
  if (proposal.kind === 'secrecy') mustEndInTime(proposal.until, deps.clock.now(), '/until')
  const act = actOf(proposal)
  const { ledger } = await deps.gate.keysOf(municipalityId)
  const mayClose = ['link', 'function', 'lend', 'end-machine', 'end-key', 'call-off'].includes(act.kind)
  const onlyClosing = mayClose && (await isClosed(deps.gate, municipalityId, officer))
  return proposeAct(
    deps,
    { municipalityId, by: officer },
    {
      act,
      carry,
      closes: async (transaction) => {
        await mustBePossible(transaction, { ledger, officer, act })
        // What the second officer looks at twice.
        if (act.kind === 'enrol' || act.kind === 'alias')
          act.content.resembles = await closingNamed(transaction, act.content.name)
        return closesTheGate(act, officer)(transaction)
      },
      onlyClosing,
    },
  )
}

/** Whether the registry is closed: of what officers decide only what closes more goes on then. */
async function isClosed(gate: Gate, municipalityId: string, officer: Staff): Promise<boolean> {
  let closed = false
  await gate.decide(shuttingOut(municipalityId, officer), async (transaction) => {
    closed = await lockedDown(transaction, municipalityId)
  })
  return closed
}

function actOf(proposal: Proposal): Act {
  switch (proposal.kind) {
    case 'enrol': {
      const { name, identifier, functions, signedBy, clients } = proposal
      return { kind: 'enrol', content: { name, identifier, functions, signedBy, clients } }
    }
    case 'function':
      return { kind: 'function', content: { organisationId: proposal.organisationId, function: proposal.function } }
    case 'link':
      return { kind: 'link', content: { organisationId: proposal.organisationId, ...proposal.link } }
    case 'attestation':
      return { kind: 'attestation', content: { organisationId: proposal.organisationId, signedBy: proposal.signedBy } }
    case 'machine':
      return { kind: 'machine', content: { organisationId: proposal.organisationId, client: proposal.client } }
    case 'end-machine':
      return { kind: 'end-machine', content: { organisationId: proposal.organisationId, client: proposal.client } }
    case 'end-key': {
      const { organisationId, client, thumbprint } = proposal
      return { kind: 'end-key', content: { organisationId, client, thumbprint } }
    }
    case 'suspend':
      return { kind: 'suspend', content: { organisationId: proposal.organisationId, upheld: 0 } }
    case 'alias':
      return { kind: 'alias', content: { organisationId: proposal.organisationId, name: proposal.name } }
    case 'lend':
    case 'take-back':
      return { kind: proposal.kind, content: { staff: proposal.staff, organisationId: proposal.organisationId } }
    case 'widen':
      return { kind: 'widen', content: { digest: proposal.digest } }
    case 'call-off':
      return { kind: 'call-off', content: {} }
    case 'affected':
      return { kind: 'affected', content: { kid: proposal.kid } }
    case 'secrecy': {
      const { reference, until, basis, documentId } = proposal
      return { kind: 'secrecy', content: { reference, until, basis, documentId } }
    }
  }
}
