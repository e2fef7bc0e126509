import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { ownWords } from '../../firewall/free-text.ts'
import type { UnitOfWork } from '../../firewall/model.ts'
import type { Resident, Staff } from '../../firewall/requester.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { InvalidInput, NotFound, Problem } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Channel, NoticeWay } from '../person/channels.ts'
import { faultsOfDay, lifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import { nextVersion } from '../person/neighbours.ts'
import { reachOf } from '../person/reach.ts'
import { versionOf } from '../person/store.ts'
import { giveNotice, type SealedAnswer } from './hearing.ts'
import { AnsweredBy, type CouncilOutcome, type Proceeding, proceedingAt } from './hearing-model.ts'
import { atDesk, ProceedingIncomplete, takeEffect } from './record-departure.ts'
import {
  answersIn,
  countAnswers,
  decideProceedingRow,
  keepOpinion,
  keepProceedingAnswer,
  lockProceeding,
  markAnswerRead,
} from './store.ts'

/** Which proceeding, of whom. */
export interface At {
  neighbourId: string
  proceedingId: string
}

/** How a proceeding stands after a step. */
export interface ProceedingState {
  proceedingId: string
  status: 'notified' | 'answered' | 'read' | 'heard' | 'approved' | 'withdrawn'
  /** ISO date: the last day to answer. */
  answerBy?: string
  /** ISO date: the first day on which it may be approved. */
  effectiveFrom?: string
}

/** Ways in which staff give somebody notice. A page that is opened, and an answer, speak for themselves. */
export const GivenBy = z.enum(['in-person', 'letter', 'elsewhere', 'published'])
export type GivenBy = z.infer<typeof GivenBy>

/** Told by one of these, somebody knew of it who is not reached through the address alone. */
const BESIDE_A_LETTER: readonly (Channel | undefined)[] = ['email', 'sms', 'in-person']

/**
 * Records that the neighbour was given notice on a day; the time to answer runs from it. What was only sent is none.
 *
 * @throws {InvalidInput} for a day before the proceeding was opened, or in the future
 * @throws {ProceedingIncomplete} where they were given notice before, or are not reached this way
 */
export async function recordNotice(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { at, given, idempotencyKey }: { at: At; given: { on: string; by: GivenBy }; idempotencyKey: string },
): Promise<Disclosed<ProceedingState>> {
  refuseImpossible(faultsOfDay(lifeRules(deps.clock, town), given.on, '/givenOn'))
  const use = { operation: `notice ${at.proceedingId}`, idempotencyKey, body: given, opens: 'proceeding' } as const
  return atDesk(
    deps,
    { town, by: clerk },
    {
      id: at.neighbourId,
      use,
      work: async (step) => {
        const { opened_at } = await lockOpen(step.unit, at)
        const opened = opened_at.toTemporalInstant().toZonedDateTimeISO(town.timeZone).toPlainDate()
        if (Temporal.PlainDate.compare(given.on, opened) < 0)
          throw new InvalidInput([{ pointer: '/givenOn', detail: 'A notice comes after the proceeding was opened.' }])
        mustReach(given.by, step.protected, step.proceeding)
        const noted = await giveNotice(town, {
          unit: step.unit,
          at,
          by: given.by,
          on: Temporal.PlainDate.from(given.on),
        })
        if (noted === undefined) throw new ProceedingIncomplete('notice-given')
        return {
          proceedingId: at.proceedingId,
          status: 'notified',
          answerBy: noted.answerBy,
          effectiveFrom: noted.effectiveFrom,
        }
      },
    },
  )
}

/** @throws {ProceedingIncomplete} where a notice given this way would not reach the neighbour themself */
function mustReach(by: NoticeWay, hidden: boolean, proceeding: Proceeding | undefined): void {
  const { notice, letterNeedsMore } = reachOf({ protected: hidden, informant: proceeding?.informant })
  const told = proceeding?.announced?.by
  const alone = by === 'letter' && letterNeedsMore && !BESIDE_A_LETTER.includes(told)
  // Nobody is told in public who was not written to or spoken to before.
  const unsought = by === 'published' && (told === undefined || told === 'portal')
  if (!notice.includes(by) || alone || unsought) throw new ProceedingIncomplete('notice-other-way')
}

/** What somebody says to a proceeding: nothing that is written here is refused for its words. */
export const Answer = z
  .strictObject({ text: ownWords(20_000).default(''), by: AnsweredBy.default('neighbour') })
  .openapi('ProceedingAnswer', { description: 'Without words it says: I live here.' })
export type Answer = z.infer<typeof Answer>

const MOST_ANSWERS = 50

/**
 * Takes down what a neighbour says to the proceeding about them: on their own page, by a helper or whoever acts for them,
 * or at a desk. It is sealed, and nothing is approved until a member of staff has read it.
 *
 * @throws {ProceedingIncomplete} when the proceeding is closed
 * @throws {Problem} too-many-answers
 */
export async function answerProceeding(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  {
    neighbourId,
    answer,
    idempotencyKey,
    proceedingId,
  }: { neighbourId: string; answer: Answer; idempotencyKey: string; proceedingId?: string | undefined },
): Promise<Disclosed<ProceedingState>> {
  const use = { operation: 'answer', idempotencyKey, body: { ...answer, proceedingId: proceedingId ?? null } }
  return atDesk(
    deps,
    { town, by: requester },
    {
      id: neighbourId,
      use,
      work: async ({ unit }) => {
        const open = await lockOpen(unit, { neighbourId, ...(proceedingId ? { proceedingId } : {}) })
        const { count } = await countAnswers(unit.transaction, open.id)
        if (Number(count) >= MOST_ANSWERS)
          throw new Problem(
            'too-many-answers',
            429,
            'Much was said already, and is read. Ask at a counter to add to it.',
          )
        const id = uuidv7()
        const words: SealedAnswer = { text: answer.text, by: answer.by, atDesk: requester.kind === 'staff' }
        await keepProceedingAnswer(unit.transaction, {
          id,
          municipality_id: town.id,
          proceeding_id: open.id,
          neighbour_id: neighbourId,
          words: Buffer.from(unit.seal(neighbourId, { table: 'proceeding_answers', column: 'words', row: id }, words)),
          received_at: deps.clock.now().toString(),
        })
        const at = { neighbourId, proceedingId: open.id }
        // Who answers knows of it. A helper's word does not say that the neighbour does.
        const noted =
          answer.by === 'helper'
            ? undefined
            : await giveNotice(town, { unit, at, by: 'answered', on: today(deps.clock, town.timeZone) })
        const days = noted && { answerBy: noted.answerBy, effectiveFrom: noted.effectiveFrom }
        return { proceedingId: open.id, status: 'answered', ...days }
      },
    },
  )
}

/** Records that a member of staff has read an answer. @throws {NotFound} {ProceedingIncomplete} {Refusal} */
export async function readAnswer(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { at, answerId, idempotencyKey }: { at: At; answerId: string; idempotencyKey: string },
): Promise<Disclosed<ProceedingState>> {
  const use = { operation: `read ${answerId}`, idempotencyKey, body: {}, opens: 'proceeding' } as const
  return atDesk(
    deps,
    { town, by: clerk },
    {
      id: at.neighbourId,
      use,
      work: async ({ unit, proceeding }) => {
        await lockOpen(unit, at)
        if (!proceeding?.answers.some(({ id }) => id === answerId)) throw new NotFound()
        await markAnswerRead(unit.transaction, {
          readBy: clerk.id,
          readAt: deps.clock.now().toString(),
          id: answerId,
          proceedingId: at.proceedingId,
        })
        return { proceedingId: at.proceedingId, status: 'read' }
      },
    },
  )
}

/**
 * Records what the council for such cases says to ending a registration, in a town that has one.
 *
 * @throws {InvalidInput} for a day before the proceeding was opened, or in the future
 * @throws {ProceedingIncomplete} {NotFound} {Refusal}
 * @see RD 1690/1986 art. 72
 */
export async function recordOpinion(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { at, opinion, idempotencyKey }: { at: At; opinion: { on: string; outcome: CouncilOutcome }; idempotencyKey: string },
): Promise<Disclosed<ProceedingState>> {
  const use = { operation: `opinion ${at.proceedingId}`, idempotencyKey, body: opinion }
  return atDesk(
    deps,
    { town, by: clerk },
    {
      id: at.neighbourId,
      use,
      work: async ({ unit }) => {
        if (!town.departureCouncil) throw new ProceedingIncomplete('no-council')
        const { opened_at } = await lockOpen(unit, at)
        const opened = opened_at.toTemporalInstant().toZonedDateTimeISO(town.timeZone).toPlainDate()
        const day = today(deps.clock, town.timeZone)
        if (Temporal.PlainDate.compare(opinion.on, opened) < 0 || Temporal.PlainDate.compare(opinion.on, day) > 0)
          throw new InvalidInput([{ pointer: '/givenOn', detail: 'Give a day since the proceeding was opened.' }])
        await keepOpinion(unit.transaction, {
          councilOn: opinion.on,
          councilOutcome: Buffer.from(
            unit.seal(at.neighbourId, proceedingAt(at.proceedingId, 'council_outcome'), opinion.outcome),
          ),
          id: at.proceedingId,
        })
        return { proceedingId: at.proceedingId, status: 'heard' }
      },
    },
  )
}

/** What keeps a proceeding from being approved on a day. @returns undefined when nothing does */
export function standsInTheWay(
  town: Pick<Municipality, 'departureCouncil'>,
  proceeding: Omit<Proceeding, 'openedBy'> & { openedByYou: boolean },
  day: Temporal.PlainDate,
) {
  const { effectiveFrom, answers, council } = proceeding
  if (effectiveFrom === undefined) return 'notice-missing'
  if (proceeding.openedByYou) return 'second-clerk-needed'
  if (Temporal.PlainDate.compare(day, effectiveFrom) < 0) return 'notice-running'
  if (answers.some(({ readAt }) => readAt === undefined)) return 'answer-unread'
  if (council?.outcome === 'unfavourable') return 'council-against'
  // Who agrees says that they leave, and needs no proceeding: what is left here is without their agreement.
  return town.departureCouncil && council === undefined ? 'council-missing' : undefined
}

/**
 * Decides a proceeding, and leaves the neighbour a message. Approval needs a clerk other than the one who opened it, a time to
 * answer that is over, every answer read and, where the town has one, a council that agrees.
 *
 * @throws {ProceedingIncomplete}
 */
export async function decideProceeding(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { at, decision, idempotencyKey }: { at: At; decision: 'approved' | 'withdrawn'; idempotencyKey: string },
): Promise<Disclosed<ProceedingState>> {
  const day = today(deps.clock, town.timeZone)
  const use = {
    operation: `decide ${at.proceedingId}`,
    idempotencyKey,
    body: { decision },
    opens: 'proceeding',
  } as const
  return atDesk(
    deps,
    { town, by: clerk },
    {
      id: at.neighbourId,
      use,
      work: async ({ unit, proceeding }) => {
        await lockOpen(unit, at)
        if (decision === 'approved') {
          // Whoever answered while we waited for the lock has not been read.
          if (proceeding === undefined || (await answersTo(unit, at)) !== proceeding.answers.length)
            throw new ProceedingIncomplete('answer-unread')
          const missing = standsInTheWay(town, { ...proceeding, openedByYou: proceeding.openedBy === clerk.id }, day)
          if (missing) throw new ProceedingIncomplete(missing)
          const { version } = await versionOf(unit.transaction, at.neighbourId)
          await nextVersion(unit, at.neighbourId, version)
          await takeEffect(
            deps,
            { town, by: clerk },
            { unit, id: at.neighbourId, departure: { cause: proceeding.cause, on: day.toString() } },
          )
        }
        const now = deps.clock.now()
        await decideProceedingRow(unit.transaction, {
          decision,
          decidedBy: clerk.id,
          decidedAt: now.toString(),
          id: at.proceedingId,
        })
        const kind = `proceeding-${decision}` as const
        await deps.leaveMessage(unit.transaction, town, { neighbourId: at.neighbourId, kind, visibleFrom: now })
        return { proceedingId: at.proceedingId, status: decision }
      },
    },
  )
}

async function answersTo(unit: UnitOfWork, at: At): Promise<number> {
  const rows = await answersIn(unit.transaction, at.proceedingId)
  return rows.length
}

/** The open proceeding, held against every other step until this one is done. */
async function lockOpen(unit: UnitOfWork, at: { neighbourId: string; proceedingId?: string }) {
  const proceeding = await lockProceeding(unit.transaction, at)
  if (proceeding === undefined) throw new NotFound()
  if (proceeding.decision !== null) throw new ProceedingIncomplete('proceeding-closed')
  return proceeding
}
