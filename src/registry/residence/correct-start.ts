import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain, plain } from '../../firewall/free-text.ts'
import type { Opened, SealedRecord, UnitOfWork } from '../../firewall/model.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { InvalidInput, NotFound, VersionConflict } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { idempotencyOf } from '../idempotency.ts'
import { type DecidedStart, EvidenceStrength, type NeighbourFields, type SaidStart } from '../model.ts'
import { faultsOfStart, lifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import { nextVersion, recordMovement, withdrawProofs } from '../person/neighbours.ts'
import { actOnce } from '../replays.ts'
import { loadRecords } from '../store.ts'
import { type Conditions, lockTogether, NothingChanges } from './move.ts'
import { daysBetween, daysLived, type Period, timesAway, withStart, yearsOf } from './periods.ts'
import { periodsInForce, replacePeriods } from './residence-rows.ts'
import { decideSaidStarts, keepSaidStart, StartWaits, saidBy, withSaidStarts } from './said-starts.ts'
import { lockSaid, matesWhoBeganThen, matesWhoSaid, officeName } from './store.ts'

const Reason = plain(2000, 3)
const Everyone = z.boolean().optional().openapi({
  description: 'Also for those of the household who began there on the same day, save who is protected. All or none.',
})

export const StartCorrection = z
  .strictObject({
    from: z.iso.date(),
    reason: Reason,
    confirmedPlain,
    everyone: Everyone,
    neverThere: z.boolean().optional().openapi({
      description: 'Residences that began on that day or later, and before this one, never were: nobody lived there.',
    }),
  })
  .openapi('StartCorrection')
export type StartCorrection = z.infer<typeof StartCorrection>

export const StartDecision = z
  .discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('confirmed'), seen: EvidenceStrength, everyone: Everyone }),
    z.strictObject({ decision: z.literal('refused'), reason: Reason, confirmedPlain, everyone: Everyone }),
  ])
  .openapi('StartDecision')
export type StartDecision = z.infer<typeof StartDecision>

/** A start that is another now, or one that waits for a second person. */
export interface Corrected {
  status: 'corrected' | 'waiting' | 'refused'
  id: string
  /** Of the residence as it stands now. */
  residenceId: string
  /** The start that was asked for. */
  from: string
  /** What somebody else decides, where it waits. */
  startId?: string
  /** How many it was done for. */
  people: number
  version: number
}

const FIELDS = ['residence', 'said', 'dateOfBirth'] as const
type Held = Opened<NeighbourFields, (typeof FIELDS)[number]>
interface Whose {
  neighbourId: string
  period: Period
  periods: readonly Period[]
}

/**
 * Corrects the day a residence began, earlier or later, of somebody who lives here or has left. The one before it ends
 * on the same day; a time away stays one. What was believed stays in the history, and what is true has no wrong day left.
 *
 * More days away than the town lets one person decide, counted from the start that was first recorded or that two people
 * decided, it waits for somebody else.
 *
 * @throws {ImpossibleDates} when the day lies in the future, before the birth or before the town's own time
 * @throws {StartImpossible} when another residence, or a time away, stands in the way
 * @throws {NothingChanges} {StartWaits} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function correctStart(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    at,
    correction,
    conditions,
  }: { at: { neighbourId: string; residenceId: string }; correction: StartCorrection; conditions: Conditions },
): Promise<Disclosed<Corrected>> {
  const { neighbourId: id, residenceId } = at
  const { from, reason, everyone, neverThere } = correction
  const rules = lifeRules(deps.clock, town)
  refuseImpossible(faultsOfStart(rules, { since: from }, '/from'))
  await mustBePlain(deps.gate, { municipalityId: town.id, by: clerk }, { schema: StartCorrection, form: correction })
  const use = { operation: `start ${residenceId}`, conditions, body: correction }
  const others = everyone ? (transaction: Transaction) => matesWhoBeganThen(transaction, at) : nobodyElse
  const corrected = await held(
    deps,
    { town, by: clerk },
    {
      id,
      use,
      others,
      work: async (records, unit, version) => {
        const whose = await peopleOf(unit, records, (period, one) =>
          one.id === id ? period.id === residenceId : undefined,
        )
        const own = whose.find(({ neighbourId }) => neighbourId === id)
        if (own === undefined) throw new NotFound()
        if (own.period.from === from) return undefined
        const alike = [
          own,
          ...(await peopleOf(
            unit,
            records.filter((one) => one.id !== id),
            ({ householdId, from: began }) => householdId === own.period.householdId && began === own.period.from,
          )),
        ]
        for (const { neighbourId } of alike)
          refuseImpossible(faultsOfStart(rules, startBeside(records, neighbourId, from), '/from'))
        // That somebody never was away is not for one person to say, however short the time.
        const alone = alike.every(
          ({ period, periods }) =>
            Math.abs(daysBetween(period.settledFrom ?? period.from, from)) <= town.timeCorrectionDays &&
            timesAway(withStart(periods, { id: period.id, from, neverThere })) === timesAway(periods),
        )
        const next = await version(alike.map(({ neighbourId }) => neighbourId))
        const rows = new Map<string, string>()
        for (const { neighbourId, period, periods } of alike) {
          const after = withStart(periods, { id: period.id, from, neverThere })
          if (alone) {
            const settled = after.map((one) =>
              one.id === period.id ? { ...one, settledFrom: period.settledFrom ?? period.from } : one,
            )
            const start = { was: period.from, said: from, reason }
            rows.set(
              neighbourId,
              await takeEffect(
                unit,
                { town, by: clerk },
                { whose: { neighbourId, period, periods }, after: settled, start },
              ),
            )
          } else {
            const content = { from, with: 'correction' as const, reason, ...(neverThere ? { neverThere } : {}) }
            const of = { neighbourId, residenceId: period.id }
            rows.set(neighbourId, await keepSaidStart(unit, { town, by: clerk }, { of, said: content }))
          }
        }
        const row = rows.get(id) ?? residenceId
        const answer = { id, from, people: alike.length, version: next }
        return alone
          ? { status: 'corrected', ...answer, residenceId: row }
          : { status: 'waiting', ...answer, residenceId, startId: row }
      },
    },
  )
  return corrected.map((answer) => {
    if (answer === undefined) throw new NothingChanges()
    return answer
  })
}

/**
 * Confirms a start that was said, with the strength of what was seen, or refuses it with a reason that the neighbour
 * reads. Somebody's word alone confirms no day more of living here.
 *
 * @throws {StartWaits} when it was decided already, or whoever said it would confirm it
 * @throws {InvalidInput} when what was seen does not confirm years
 * @throws {StartImpossible} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function decideStart(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    at,
    decision,
    conditions,
  }: { at: { neighbourId: string; startId: string }; decision: StartDecision; conditions: Conditions },
): Promise<Disclosed<Corrected>> {
  const { neighbourId: id, startId } = at
  const rules = lifeRules(deps.clock, town)
  const day = rules.today.toString()
  await mustBePlain(deps.gate, { municipalityId: town.id, by: clerk }, { schema: StartDecision, form: decision })
  const use = { operation: `decide-start ${startId}`, conditions, body: decision }
  const others = decision.everyone ? (transaction: Transaction) => matesWhoSaid(transaction, at) : nobodyElse
  const decided = await held(
    deps,
    { town, by: clerk },
    {
      id,
      use,
      others,
      work: async (records, unit, version) => {
        await mayDecide(unit, { clerk, at, startDecision: decision })
        const own = startsOf(records.filter((one) => one.id === id)).find((said) => said.id === startId)
        if (own === undefined) throw new NotFound()
        // The others of the household who said the same, in whosever words.
        const alike = [own, ...startsOf(records.filter((one) => one.id !== id)).filter(({ from }) => from === own.from)]
        const next = await version(alike.map(({ of }) => of))
        let row = own.residenceId
        for (const said of alike) {
          if (said !== own)
            await mayDecide(unit, { clerk, at: { neighbourId: said.of, startId: said.id }, startDecision: decision })
          const [whose] = await peopleOf(
            unit,
            records.filter((one) => one.id === said.of),
            (period) => period.id === said.residenceId,
          )
          if (whose === undefined) throw new VersionConflict()
          const { period, periods } = whose
          await decideSaidStarts(unit, { requester: clerk, which: { id: said.id }, decision: decision.decision })
          const outline = { was: period.from, said: said.from }
          if (decision.decision === 'refused') {
            const start = { ...outline, reason: decision.reason }
            await writeDown(
              unit,
              { town, by: clerk },
              { neighbourId: said.of, outline: { cause: 'start-refused', effectiveOn: day }, start },
            )
            continue
          }
          // Two people have decided it: what one alone may correct is counted from here.
          const after = withStart(periods, { id: period.id, from: said.from, neverThere: said.neverThere }).map(
            (one) => (one.id === period.id ? { ...one, settledFrom: null } : one),
          )
          if (decision.seen === 'declaration' && daysLived(after, day) > daysLived(periods, day))
            throw new InvalidInput([
              {
                pointer: '/seen',
                detail: 'Somebody’s word alone does not confirm years: an attestation or a document does.',
              },
            ])
          // What it was said to be may have been corrected since: their date of birth.
          refuseImpossible(faultsOfStart(rules, startBeside(records, said.of, said.from), '/seen'))
          const start = { ...outline, reason: said.reason, seen: decision.seen }
          const written = await takeEffect(unit, { town, by: clerk }, { whose, after, start })
          if (said === own) row = written
        }
        const status = decision.decision === 'refused' ? 'refused' : 'corrected'
        return { status, id, residenceId: row, from: own.from, people: alike.length, version: next }
      },
    },
  )
  return decided.map((answer) => {
    if (answer === undefined) throw new NotFound()
    return answer
  })
}

/** Makes a start true, with a movement of its own. @returns the id of the residence's row from now on */
async function takeEffect(
  unit: UnitOfWork,
  { town, by: clerk }: Acting<Staff>,
  {
    whose: { neighbourId, period, periods },
    after,
    start,
  }: { whose: Whose; after: readonly Period[]; start: Omit<DecidedStart, 'by'> },
): Promise<string> {
  const rows = await replacePeriods(unit, { town, requester: clerk, neighbourId, before: periods, after })
  await withdrawProofs(unit, neighbourId, ['periods', ...(yearsOf(after) === yearsOf(periods) ? [] : ['years'])])
  await writeDown(
    unit,
    { town, by: clerk },
    { neighbourId, outline: { cause: 'time-corrected', effectiveOn: start.said }, start },
  )
  return rows.get(period.id) ?? period.id
}

async function writeDown(
  unit: UnitOfWork,
  { town, by: clerk }: Acting<Staff>,
  {
    neighbourId,
    outline,
    start,
  }: {
    neighbourId: string
    outline: { cause: 'time-corrected' | 'start-refused'; effectiveOn: string }
    start: Omit<DecidedStart, 'by'>
  },
): Promise<void> {
  const { rows } = await officeName(unit.transaction, clerk.organisationId)
  const office = rows[0]?.name
  const by = { role: clerk.role, ...(office ? { office } : {}) }
  await recordMovement(
    unit,
    { town, by: clerk },
    { neighbourId, outline: { kind: 'change', ...outline }, details: { start: { ...start, by } } },
  )
}

/** @throws {StartWaits} {NotFound} */
async function mayDecide(
  unit: UnitOfWork,
  {
    clerk,
    at,
    startDecision: { decision },
  }: { clerk: Staff; at: { neighbourId: string; startId: string }; startDecision: StartDecision },
): Promise<void> {
  const row = await lockSaid(unit.transaction, { id: at.startId, neighbourId: at.neighbourId })
  if (row === undefined) throw new NotFound()
  if (row.decision !== null) throw new StartWaits('start-decided')
  if (decision === 'confirmed' && row.said_by === saidBy(clerk)) throw new StartWaits('second-clerk-needed')
}

/** A start beside the date of birth it must not lie before. */
const startBeside = (records: readonly Held[], id: string, since: string) => ({
  since,
  born: records.find((one) => one.id === id)?.dateOfBirth,
})

/** Starts that wait, with whose they are. */
const startsOf = (records: readonly Held[]): (SaidStart & { of: string })[] =>
  records.flatMap(({ id, said = [] }) => said.map((one) => ({ ...one, of: id })))

/** Of each record the one residence in force that is meant, where there is one. */
async function peopleOf(
  unit: UnitOfWork,
  records: readonly Held[],
  meant: (period: Period, of: Held) => boolean | undefined,
): Promise<Whose[]> {
  const found: Whose[] = []
  for (const one of records) {
    const periods = await periodsInForce(unit.transaction, one.id)
    const period = periods.find((known) => meant(known, one))
    if (period) found.push({ neighbourId: one.id, period, periods })
  }
  return found
}

const nobodyElse = async (): Promise<string[]> => []

/**
 * Works on a neighbour, and on others of the household, behind the gate: once per idempotency key, each record held
 * against other changes. `version` takes the next version of those it concerns.
 */
async function held(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  {
    id,
    use,
    others,
    work,
  }: {
    id: string
    use: { operation: string; conditions: Conditions; body: unknown }
    others: (transaction: Transaction) => Promise<string[]>
    work: (
      records: Held[],
      unit: UnitOfWork,
      version: (concerned: readonly string[]) => Promise<number>,
    ) => Promise<Corrected | undefined>
  },
): Promise<Disclosed<Corrected | undefined>> {
  const { operation, conditions, body } = use
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: clerk.id,
    operation: `${operation} ${id}`,
    key: conditions.idempotencyKey,
    body,
  })
  const day = today(deps.clock, town.timeZone)
  const load = async (transaction: Transaction): Promise<SealedRecord<NeighbourFields>[]> => {
    const ids = [...new Set([id, ...(await others(transaction))])]
    return withSaidStarts(transaction, await loadRecords(transaction, ids, { trueAt: day }), clerk)
  }
  return deps.gate.open<NeighbourFields, (typeof FIELDS)[number], Corrected | undefined>(
    { municipalityId: town.id, requester: clerk, action: 'correct-time', purpose: purposeOf(clerk), fields: FIELDS },
    load,
    async (records, unit) => {
      if (!records.some((one) => one.id === id)) throw new NotFound()
      const again = () => unit.shown([id])
      return actOnce(unit, { town, neighbourId: id, key, again }, async () => {
        const together = records.map((one) => one.id)
        const versions = await lockTogether(unit, together)
        if (versions.get(id) !== conditions.version) throw new VersionConflict()
        // Whoever came or went while we waited for them is in what was asked, or it is asked again.
        const now = new Set([id, ...(await others(unit.transaction))])
        if (together.some((one) => !now.has(one))) throw new VersionConflict()
        const answer = await work(records, unit, async (concerned) => {
          const next = await nextVersion(unit, id, conditions.version)
          for (const one of concerned) if (one !== id) await nextVersion(unit, one, versions.get(one) ?? 0)
          return next
        })
        if (answer === undefined) unit.shown([id])
        return answer
      })
    },
  )
}
