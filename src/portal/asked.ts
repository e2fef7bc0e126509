import type { Disclosed } from '../firewall/disclosed.ts'
import type { SealedRecord } from '../firewall/gate.ts'
import type { Resident } from '../firewall/requester.ts'
import { today } from '../platform/clock.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { loadRecords } from '../registry/store.ts'
import { type ComplaintKind, type Outcome, placeOfComplaint, type Words } from './complaints.ts'

/** Something a neighbour asked while signed in, and what became of it. */
export interface Asked {
  kind: ComplaintKind
  text: string
  /** RFC 3339. */
  receivedAt: string
  /** RFC 3339 date. */
  dueOn: string
  answer?: string
  outcome?: Outcome
}

const MOST_ASKED = 100

/** What a neighbour asked and what was answered, the newest first. @throws {NotFound} {Refusal} */
export async function askedBy(deps: RegistryDeps, town: Municipality, resident: Resident): Promise<Disclosed<Asked[]>> {
  const { ledger } = await deps.gate.keysOf(town.id)
  return deps.gate.open<Record<never, never>, never, Asked[]>(
    { municipalityId: town.id, requester: resident, action: 'open', purpose: 'own-record', fields: [] },
    async (transaction) => {
      const found = { trueAt: today(deps.clock, town.timeZone) }
      const records = await loadRecords(transaction, [resident.neighbourId], found)
      return records.map((record): SealedRecord<Record<never, never>> => ({ ...record, facts: {}, parts: [] }))
    },
    async ([record], { transaction }) => {
      if (record === undefined) throw new NotFound()
      const rows = await transaction
        .selectFrom('complaints')
        .select(['id', 'kind', 'content', 'answer', 'outcome', 'received_at', 'due_on'])
        .where('neighbour_id', '=', resident.neighbourId)
        .orderBy('received_at', 'desc')
        .limit(MOST_ASKED)
        .execute()
      return rows.map((row) => ({
        kind: row.kind as ComplaintKind,
        text: (ledger.open(placeOfComplaint(row.id, 'content'), row.content) as Words).text,
        receivedAt: row.received_at.toISOString(),
        dueOn: row.due_on,
        ...(row.answer === null
          ? {}
          : { answer: ledger.open(placeOfComplaint(row.id, 'answer'), row.answer) as string }),
        ...(row.outcome === null ? {} : { outcome: row.outcome as Outcome }),
      }))
    },
  )
}
