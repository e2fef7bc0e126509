import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { called, confirmedPlain, mustBePlain, ownWords, plain } from '../firewall/free-text.ts'
import { closes, FUNCTION_IDS, functionOf } from '../firewall/functions.ts'
import { addMachine, CLIENT_ID, mustBeFree, mustBeFresh, mustHaveRoom, nameKeys } from '../firewall/machines.ts'
import { closingNamed, organisationOutline } from '../firewall/organisations.ts'
import type { Staff } from '../firewall/requester.ts'
import { type Acts, type Carry, enrolling, proposeAct, waitingOf } from '../oversight/decide-act.ts'
import { enrolIn, Identifier, mustBeUnknown } from '../oversight/enrol.ts'
import { uuidv7 } from '../platform/clock.ts'
import { inMunicipality, type Transaction } from '../platform/database.ts'
import { type Paged, pageOf, readCursor } from '../platform/paging.ts'
import { NotFound, Problem } from '../platform/problem.ts'
import { lettersIn, newReference } from '../platform/reference.ts'
import { triedTooOften } from '../platform/tries.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { location, type MachineRequest, type NamedRequest, requestOf, Thumbprints } from './ask-for-machine.ts'
import {
  applicationUnder,
  keepApplication,
  lockApplication,
  markEnrolled,
  openApplications,
  refuseApplication,
} from './store.ts'

/** What an organisation may say it does. What is on no list is told in words to a legal officer, and is answered nothing. */
export const DOES = [...FUNCTION_IDS, 'other'] as const
const MOST = { source: 10, town: 300 } as const

export const Application = z.strictObject({
  name: called(200),
  /** Its number in a public register. */
  identifier: Identifier,
  functions: z.array(z.enum(DOES)).min(1).max(DOES.length),
  /** Whom it belongs to, reports to, shares data with, in its own words: it must be able to name whom we answer nothing. */
  links: ownWords(2000),
  /** Who signs that it passes nothing on. */
  officer: called(200),
  contact: plain(200),
  need: plain(2000),
  /** RFC 7638 thumbprints of its keys. */
  keys: Thumbprints.max(10),
  confirmedPlain,
})
export type Application = z.infer<typeof Application>

/** Nobody has signed in who applies. */
const APPLICANT = { kind: 'job', id: 'applications' } as const

/** What a legal officer answers: the machine's client id at the city's sign-in; or why not. */
export const ApplicationAnswer = z.discriminatedUnion('enrol', [
  z.strictObject({ enrol: z.literal(true), client: z.literal('').or(z.string().regex(CLIENT_ID)) }),
  z.strictObject({ enrol: z.literal(false), reason: plain(2000), confirmedPlain }),
])
export type ApplicationAnswer = z.infer<typeof ApplicationAnswer>

/** Of what they say they do, what the list says too. */
const listed = (functions: readonly string[]): string[] => functions.flatMap((one) => functionOf(one) ?? [])

/**
 * Takes an application from anyone. One from immigration enforcement is refused as it comes.
 *
 * @returns the code to follow it by, which is with whoever applied and nowhere else
 * @throws {SaysTooMuch} when its words may be about somebody's papers, and nobody said that they are not
 * @throws {Problem} too-many-applications
 */
export async function applyToAsk(
  deps: RegistryDeps,
  town: Municipality,
  { application, source }: { application: Application; source: string },
): Promise<{ reference: string }> {
  await mustBePlain(deps.gate, { municipalityId: town.id, by: APPLICANT }, { schema: Application, form: application })
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  const { letters, shown } = newReference()
  const id = uuidv7()
  const now = deps.clock.now()
  const refused = listed(application.functions).some((one) => closes([one]))
  const taken = await inMunicipality(deps.database, town.id, async (transaction) => {
    if (await triedTooOften(transaction, { town, hash, now, kind: 'application', source, most: MOST })) return false
    await keepApplication(transaction, {
      id,
      municipality_id: town.id,
      reference_hash: hash(`application ${letters}`),
      data_key_id: ledger.id,
      content: Buffer.from(ledger.seal(location(id, 'content'), application)),
      received_at: now.toString(),
      ...(refused ? { decided_at: now.toString(), decided_by: 'the rules', decision: 'refused' } : {}),
    })
    return true
  })
  if (!taken) throw new Problem('too-many-applications', 429, 'Many applications came from here. Wait ten minutes.')
  return { reference: shown }
}

export interface ApplicationState {
  state: 'waiting' | 'enrolled' | 'refused'
  /** In a legal officer's words; absent where the rules alone decided. */
  reason: string | undefined
}

/** How an application stands, for whoever has its code. @returns undefined for a code nothing has */
export async function applicationState(
  deps: RegistryDeps,
  town: Municipality,
  typed: string,
): Promise<ApplicationState | undefined> {
  const { hash, ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const row = await applicationUnder(transaction, hash(`application ${lettersIn(typed)}`))
    if (row === undefined) return undefined
    return {
      state: row.decision === 'enrolled' || row.decision === 'refused' ? row.decision : 'waiting',
      reason: row.reason === null ? undefined : (ledger.open(location(row.id, 'reason'), row.reason) as string),
    }
  })
}

/** What waits for an officer: who applies; or what an organisation asks for its machines. */
export type ApplicationToReview = {
  id: string
  receivedAt: string
  /** An officer has proposed it, and another has not decided. */
  proposed: boolean
  /** Names of organisations that are never answered which it names, sounds like or is. */
  resembles: string[]
} & (({ kind: 'enrol' } & Application) | ({ name: string } & MachineRequest))

/** On one page. */
const MOST_LISTED = 20

/** Applications that wait, a page at a time and the oldest first. @throws {Refusal} */
export async function applicationsToReview(
  deps: RegistryDeps,
  { town, by: officer }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<ApplicationToReview>>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const after = readCursor(cursor)
  return deps.gate.decide(enrolling(town.id, officer), async (transaction) => {
    const read = await openApplications(transaction, { after, most: MOST_LISTED + 1 })
    const { rows, more } = pageOf(read, MOST_LISTED, (row) => ({ at: row.received_at.toISOString(), id: row.id }))
    const proposed = new Set((await waitingOf(transaction, ledger, 'application')).map((act) => act.applicationId))
    const items: ApplicationToReview[] = []
    for (const row of rows) {
      const said = ledger.open(location(row.id, 'content'), row.content) as Application
      const asking = row.asked_for === null ? undefined : await organisationOutline(transaction, row.asked_for)
      items.push({
        ...said,
        ...(asking === undefined ? { kind: 'enrol' } : { name: asking.name }),
        resembles: asking?.resembles ?? (await closingNamed(transaction, `${said.name} ${said.links}`)),
        id: row.id,
        proposed: proposed.has(row.id),
        receivedAt: row.received_at.toISOString(),
      } as ApplicationToReview)
    }
    return { items, more }
  })
}

/**
 * Refuses an application with a reason; or proposes to another officer that it be enrolled.
 *
 * @throws {SaysTooMuch} {NotFound} {Refusal}
 */
export async function decideApplication(
  deps: RegistryDeps,
  { town, by: officer }: Acting<Staff>,
  { id, answer, carry }: { id: string; answer: ApplicationAnswer; carry: Carry },
): Promise<Disclosed<object>> {
  if (answer.enrol) {
    const { ledger } = await deps.gate.keysOf(town.id)
    // What the second officer approves says who it is, and which keys.
    const content: Acts['application'] = {
      what: 'enrol',
      applicationId: id,
      client: answer.client,
      name: '',
      functions: [],
      keys: [],
    }
    return proposeAct(
      deps,
      { municipalityId: town.id, by: officer },
      {
        act: { kind: 'application', content },
        carry,
        closes: async (transaction) => {
          const row = await openApplication(transaction, id)
          const waiting = await waitingOf(transaction, ledger, 'application')
          if (waiting.some(({ applicationId }) => applicationId === id)) throw new AlreadyProposed()
          const said = ledger.open(location(id, 'content'), row.content)
          if (row.asked_for !== null) {
            const request = requestOf(said, answer.client)
            await mustHaveRoom(transaction, row.asked_for, request)
            if (request.kind === 'machine') await mustBeFree(transaction, [request.client])
            const asking = await organisationOutline(transaction, row.asked_for)
            Object.assign(content, {
              ...asking,
              what: request.kind,
              client: request.client,
              keys: request.keys,
            })
            return false
          }
          const { name, identifier, functions, keys, links, need, officer: signedBy } = said as Application
          await mustBeUnknown(transaction, identifier)
          await mustBeFresh(transaction, keys)
          if (answer.client !== '') await mustBeFree(transaction, [answer.client])
          const resembles = await closingNamed(transaction, `${name} ${links}`)
          const told = { name, identifier, functions: listed(functions), keys, links, need, signedBy, resembles }
          Object.assign(content, told)
          return false
        },
      },
    )
  }
  await mustBePlain(deps.gate, { municipalityId: town.id, by: officer }, { schema: ApplicationAnswer, form: answer })
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.decide(enrolling(town.id, officer), async (transaction) => {
    await openApplication(transaction, id)
    const reason = Buffer.from(ledger.seal(location(id, 'reason'), answer.reason))
    await refuseApplication(transaction, { decidedAt: deps.clock.now().toString(), decidedBy: officer.id, reason, id })
    return { refused: true }
  })
}

/** @throws where an officer has proposed an application, and another has not decided yet. */
export class AlreadyProposed extends Problem {
  constructor() {
    super('already-proposed', 409, 'It was proposed already, and waits for a second officer.')
  }
}

/** An application that waits, held against another decision. @throws {NotFound} */
async function openApplication(
  transaction: Transaction,
  id: string,
): Promise<{ content: Uint8Array; asked_for: string | null }> {
  const row = await lockApplication(transaction, id)
  if (row === undefined) throw new NotFound()
  return row
}

/**
 * Enrols whoever applied, once two officers have said so: answered from this commit on, unless a link says otherwise, and its
 * machine only with the keys it named.
 *
 * @throws {ClientTaken} {NotFound}
 */
export async function enrolApplicant(
  deps: RegistryDeps,
  town: Municipality,
  {
    transaction,
    application: { applicationId: id, client },
  }: { transaction: Transaction; application: Acts['application'] },
): Promise<string> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const row = await openApplication(transaction, id)
  const said = ledger.open(location(id, 'content'), row.content)
  const organisationId =
    row.asked_for === null
      ? await admit(said as Application)
      : await admitMachine(row.asked_for, requestOf(said, client))
  await markEnrolled(transaction, { decidedAt: deps.clock.now().toString(), organisationId, id })
  return organisationId

  async function admit({ name, identifier, functions, officer: signedBy, keys }: Application): Promise<string> {
    const clients = client === '' ? [] : [client]
    await mustBeFresh(transaction, keys)
    const enrolled = { name, identifier, functions: listed(functions), signedBy, clients }
    const made = await enrolIn(transaction, { clock: deps.clock, municipalityId: town.id, enrol: enrolled })
    if (client !== '') await nameKeys(transaction, town.id, { client, keys })
    return made
  }

  async function admitMachine(asking: string, request: NamedRequest): Promise<string> {
    await mustHaveRoom(transaction, asking, request)
    if (request.kind === 'machine') await mustBeFree(transaction, [request.client])
    if (request.kind === 'machine')
      await addMachine(transaction, town.id, { organisationId: asking, client: request.client })
    await nameKeys(transaction, town.id, { client: request.client, keys: request.keys })
    return asking
  }
}
