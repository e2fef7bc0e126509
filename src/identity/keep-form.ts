import { randomUUID } from 'node:crypto'
import type { Gate } from '../firewall/model.ts'
import type { FormTyped } from '../http/html-forms.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { passingKey, passingOpener } from '../keys/passing-keys.ts'
import type { Clock } from '../platform/clock.ts'
import { type Database, inMunicipality } from '../platform/database.ts'
import { isUuid } from '../platform/uuid.ts'
import type { Acting } from '../town/model.ts'
import { dropKeptForms, dropKeptFormsOf, insertKeptForm, keptFormRow, keptFormsOf } from './session-store.ts'

// What was typed when a session ran out comes back to whoever typed it: sealed on the server, never in a browser, which may be a
// library's.

interface Deps {
  database: Database
  clock: Clock
  gate: Pick<Gate, 'keysOf'>
  keys: KeyProvider
}

/** How long it waits for its writer. */
const KEPT: Temporal.DurationLike = { hours: 1 }
/** Forms of one person at once: the oldest goes. */
const MOST_KEPT = 3

/** Who typed it: what they came in by, and nobody who comes in by anything else. */
export interface FormOwner {
  kind: 'staff' | 'resident'
  /** The pseudonym of staff, or the neighbour's id. */
  subject: string
  /** The card or telephone of a neighbour. */
  way?: string | undefined
}

const location = (id: string) => ({ table: 'kept_forms', column: 'content', row: id })
const ownerHash = (hash: (text: string) => Buffer, { kind, subject, way }: FormOwner) =>
  hash(`kept forms ${kind} ${subject} ${way ?? ''}`)

/** Keeps what was typed into a form. @returns the number by which its page finds it */
export async function keepForm(deps: Deps, { town, by: owner }: Acting<FormOwner>, typed: FormTyped): Promise<string> {
  const { hash } = await deps.gate.keysOf(town.id)
  const id = randomUUID()
  const whose = ownerHash(hash, owner)
  await inMunicipality(deps.database, town.id, async (transaction) => {
    const before = await keptFormsOf(transaction, whose)
    const over = before.slice(MOST_KEPT - 1).map((row) => row.id)
    if (over.length > 0) await dropKeptForms(transaction, over)
    const key = await passingKey(transaction, { keys: deps.keys, municipalityId: town.id, now: deps.clock.now() })
    await insertKeptForm(transaction, {
      id,
      municipality_id: town.id,
      owner: whose,
      data_key_id: key.id,
      content: Buffer.from(key.seal(location(id), typed)),
      expires_at: deps.clock.now().add(KEPT).toString(),
    })
  })
  return id
}

/** What was kept, for its owner alone. @returns undefined for a number that is none, or somebody else's */
export async function keptForm(
  deps: Deps,
  { town, by: owner }: Acting<FormOwner>,
  id: string,
): Promise<FormTyped | undefined> {
  if (!isUuid(id)) return undefined
  const { hash } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const now = new Date(deps.clock.now().epochMilliseconds)
    const row = await keptFormRow(transaction, { id, owner: ownerHash(hash, owner), now })
    const keyOf = await passingOpener(transaction, { keys: deps.keys, municipalityId: town.id })
    return row && (keyOf(row.content)?.open(location(row.id), row.content) as FormTyped | undefined)
  })
}

/** Drops what was kept for somebody, when they sign out or have sent it. */
export async function dropForms(deps: Deps, { town, by: owner }: Acting<FormOwner>, id?: string): Promise<void> {
  const { hash } = await deps.gate.keysOf(town.id)
  await inMunicipality(deps.database, town.id, (transaction) =>
    dropKeptFormsOf(transaction, { owner: ownerHash(hash, owner), id }),
  )
}
