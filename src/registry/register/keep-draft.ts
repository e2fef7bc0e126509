import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Staff } from '../../firewall/requester.ts'
import { passingKey, passingOpener } from '../../keys/passing-keys.ts'
import { uuidv7 } from '../../platform/clock.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { draftsRecent, dropDraftRow, keepDraftRow } from './store.ts'

/** A form that is not finished, box by box, as its page names them. */
export type DraftForm = Record<string, string>

export interface Draft {
  id: string
  updatedAt: string
  typed: DraftForm
}

/** Marks the draft of somebody very like a neighbour: it waits for a decision. */
export const TO_DECIDE = 'decide'

const location = (id: string) => ({ table: 'drafts', column: 'content', row: id })
/** A draft is somebody who is being registered: whoever may register may keep one. */
const registering = (town: Municipality, requester: Staff) =>
  ({ municipalityId: town.id, requester, action: 'register', purpose: 'registration', fields: [] }) as const

/** Names the boxes of a draft whose text was not kept. */
export const HELD = 'held'

/**
 * Keeps a form that is not finished, sealed, for its clerk alone. A text that may be about papers is not kept: its box
 * is empty in the draft, which says so.
 *
 * @param form what may be kept, and the boxes that were emptied for it
 * @throws {Refusal}
 */
export async function keepDraft(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { id, draft: { kept: plain, held } }: { id: string | undefined; draft: { kept: DraftForm; held: readonly string[] } },
): Promise<Disclosed<{ id: string }>> {
  const draftId = id ?? uuidv7()
  const now = deps.clock.now()
  return deps.gate.decide(registering(town, clerk), async (transaction) => {
    const still = [...new Set([...held, ...(plain[HELD]?.split(' ') ?? []).filter((field) => plain[field] === '')])]
    const { [HELD]: _, ...rest } = plain
    const form: DraftForm = { ...rest, ...(still.length > 0 ? { [HELD]: still.join(' ') } : {}) }
    const key = await passingKey(transaction, { keys: deps.keys, municipalityId: town.id, now })
    const content = Buffer.from(key.seal(location(draftId), form))
    const written = await keepDraftRow(transaction, {
      row: {
        id: draftId,
        municipality_id: town.id,
        staff_id: clerk.id,
        data_key_id: key.id,
        content,
        updated_at: now.toString(),
      },
      content,
      updatedAt: now.toString(),
      staffId: clerk.id,
    })
    if (written.numInsertedOrUpdatedRows !== 1n) throw new NotFound()
    return { id: draftId }
  })
}

/** A clerk's own drafts, the newest first, at whatever desk they sit. @throws {Refusal} */
export async function draftsOf(deps: RegistryDeps, { town, by: clerk }: Acting<Staff>): Promise<Disclosed<Draft[]>> {
  return deps.gate.decide(registering(town, clerk), async (transaction) => {
    const keyOf = await passingOpener(transaction, { keys: deps.keys, municipalityId: town.id })
    const rows = await draftsRecent(transaction, {
      staffId: clerk.id,
      since: new Date(deps.clock.now().subtract({ hours: 24 * 7 }).epochMilliseconds),
    })
    return rows.map((row) => ({
      id: row.id,
      updatedAt: row.updated_at.toISOString(),
      typed: (keyOf(row.content)?.open(location(row.id), row.content) ?? {}) as DraftForm,
    }))
  })
}

/** Forgets a draft, because it was registered or was a mistake. @throws {Refusal} */
export async function dropDraft(deps: RegistryDeps, { town, by: clerk }: Acting<Staff>, id: string): Promise<void> {
  await deps.gate.decide(registering(town, clerk), async (transaction) => {
    await dropDraftRow(transaction, { id, staffId: clerk.id })
  })
}
