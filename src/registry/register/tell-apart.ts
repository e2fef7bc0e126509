import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { type Paged, pageOf, readCursor } from '../../platform/paging.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { DistinctBecause, NeighbourFields } from '../model.ts'
import { onRecord } from '../on-record.ts'
import { nextVersion, recordMovement } from '../person/neighbours.ts'
import { dropVisits, setHides, versionOf } from '../person/store.ts'
import { loadRecords } from '../store.ts'
import { likenessPlace } from './hold-alike.ts'
import { likenessesOpen, likenessOpenOf, likenessToDecide, tellLikenessApart } from './store.ts'

const FIELDS = ['name', 'dateOfBirth', 'address', 'residence', 'departedOn'] as const
type Field = (typeof FIELDS)[number]

/** Somebody, as far as two records are compared. */
export type Compared = { id: string } & Partial<Pick<NeighbourFields, Field>>

/** A new record that may be somebody who hides, beside that somebody. */
export interface PerhapsOne {
  /** The record written down. */
  written: Compared
  hidden: Compared[]
  /** When it was written, RFC 3339, and by whom (a pseudonym). */
  at: string
  by: string
}

const MOST_LISTED = 50

/**
 * New records that may be one person with somebody who hides, the oldest first: to be joined or told apart within a
 * working day. For supervisors.
 *
 * @throws {Refusal}
 */
export async function perhapsOnePerson(
  deps: RegistryDeps,
  { town, by: supervisor }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<PerhapsOne>>> {
  const after = readCursor(cursor)
  if (supervisor.role !== 'supervisor') return deps.gate.turnAway(town.id, supervisor)
  const trueAt = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, Field, Paged<PerhapsOne>, { more: string | undefined }>(
    {
      municipalityId: town.id,
      requester: supervisor,
      action: 'join',
      purpose: purposeOf(supervisor),
      fields: FIELDS,
      worklist: true,
    },
    async (transaction) => {
      const read = await likenessesOpen(transaction, { after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.recorded_at.toISOString(), id: row.id }))
      const ids = page.rows.map((row) => row.neighbour_id)
      return { records: await loadRecords(transaction, ids, { trueAt }), beside: { more: page.more } }
    },
    async (records, unit, openMore) => {
      const listed: PerhapsOne[] = []
      for (const written of records) {
        const row = await likenessToDecide(unit.transaction, written.id)
        const { resembles } = unit.reopen(written.id, likenessPlace(row.id), row.content) as { resembles: string[] }
        const hidden = await openMore((transaction) => loadRecords(transaction, resembles, { trueAt }))
        listed.push({ written, hidden, at: row.recorded_at.toISOString(), by: row.recorded_by })
      }
      return { items: listed, ...unit.beside }
    },
  )
}

/**
 * Decides that a new record is another person than the one who hides: it is shown from now on like any other, unless
 * its owner hides for themself.
 *
 * @throws {NotFound} when nothing is to be decided about this record
 * @throws {Refusal}
 */
export async function tellApart(
  deps: RegistryDeps,
  { town, by: supervisor }: Acting<Staff>,
  { id, because }: { id: string; because: DistinctBecause },
): Promise<Disclosed<{ id: string; version: number }>> {
  if (supervisor.role !== 'supervisor') return deps.gate.turnAway(town.id, supervisor)
  const day = today(deps.clock, town.timeZone)
  return onRecord(
    deps,
    { town, by: supervisor },
    {
      id: id,
      action: 'join',
      fields: [],
      use: async (_, unit) => {
        const open = await likenessOpenOf(unit.transaction, id)
        if (open === undefined) throw new NotFound()
        const before = await versionOf(unit.transaction, id)
        const version = await nextVersion(unit, id, before.version)
        if (!open.hides) {
          await setHides(unit.transaction, { hides: false, id })
          await dropVisits(unit.transaction, id)
        }
        // Last: while it is open, the database knows that showing it again is news to nobody.
        const decided = await tellLikenessApart(unit.transaction, {
          decidedAt: deps.clock.now().toString(),
          decidedBy: supervisor.id,
          id: open.id,
        })
        if (decided.numUpdatedRows !== 1n) throw new NotFound()
        const outline = { kind: 'change', cause: 'personal-data', effectiveOn: day.toString() } as const
        await recordMovement(
          unit,
          { town, by: supervisor },
          { neighbourId: id, outline, details: { toldApart: because } },
        )
        return { id, version }
      },
    },
  )
}
