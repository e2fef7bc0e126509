import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain } from '../../firewall/free-text.ts'
import type { Staff } from '../../firewall/requester.ts'
import type { Transaction } from '../../platform/database.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { faultsOfStart, lifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import {
  type Corrected,
  Everyone,
  held,
  nobodyElse,
  peopleOf,
  Reason,
  startBeside,
  takeEffect,
} from './household-starts.ts'
import { type Conditions, NothingChanges } from './move.ts'
import { daysBetween, timesAway, withStart } from './periods.ts'
import { keepSaidStart } from './said-starts.ts'
import { matesWhoBeganThen } from './store.ts'

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
