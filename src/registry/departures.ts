import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain, plain } from '../firewall/free-text.ts'
import type { GateHand } from '../firewall/gate.ts'
import type { Staff } from '../firewall/requester.ts'
import { today, uuidv7 } from '../platform/clock.ts'
import { InvalidInput, NotFound, Problem } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import { once } from './idempotency.ts'
import type { NeighbourFields } from './model.ts'
import type { Municipality } from './municipality.ts'
import { nextVersion, recordMovement, unchangedSince } from './neighbours.ts'
import { earlierAnswer, keepAnswer } from './replays.ts'
import { endResidence, NotResident } from './residences.ts'
import { loadRecords } from './store.ts'

export const Departure = z
  .discriminatedUnion('cause', [
    z.strictObject({ cause: z.literal('death'), on: z.iso.date().optional() }),
    z.strictObject({ cause: z.literal('moved-away'), on: z.iso.date().optional() }),
    z.strictObject({ cause: z.literal('duplicate'), reason: plain(2000, 3), confirmedPlain }),
    z.strictObject({ cause: z.literal('wrongly-registered'), reason: plain(2000, 3), confirmedPlain }),
  ])
  .openapi('Departure')
export type Departure = z.infer<typeof Departure>

/** A departure that took effect, or a proceeding during which the neighbour stays a neighbour. */
export type Departed =
  | { status: 'departed'; id: string; on: string; version: number }
  | { status: 'proceeding'; id: string; proceedingId: string }

export interface Proceeding {
  proceedingId: string
  status: 'opened' | 'notified' | 'approved' | 'withdrawn'
  effectiveFrom?: string
}

/** @throws when a departure would take effect without notice, before its time, or on one clerk's word alone. */
export class ProceedingIncomplete extends Problem {
  constructor(
    code: 'notice-missing' | 'notice-running' | 'second-clerk-needed' | 'proceeding-open' | 'proceeding-closed',
  ) {
    super(code, 409, REASONS[code])
  }
}

const REASONS = {
  'notice-missing': 'Tell the neighbour first and record the day of the notice.',
  'notice-running': 'The time the neighbour has to answer is not over yet.',
  'second-clerk-needed': 'Another clerk has to approve this departure.',
  'proceeding-open': 'A departure proceeding for this neighbour is open already.',
  'proceeding-closed': 'This proceeding is closed.',
}

/**
 * Records a death or a move away, which take effect at once, or opens a proceeding for the rest.
 *
 * The death of somebody who had left is written down too: the day they left stays what it was.
 *
 * @throws {InvalidInput} when the day lies in the future, or a death before the day they left
 * @throws {SaysTooMuch} when the reason may be about papers, and nobody said that it is not
 * @throws {NotResident} when they have left already, or their death is recorded
 * @throws {ProceedingIncomplete} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 * @see RD 1690/1986 art. 72: no departure ex officio without hearing the person
 */
export async function recordDeparture(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  id: string,
  departure: Departure,
  conditions: { version: number; idempotencyKey: string },
): Promise<Disclosed<Departed>> {
  const day = today(deps.clock, town.timeZone)
  await mustBePlain(deps.gate, town.id, clerk, Departure, departure)
  const use = { operation: 'depart', idempotencyKey: conditions.idempotencyKey, body: departure }
  return atDesk(deps, town, clerk, id, use, depart, departure.cause === 'death')

  async function depart(hand: GateHand, leftOn: string | undefined): Promise<Departed> {
    if (departure.cause === 'death' || departure.cause === 'moved-away') {
      const on = departure.on ?? day.toString()
      if (Temporal.PlainDate.compare(on, day) > 0)
        throw new InvalidInput([{ pointer: '/on', detail: 'Give today or a day in the past.' }])
      if (leftOn !== undefined) return diedAway(hand, on, leftOn)
      const version = await nextVersion(hand, id, conditions.version)
      await takeEffect(hand, town, clerk, id, departure.cause, on)
      return { status: 'departed', id, on, version }
    }
    await unchangedSince(hand, id, conditions.version)
    const open = await hand.transaction
      .selectFrom('proceedings')
      .select('id')
      .where('neighbour_id', '=', id)
      .where('decision', 'is', null)
      .executeTakeFirst()
    if (open) throw new ProceedingIncomplete('proceeding-open')
    const proceedingId = uuidv7()
    await hand.transaction
      .insertInto('proceedings')
      .values({
        id: proceedingId,
        municipality_id: town.id,
        neighbour_id: id,
        cause: departure.cause,
        reason: Buffer.from(
          hand.seal(id, { table: 'proceedings', column: 'reason', row: proceedingId }, departure.reason),
        ),
        opened_by: clerk.id,
        opened_at: deps.clock.now().toString(),
      })
      .execute()
    return { status: 'proceeding', id, proceedingId }
  }

  async function diedAway(hand: GateHand, on: string, leftOn: string): Promise<Departed> {
    if (Temporal.PlainDate.compare(on, leftOn) < 0)
      throw new InvalidInput([
        { pointer: '/on', detail: 'They had left by then. Give the day they left, or a later one.' },
      ])
    const version = await nextVersion(hand, id, conditions.version)
    if (await isDead(hand, id)) throw new NotResident()
    await recordMovement(hand, town, clerk, id, { kind: 'departure', cause: 'death', effectiveOn: on }, {})
    return { status: 'departed', id, on, version }
  }
}

/** Whether a death was recorded since they last came back. */
async function isDead(hand: GateHand, id: string): Promise<boolean> {
  const last = await hand.transaction
    .selectFrom('movements')
    .select('cause')
    .where('neighbour_id', '=', id)
    .where('cause', 'in', ['death', 'return'])
    .orderBy('recorded_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last?.cause === 'death'
}

/** Records that the neighbour was told on a day; the time to answer runs from it. */
export async function recordNotice(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  at: { neighbourId: string; proceedingId: string },
  givenOn: string,
  idempotencyKey: string,
): Promise<Disclosed<Proceeding>> {
  const day = today(deps.clock, town.timeZone)
  if (Temporal.PlainDate.compare(givenOn, day) > 0)
    throw new InvalidInput([{ pointer: '/givenOn', detail: 'Give today or a day in the past.' }])
  const effectiveFrom = Temporal.PlainDate.from(givenOn).add({ days: town.departureNoticeDays }).toString()
  const use = { operation: `notice ${at.proceedingId}`, idempotencyKey, body: { givenOn } }
  return atDesk(deps, town, clerk, at.neighbourId, use, async (hand) => {
    const { opened_at } = await openProceeding(hand, at)
    const opened = opened_at.toTemporalInstant().toZonedDateTimeISO(town.timeZone).toPlainDate()
    if (Temporal.PlainDate.compare(givenOn, opened) < 0)
      throw new InvalidInput([{ pointer: '/givenOn', detail: 'A notice comes after the proceeding was opened.' }])
    await hand.transaction
      .updateTable('proceedings')
      .set({ notice_given_on: givenOn, effective_from: effectiveFrom })
      .where('id', '=', at.proceedingId)
      .execute()
    return { proceedingId: at.proceedingId, status: 'notified', effectiveFrom }
  })
}

/**
 * Decides a proceeding. Approval needs a clerk other than the one who opened it and a notice period that is over.
 *
 * @throws {ProceedingIncomplete}
 */
export async function decideProceeding(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  at: { neighbourId: string; proceedingId: string },
  decision: 'approved' | 'withdrawn',
  idempotencyKey: string,
): Promise<Disclosed<Proceeding>> {
  const day = today(deps.clock, town.timeZone)
  const use = { operation: `decide ${at.proceedingId}`, idempotencyKey, body: { decision } }
  return atDesk(deps, town, clerk, at.neighbourId, use, async (hand) => {
    const proceeding = await openProceeding(hand, at)
    if (decision === 'approved') {
      if (proceeding.effective_from === null) throw new ProceedingIncomplete('notice-missing')
      if (proceeding.opened_by === clerk.id) throw new ProceedingIncomplete('second-clerk-needed')
      if (Temporal.PlainDate.compare(day, proceeding.effective_from) < 0)
        throw new ProceedingIncomplete('notice-running')
      const { version } = await hand.transaction
        .selectFrom('neighbours')
        .select('version')
        .where('id', '=', at.neighbourId)
        .executeTakeFirstOrThrow()
      await nextVersion(hand, at.neighbourId, version)
      await takeEffect(
        hand,
        town,
        clerk,
        at.neighbourId,
        proceeding.cause as 'duplicate' | 'wrongly-registered',
        day.toString(),
      )
    }
    await hand.transaction
      .updateTable('proceedings')
      .set({ decision, decided_by: clerk.id, decided_at: deps.clock.now().toString() })
      .where('id', '=', at.proceedingId)
      .execute()
    return { proceedingId: at.proceedingId, status: decision }
  })
}

async function openProceeding(hand: GateHand, at: { neighbourId: string; proceedingId: string }) {
  const proceeding = await hand.transaction
    .selectFrom('proceedings')
    .selectAll()
    .where('id', '=', at.proceedingId)
    .where('neighbour_id', '=', at.neighbourId)
    .forUpdate()
    .executeTakeFirst()
  if (proceeding === undefined) throw new NotFound()
  if (proceeding.decision !== null) throw new ProceedingIncomplete('proceeding-closed')
  return proceeding
}

async function takeEffect(
  hand: GateHand,
  town: Municipality,
  clerk: Staff,
  id: string,
  cause: 'death' | 'moved-away' | 'duplicate' | 'wrongly-registered',
  on: string,
): Promise<void> {
  await endResidence(hand, town, clerk, id, on, true)
  await hand.transaction.updateTable('neighbours').set({ departed_on: on }).where('id', '=', id).execute()
  await recordMovement(hand, town, clerk, id, { kind: 'departure', cause, effectiveOn: on }, {})
}

/**
 * One step of a departure, done once per idempotency key behind the gate.
 *
 * @param afterLeaving whether it may be of somebody who has left
 */
async function atDesk<T>(
  deps: RegistryDeps,
  town: Municipality,
  clerk: Staff,
  id: string,
  use: { operation: string; idempotencyKey: string; body: unknown },
  work: (hand: GateHand, leftOn: string | undefined) => Promise<T>,
  afterLeaving = false,
): Promise<Disclosed<T>> {
  const key = await once(deps.gate, town.id, {
    requester: clerk.id,
    operation: `${use.operation} ${id}`,
    key: use.idempotencyKey,
    body: use.body,
  })
  return deps.gate.open<NeighbourFields, 'departedOn', T>(
    {
      municipalityId: town.id,
      requester: clerk,
      action: 'depart',
      purpose: 'departure',
      fields: ['departedOn'],
    },
    (transaction) => loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], hand) => {
      if (record === undefined) throw new NotFound()
      const earlier = await earlierAnswer<T>(hand, id, key)
      if (earlier) return earlier
      if (record.departedOn !== undefined && !afterLeaving) throw new NotResident()
      const answer = await work(hand, record.departedOn)
      await keepAnswer(hand, town, id, key, answer)
      return answer
    },
  )
}
