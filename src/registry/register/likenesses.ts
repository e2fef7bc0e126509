import type { Disclosed } from '../../firewall/disclosed.ts'
import { purposeOf, type Staff } from '../../firewall/requester.ts'
import { today } from '../../platform/clock.ts'
import { afterPlace, type Paged, pageOf, readCursor, toTheMillisecond } from '../../platform/paging.ts'
import { NotFound } from '../../platform/problem.ts'
import type { Acting } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { DistinctBecause, NeighbourFields } from '../model.ts'
import { nextVersion, recordMovement } from '../person/neighbours.ts'
import { loadRecords } from '../store.ts'
import { likenessPlace } from './held.ts'

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
      const read = await transaction
        .selectFrom('likenesses')
        .select(['id', 'neighbour_id', 'recorded_at'])
        .where('decision', 'is', null)
        .where(afterPlace('recorded_at', 'id', after))
        .orderBy(toTheMillisecond('recorded_at'))
        .orderBy('id')
        .limit(MOST_LISTED + 1)
        .execute()
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.recorded_at.toISOString(), id: row.id }))
      const ids = page.rows.map((row) => row.neighbour_id)
      return { records: await loadRecords(transaction, ids, { trueAt }), beside: { more: page.more } }
    },
    async (records, unit, openMore) => {
      const listed: PerhapsOne[] = []
      for (const written of records) {
        const row = await unit.transaction
          .selectFrom('likenesses')
          .select(['id', 'content', 'recorded_at', 'recorded_by'])
          .where('neighbour_id', '=', written.id)
          .where('decision', 'is', null)
          .executeTakeFirstOrThrow()
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
  return deps.gate.open<NeighbourFields, never, { id: string; version: number }>(
    { municipalityId: town.id, requester: supervisor, action: 'join', purpose: purposeOf(supervisor), fields: [] },
    (transaction) => loadRecords(transaction, [id], { trueAt: day }),
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const open = await unit.transaction
        .selectFrom('likenesses')
        .select(['id', 'hides'])
        .where('neighbour_id', '=', id)
        .where('decision', 'is', null)
        .executeTakeFirst()
      if (open === undefined) throw new NotFound()
      const before = await unit.transaction
        .selectFrom('neighbours')
        .select('version')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const version = await nextVersion(unit, id, before.version)
      if (!open.hides) {
        await unit.transaction.updateTable('neighbours').set({ protected: false }).where('id', '=', id).execute()
        await unit.transaction.deleteFrom('visits').where('neighbour_id', '=', id).execute()
      }
      // Last: while it is open, the database knows that showing it again is news to nobody.
      const decided = await unit.transaction
        .updateTable('likenesses')
        .set({ decision: 'apart', decided_at: deps.clock.now().toString(), decided_by: supervisor.id })
        .where('id', '=', open.id)
        .where('decision', 'is', null)
        .executeTakeFirst()
      if (decided.numUpdatedRows !== 1n) throw new NotFound()
      const outline = { kind: 'change', cause: 'personal-data', effectiveOn: day.toString() } as const
      await recordMovement(
        unit,
        { town, by: supervisor },
        { neighbourId: id, outline, details: { toldApart: because } },
      )
      return { id, version }
    },
  )
}
