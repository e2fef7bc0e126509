import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain } from '../../firewall/free-text.ts'
import type { UnitOfWork } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import type { Transaction } from '../../platform/database.ts'
import { InvalidInput, NotFound, VersionConflict } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { EvidenceStrength, type SaidStart } from '../model.ts'
import { faultsOfStart, lifeRules, refuseImpossible } from '../person/dates/life-dates.ts'
import {
  type Corrected,
  Everyone,
  type Held,
  held,
  nobodyElse,
  peopleOf,
  Reason,
  startBeside,
  takeEffect,
  writeDown,
} from './household-starts.ts'
import type { Conditions } from './move.ts'
import { daysLived, withStart } from './periods.ts'
import { decideSaidStarts, StartWaits, saidBy } from './said-starts.ts'
import { lockSaid, matesWhoSaid } from './store.ts'

export const StartDecision = z
  .discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('confirmed'), seen: EvidenceStrength, everyone: Everyone }),
    z.strictObject({ decision: z.literal('refused'), reason: Reason, confirmedPlain, everyone: Everyone }),
  ])
  .openapi('StartDecision')
export type StartDecision = z.infer<typeof StartDecision>

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

/** Starts that wait, with whose they are. */
const startsOf = (records: readonly Held[]): (SaidStart & { of: string })[] =>
  records.flatMap(({ id, said = [] }) => said.map((one) => ({ ...one, of: id })))
