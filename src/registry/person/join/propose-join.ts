import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../../../firewall/disclosed.ts'
import { confirmedPlain, mustBePlain, plain } from '../../../firewall/free-text.ts'
import type { UnitOfWork } from '../../../firewall/model.ts'
import { purposeOf, type Staff } from '../../../firewall/requester.ts'
import { today, uuidv7 } from '../../../platform/clock.ts'
import type { Transaction } from '../../../platform/database.ts'
import { type Page, type Paged, pageOf, readCursor } from '../../../platform/paging.ts'
import { InvalidInput, NotFound } from '../../../platform/problem.ts'
import type { Acting } from '../../../town/model.ts'
import type { RegistryDeps } from '../../deps.ts'
import { idempotencyOf } from '../../idempotency.ts'
import type { NeighbourFields } from '../../model.ts'
import { onRecord } from '../../on-record.ts'
import { actOnce } from '../../replays.ts'
import { lockTogether } from '../../residence/move.ts'
import { loadRecords } from '../../store.ts'
import { joinRecords, reindexAs, takeApart } from './carry-out-join.ts'
import { CannotJoin, JOIN_FIELDS, type Joinable, type JoinField, mustBeJoinable, openOf } from './join-rules.ts'
import {
  decideJoinRow,
  joinedIn,
  joinStanding,
  joinsProposed,
  joinsStandingOf,
  keepJoin,
  lockJoin,
  reasonOf,
} from './store.ts'

export const JoinProposal = z
  .strictObject({
    other: z.uuid().openapi({ description: 'The record that is joined to this one, which stays' }),
    reason: plain(500, 3),
    confirmedPlain,
  })
  .openapi('JoinProposal')
export type JoinProposal = z.infer<typeof JoinProposal>

export const ApartProposal = z.strictObject({ reason: plain(500, 3), confirmedPlain }).openapi('ApartProposal')
export type ApartProposal = z.infer<typeof ApartProposal>

/** Two records side by side, and what is proposed of them. */
export interface Join {
  /** Of the proposal. */
  id: string
  what: 'join' | 'apart'
  stays: Joinable
  joined: Joinable
  reason: string
  /** Whether whoever asks may decide it: somebody else than whoever proposed it. */
  mine: boolean
  /** RFC 3339 */
  at: string
}

const locationOf = (id: string) => ({ table: 'joins', column: 'reason', row: id })
const MOST_LISTED = 50

/** Works on two records behind the gate: who may not see both finds neither. */
async function onBoth<T extends object>(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    ids,
    use,
    act,
  }: {
    ids: { stays: string; joined: string }
    use: (both: { stays: Joinable; joined: Joinable }, unit: UnitOfWork, again: () => Promise<Joinable[]>) => Promise<T>
    act?: { operation: string; idempotencyKey: string; body: unknown } | undefined
  },
): Promise<Disclosed<T>> {
  const key =
    act &&
    (await idempotencyOf(deps.gate, town.id, {
      requester: staff.id,
      operation: `${act.operation} ${ids.stays} ${ids.joined}`,
      key: act.idempotencyKey,
      body: act.body,
    }))
  const trueAt = today(deps.clock, town.timeZone)
  const load = (transaction: Transaction) => loadRecords(transaction, [ids.stays, ids.joined], { trueAt })
  return deps.gate.open<NeighbourFields, JoinField, T>(
    { municipalityId: town.id, requester: staff, action: 'join', purpose: purposeOf(staff), fields: JOIN_FIELDS },
    load,
    async (records, unit, openMore) => {
      const stays = records.find(({ id }) => id === ids.stays)
      const joined = records.find(({ id }) => id === ids.joined)
      if (stays === undefined || joined === undefined) throw new NotFound()
      const work = () => use({ stays, joined }, unit, () => openMore(load))
      return key ? actOnce(unit, { town, neighbourId: stays.id, key }, work) : work()
    },
  )
}

/** Two records side by side, before anything is proposed. @throws {NotFound} {Refusal} */
export async function compareRecords(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  ids: { stays: string; joined: string },
): Promise<Disclosed<{ stays: Joinable; joined: Joinable }>> {
  if (ids.stays === ids.joined) throw new NotFound()
  return onBoth(deps, { town, by: staff }, { ids, use: async (both) => both })
}

/**
 * Proposes that two records are of one person: the first stays, the other is joined to it. Somebody else decides.
 *
 * @throws {InvalidInput} when it is one record
 * @throws {SaysTooMuch} when the reason may be about papers
 * @throws {CannotJoin} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function proposeJoin(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  { id, proposal, idempotencyKey }: { id: string; proposal: JoinProposal; idempotencyKey: string },
): Promise<Disclosed<{ id: string }>> {
  const { other, reason } = proposal
  if (id === other) throw new InvalidInput([{ pointer: '/other', detail: 'Choose another record.' }])
  await mustBePlain(deps.gate, { municipalityId: town.id, by: staff }, { schema: JoinProposal, form: proposal })
  return onBoth(
    deps,
    { town, by: staff },
    {
      ids: { stays: id, joined: other },
      use: async ({ stays, joined }, unit) => {
        await lockTogether(unit, [id, other])
        await mustBeJoinable(deps, town, { unit, pair: { stays, joined } })
        return { id: await propose(unit, { town, by: staff }, { stays: id, joined: other, reason }) }
      },
      act: { operation: 'join', idempotencyKey, body: proposal },
    },
  )
}

/**
 * Proposes that two records that were joined are taken apart: they were two people. Somebody else decides.
 *
 * @throws {CannotJoin} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function proposeApart(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    ids,
    proposal,
    idempotencyKey,
  }: { ids: { stays: string; joined: string }; proposal: ApartProposal; idempotencyKey: string },
): Promise<Disclosed<{ id: string }>> {
  const { reason } = proposal
  await mustBePlain(deps.gate, { municipalityId: town.id, by: staff }, { schema: ApartProposal, form: proposal })
  return onBoth(
    deps,
    { town, by: staff },
    {
      ids,
      use: async (_, unit) => {
        await lockTogether(unit, [ids.stays, ids.joined])
        const inForce = await joinStanding(unit.transaction, { staysId: ids.stays, joinedId: ids.joined })
        if (inForce === undefined) throw new CannotJoin('not-joined')
        const open = await openOf(unit, [ids.stays, ids.joined])
        if (open) throw new CannotJoin('join-open')
        return { id: await propose(unit, { town, by: staff }, { ...ids, reason, undoes: inForce.id }) }
      },
      act: { operation: 'apart', idempotencyKey, body: proposal },
    },
  )
}

async function propose(
  unit: UnitOfWork,
  { town, by: staff }: Acting<Staff>,
  what: { stays: string; joined: string; reason: string; undoes?: string },
): Promise<string> {
  const id = uuidv7()
  await keepJoin(unit.transaction, {
    id,
    municipality_id: town.id,
    stays_id: what.stays,
    joined_id: what.joined,
    undoes: what.undoes ?? null,
    reason: Buffer.from(unit.seal(what.stays, locationOf(id), what.reason)),
    proposed_by: staff.id,
  })
  return id
}

/**
 * Decides a proposal to join two records, or to take them apart. It takes somebody else than whoever proposed it; of
 * records that hide, two supervisors, since nobody else sees them.
 *
 * @throws {CannotJoin} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function decideJoin(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  {
    at,
    decision,
    idempotencyKey,
  }: { at: { id: string; staysId: string }; decision: 'approved' | 'refused'; idempotencyKey: string },
): Promise<Disclosed<{ id: string; decision: string }>> {
  const joinedId = await otherOf(deps, { town, by: staff }, at)
  return onBoth(
    deps,
    { town, by: staff },
    {
      ids: { stays: at.staysId, joined: joinedId },
      use: async (both, unit, again) => {
        await lockTogether(unit, [at.staysId, joinedId])
        const proposal = await lockJoin(unit.transaction, at.id)
        if (proposal.decision !== null) throw new CannotJoin('join-decided')
        if (decision === 'approved') {
          if (proposal.proposed_by === staff.id) throw new CannotJoin('second-clerk-needed')
          if (proposal.undoes === null) {
            // Asked again: what was true when it was proposed may not be now.
            await mustBeJoinable(deps, town, { unit, pair: both, besides: at.id })
            await joinRecords(deps, { town, by: staff }, { unit, pair: { id: at.id, ...both } })
          }
          if (
            proposal.undoes !== null &&
            !(await takeApart(deps, { town, by: staff }, { unit, pair: { id: proposal.undoes, ...both } }))
          )
            throw new CannotJoin('apart-in-the-way')
          // What is found now is what stands there now; a record that was joined is found by nothing.
          for (const one of await again())
            if (proposal.undoes !== null || one.id === at.staysId) await reindexAs(deps, town, { unit, person: one })
        }
        await decideJoinRow(unit.transaction, {
          decision,
          decidedBy: staff.id,
          decidedAt: deps.clock.now().toString(),
          id: at.id,
        })
        return { id: at.id, decision }
      },
      act: { operation: `decide-join ${at.id}`, idempotencyKey, body: { decision } },
    },
  )
}

/** The other record of a proposal, asked of the gate like anything about the first. @throws {NotFound} {Refusal} */
async function otherOf(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  at: { id: string; staysId: string },
): Promise<string> {
  let other = ''
  await deps.gate.open<NeighbourFields, never, void>(
    { municipalityId: town.id, requester: staff, action: 'join', purpose: purposeOf(staff), fields: [] },
    (transaction) => loadRecords(transaction, [at.staysId], { trueAt: today(deps.clock, town.timeZone) }),
    async ([record], unit) => {
      const row = record && (await joinedIn(unit.transaction, { id: at.id, staysId: at.staysId }))
      if (!row) throw new NotFound()
      other = row.joined_id
      unit.shown([])
    },
  )
  return other
}

interface ProposalRow {
  id: string
  stays_id: string
  joined_id: string
  undoes: string | null
  proposed_by: string
  proposed_at: Date
}

/** Proposals that wait for somebody, as far as whoever asks may see both records; the oldest first. @throws {Refusal} */
export async function joinsWaiting(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  cursor?: string,
): Promise<Disclosed<Paged<Join>>> {
  const after = readCursor(cursor)
  const trueAt = today(deps.clock, town.timeZone)
  return deps.gate.open<NeighbourFields, JoinField, Paged<Join>, Page<ProposalRow>>(
    {
      municipalityId: town.id,
      requester: staff,
      action: 'join',
      purpose: purposeOf(staff),
      fields: JOIN_FIELDS,
      worklist: true,
    },
    async (transaction) => {
      const read = await joinsProposed(transaction, { staff, after, most: MOST_LISTED + 1 })
      const page = pageOf(read, MOST_LISTED, (row) => ({ at: row.proposed_at.toISOString(), id: row.id }))
      const ids = [...new Set(page.rows.flatMap((row) => [row.stays_id, row.joined_id]))]
      return { records: await loadRecords(transaction, ids, { trueAt }), beside: page }
    },
    async (records, unit) => {
      const known = new Map(records.map((record) => [record.id, record]))
      const listed: Join[] = []
      for (const row of unit.beside.rows) {
        const [stays, joined] = [known.get(row.stays_id), known.get(row.joined_id)]
        if (stays === undefined || joined === undefined) continue
        const { reason } = await reasonOf(unit.transaction, row.id)
        listed.push({
          id: row.id,
          what: row.undoes === null ? 'join' : 'apart',
          stays,
          joined,
          reason: unit.reopen(stays.id, locationOf(row.id), reason) as string,
          mine: row.proposed_by === staff.id,
          at: row.proposed_at.toISOString(),
        })
      }
      unit.shown(listed.flatMap(({ stays, joined }) => [stays.id, joined.id]))
      return { items: listed, more: unit.beside.more }
    },
  )
}

/** What a record was joined with: the one it is in now, and those that are in it. Nothing is opened. */
export interface Joined {
  to: string | undefined
  with: string[]
}

/** @throws {NotFound} {Refusal} */
export async function joinedWith(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<Disclosed<Joined>> {
  return onRecord(
    deps,
    { town, by: staff },
    {
      id: id,
      action: 'join',
      fields: [],
      use: async (_, unit) => {
        const { rows } = await joinsStandingOf(unit.transaction, id)
        return {
          to: rows.find((row) => row.joined_id === id)?.stays_id,
          with: rows.filter((row) => row.stays_id === id).map((row) => row.joined_id),
        }
      },
    },
  )
}
