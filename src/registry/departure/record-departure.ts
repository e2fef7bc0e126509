import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain, plain } from '../../firewall/free-text.ts'
import type { UnitOfWork } from '../../firewall/model.ts'
import { isSupervisor, purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { InvalidInput, NotFound, Problem, words } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { idempotencyOf } from '../idempotency.ts'
import type { NeighbourFields } from '../model.ts'
import { INFORMANTS, type Informant } from '../person/channels.ts'
import { faultsOfDeathAway, faultsOfEnd, lifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import { withdrawAllProofs } from '../person/held-proofs.ts'
import { nextVersion, recordMovement, unchangedSince } from '../person/neighbours.ts'
import { hasRepresentative, isUnder, OF_AGE } from '../person/representation/act-for.ts'
import { setDeparture } from '../person/store.ts'
import { actOnce } from '../replays.ts'
import { endResidence } from '../residence/move.ts'
import { NotResident } from '../residence/not-resident.ts'
import { hidesWhereabouts, loadRecords } from '../store.ts'
import { withProceedings } from './hearing.ts'
import { type Proceeding, type ProceedingCause, proceedingAt, SaidBy } from './hearing-model.ts'
import { isDead, movementsInForce } from './movements-in-force.ts'
import { retellCards } from './removal.ts'
import { keepProceeding, proceedingOpen, withdrawProceedings } from './store.ts'

const reason = plain(2000, 3)
const informant = z.enum(INFORMANTS).openapi({
  description:
    'Who said so, as a kind. Where it is somebody of the address, a letter to it alone is no notice. Never who they are.',
})

const MovedAway = z
  .strictObject({
    cause: z.literal('moved-away'),
    on: z.iso.date().optional(),
    saidBy: SaidBy.optional().openapi({
      description: 'How the neighbour said so themselves: it takes effect at once.',
    }),
    reason: reason.optional(),
    informant: informant.optional(),
    confirmedPlain,
  })
  .superRefine((said, context) => {
    const fault = (field: 'saidBy' | 'on' | 'reason' | 'informant', message: string) =>
      context.addIssue({ code: 'custom', path: [field], message })
    if (said.saidBy !== undefined) {
      for (const field of ['reason', 'informant'] as const)
        if (said[field] !== undefined) fault(field, 'Leave this out where the neighbour said so themselves.')
      return
    }
    if (said.reason === undefined && said.informant === undefined)
      fault(
        'saidBy',
        'Say how the neighbour said so themselves, or give a reason and who said so: they are heard first.',
      )
    else if (said.reason === undefined) fault('reason', 'Say why: the neighbour is told.')
    else if (said.informant === undefined) fault('informant', 'Say who said so, as a kind.')
    if (said.on !== undefined) fault('on', 'Leave the day out: it takes effect on the day it is decided.')
  })

export const Departure = z
  .discriminatedUnion('cause', [
    z.strictObject({ cause: z.literal('death'), on: z.iso.date().optional() }),
    MovedAway,
    z.strictObject({ cause: z.literal('wrongly-registered'), reason, informant, confirmedPlain }),
  ])
  .openapi('Departure')
export type Departure = z.infer<typeof Departure>

/** A departure that took effect, or a proceeding during which the neighbour stays a neighbour. */
export type Departed =
  | { status: 'departed'; id: string; on: string; version: number }
  | { status: 'proceeding'; id: string; proceedingId: string }

/** @throws when a departure would take effect without notice, before its time, or on one clerk's word alone. */
export class ProceedingIncomplete extends Problem {
  constructor(code: keyof typeof REASONS) {
    super(code, 409, REASONS[code])
  }
}

/** @throws when a clerk would end the registration of somebody who hides, or hear them: a supervisor does. */
export class SupervisorNeeded extends Problem {
  constructor() {
    super('supervisor-needed', 403, 'This neighbour hides: what ends their registration is for a supervisor.')
  }
}

const REASONS = {
  'notice-missing': 'Tell the neighbour first and record the day of the notice.',
  'notice-given': 'The neighbour was given notice already, and told the last day to answer. It stays.',
  'notice-other-way': 'This way does not reach this neighbour by itself. Tell them in person, or by another way too.',
  'notice-running': 'The time the neighbour has to answer is not over yet.',
  'second-clerk-needed': 'Another clerk has to approve this departure.',
  'answer-unread': 'The neighbour has answered. Read the answer first.',
  'no-council': 'This town has no council for such cases.',
  'council-missing': 'The council has to give its opinion first.',
  'council-against': 'The council is against it. Withdraw the proceeding.',
  'proceeding-open': 'A departure proceeding for this neighbour is open already.',
  'proceeding-closed': 'This proceeding is closed.',
  'nobody-acts': 'Nobody acts for this neighbour. Ask them themselves.',
} as const

/**
 * Records a death, or that a neighbour said they leave, which take effect at once; or opens a proceeding for the rest, and
 * leaves the neighbour a message in the same commit.
 *
 * The death of somebody who had left is written down too: the day they left stays what it was.
 *
 * @throws {ImpossibleDates} when the day lies in the future, before the residence it ends, or a death before the day they left
 * @throws {InvalidInput} when a minor leaves on their own word
 * @throws {SaysTooMuch} when the reason may be about papers, and nobody said that it is not
 * @throws {NotResident} when they have left already, or their death is recorded
 * @throws {ProceedingIncomplete} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 * @see RD 1690/1986 art. 72: no departure ex officio without hearing the person
 */
export async function recordDeparture(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    id,
    departure,
    conditions,
  }: { id: string; departure: Departure; conditions: { version: number; idempotencyKey: string } },
): Promise<Disclosed<Departed>> {
  const day = today(deps.clock, town.timeZone)
  await mustBePlain(deps.gate, { municipalityId: town.id, by: clerk }, { schema: Departure, form: departure })
  const use = { operation: 'depart', idempotencyKey: conditions.idempotencyKey, body: departure }
  const leaves = departure.cause === 'moved-away' && departure.saidBy !== undefined
  const more = { ...(leaves ? ({ opens: 'dateOfBirth' } as const) : {}), afterLeaving: departure.cause === 'death' }
  return atDesk(
    deps,
    { town, by: clerk },
    {
      id,
      use: { ...use, ...more },
      work: async ({ unit, dateOfBirth, leftOn }) => {
        if (departure.cause === 'death' || (departure.cause === 'moved-away' && departure.saidBy !== undefined)) {
          const on = departure.on ?? day.toString()
          refuseImpossible(faultsOfEnd(lifeRules(deps.clock, town), { on }))
          if (leftOn !== undefined) return diedAway(unit, on, leftOn)
          mustBeRecent(deps, { town, by: clerk }, on)
          const saidBy = departure.cause === 'death' ? undefined : departure.saidBy
          // Asked of every minor alike: whether somebody acts for this one is not told.
          if (saidBy && isUnder(OF_AGE, { dateOfBirth, day, leapDay: town.leapDayBirthday })) mustBeSaidFor(saidBy)
          else if (saidBy === 'representative' && !(await hasRepresentative(unit.transaction, id, isSupervisor(clerk))))
            throw new ProceedingIncomplete('nobody-acts')
          const version = await nextVersion(unit, id, conditions.version)
          await closeProceedings(deps, { unit, clerk, id })
          await takeEffect(
            deps,
            { town, by: clerk },
            { unit, id, departure: { cause: departure.cause, on, ...(saidBy ? { saidBy } : {}) } },
          )
          return { status: 'departed', id, on, version }
        }
        await unchangedSince(unit, id, conditions.version)
        const { cause, reason = '', informant = 'staff' } = departure
        return {
          status: 'proceeding',
          id,
          proceedingId: await begin(deps, town, { unit, clerk, id, proceeding: { cause, reason, informant } }),
        }
      },
    },
  )

  async function diedAway(unit: UnitOfWork, on: string, leftOn: string): Promise<Departed> {
    refuseImpossible(faultsOfDeathAway({ on, leftOn }))
    const version = await nextVersion(unit, id, conditions.version)
    if (isDead(await movementsInForce(unit, id))) throw new NotResident()
    await recordMovement(
      unit,
      { town, by: clerk },
      { neighbourId: id, outline: { kind: 'departure', cause: 'death', effectiveOn: on }, details: {} },
    )
    await retellCards(deps, { unit, town, neighbourId: id })
    return { status: 'departed', id, on, version }
  }
}

/**
 * A day long ago takes years away from what somebody has lived here: it is not for one clerk to write.
 *
 * @throws {InvalidInput} for a clerk, where it lies longer ago than the town takes on anybody's word
 */
function mustBeRecent(deps: RegistryDeps, { town, by: clerk }: Acting<Staff>, on: string): void {
  const first = today(deps.clock, town.timeZone).subtract({ days: town.backdateDays })
  if (isSupervisor(clerk) || Temporal.PlainDate.compare(on, first) >= 0) return
  throw new InvalidInput([
    { pointer: '/on', detail: words`A day more than ${town.backdateDays} days ago is for a supervisor to record.` },
  ])
}

/** @throws {InvalidInput} when a minor leaves on their own word */
function mustBeSaidFor(saidBy: SaidBy): void {
  if (saidBy !== 'representative')
    throw new InvalidInput([
      { pointer: '/saidBy', detail: 'A minor leaves on the word of everyone who has a say for them, or of a court.' },
    ])
}

/** Opens a proceeding and leaves the neighbour a message that says so. */
async function begin(
  deps: RegistryDeps,
  town: Municipality,
  {
    unit,
    clerk,
    id,
    proceeding: { cause, ...said },
  }: {
    unit: UnitOfWork
    clerk: Staff
    id: string
    proceeding: { cause: ProceedingCause; reason: string; informant: Informant }
  },
): Promise<string> {
  const open = await proceedingOpen(unit.transaction, id)
  if (open) throw new ProceedingIncomplete('proceeding-open')
  const now = deps.clock.now()
  const proceedingId = uuidv7()
  const message = { neighbourId: id, kind: 'proceeding', visibleFrom: now } as const
  await keepProceeding(unit.transaction, {
    id: proceedingId,
    municipality_id: town.id,
    neighbour_id: id,
    cause: Buffer.from(unit.seal(id, proceedingAt(proceedingId, 'cause'), cause)),
    reason: Buffer.from(unit.seal(id, proceedingAt(proceedingId, 'reason'), said)),
    opened_by: clerk.id,
    opened_at: now.toString(),
    message_id: await deps.leaveMessage(unit.transaction, town, message),
  })
  return proceedingId
}

/** What was to be decided about somebody is decided by what they said, or by their death. */
async function closeProceedings(
  deps: RegistryDeps,
  { unit, clerk, id }: { unit: UnitOfWork; clerk: Staff; id: string },
): Promise<void> {
  await withdrawProceedings(unit.transaction, {
    decidedBy: clerk.id,
    decidedAt: deps.clock.now().toString(),
    neighbourId: id,
  })
}

export async function takeEffect(
  deps: Pick<RegistryDeps, 'gate'>,
  { town, by: clerk }: Acting<Staff>,
  {
    unit,
    id,
    departure,
  }: {
    unit: UnitOfWork
    id: string
    departure: { cause: 'death' | ProceedingCause; on: string; saidBy?: SaidBy }
  },
): Promise<void> {
  const { cause, on, saidBy } = departure
  // Nobody dies before they are born either: no residence begins before its neighbour's birth.
  await endResidence(unit, { town, by: clerk }, { neighbourId: id, on, departing: true })
  await withdrawAllProofs(unit, id)
  await setDeparture(unit.transaction, { departedOn: on, id })
  const details = saidBy === undefined ? {} : { saidBy }
  await recordMovement(
    unit,
    { town, by: clerk },
    { neighbourId: id, outline: { kind: 'departure', cause, effectiveOn: on }, details },
  )
  await retellCards(deps, { unit, town, neighbourId: id })
}

/** What a step of a departure works with. */
export interface Step {
  unit: UnitOfWork
  protected: boolean
  /** The proceeding that is open about the neighbour, where the step asked to open it. */
  proceeding: Proceeding | undefined
  /** Where the step asked to open it. */
  dateOfBirth: string | undefined
  /** The day they left, of a step that may be of somebody who has. */
  leftOn: string | undefined
}

/** One step of a departure, done once per idempotency key behind the gate. */
export async function atDesk<T extends object>(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  {
    id,
    use,
    work,
  }: {
    id: string
    use: {
      operation: string
      idempotencyKey: string
      body: unknown
      opens?: 'proceeding' | 'dateOfBirth'
      afterLeaving?: boolean
    }
    work: (step: Step) => Promise<T>
  },
): Promise<Disclosed<T>> {
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: requester.id,
    operation: `${use.operation} ${id}`,
    key: use.idempotencyKey,
    body: use.body,
  })
  const own = requester.kind === 'resident'
  return deps.gate.open<NeighbourFields, 'departedOn' | 'proceeding' | 'dateOfBirth', T, { hidden: boolean }>(
    {
      municipalityId: town.id,
      requester,
      // That they live here is theirs to say; what becomes of it is not.
      action: own ? 'confirm' : 'depart',
      purpose: own ? purposeOf(requester) : 'departure',
      fields: use.opens === undefined ? ['departedOn'] : ['departedOn', use.opens],
    },
    async (transaction) => {
      const records = await loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone) })
      const opened = use.opens === 'proceeding' ? await withProceedings(transaction, records) : records
      return { records: opened, beside: { hidden: records.some(hidesWhereabouts) } }
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const { hidden } = unit.beside
      // Whoever hid somebody at a counter sees them for the visit, and ends nothing of theirs.
      if (hidden && requester.kind === 'staff' && !isSupervisor(requester)) throw new SupervisorNeeded()
      return actOnce(unit, { town, neighbourId: id, key }, async () => {
        if (record.departedOn !== undefined && !use.afterLeaving) throw new NotResident()
        return work({
          unit,
          protected: hidden,
          proceeding: record.proceeding,
          dateOfBirth: record.dateOfBirth,
          leftOn: record.departedOn,
        })
      })
    },
  )
}
