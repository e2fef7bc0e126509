import { isDeepStrictEqual } from 'node:util'
import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Opened, UnitOfWork } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { registeredEarlier } from '../../identity/new-ways.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { Problem } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { awaySince, movementsInForce } from '../departure/movements-in-force.ts'
import { retellCards } from '../departure/removal.ts'
import type { RegistryDeps } from '../deps.ts'
import type { NeighbourFields } from '../model.ts'
import { onRecord } from '../on-record.ts'
import { flagTakenBack, letGo } from '../register/hold-alike.ts'
import { lockTogether } from '../residence/move.ts'
import { restoreResidences } from '../residence/residence-rows.ts'
import { tokenMaker } from '../search/search-tokens.ts'
import { withdrawAllProofs, withdrawProofsSince } from './held-proofs.ts'
import { movementsOf, sealMovement } from './movements.ts'
import { wordsOfName } from './names.ts'
import { nextVersion, recordMovement, reindex, UNDONE_WITHIN } from './neighbours.ts'
import { particularsAt, type Reached, reachedNow, waysBeside } from './reached-before.ts'
import { actsForSomebody } from './representation/act-for.ts'
import {
  anythingSaid,
  keepParticulars,
  neighboursOfAct,
  particularsBefore,
  particularsWrittenAt,
  reviveAccess,
  setDeparture,
  undoRegistration,
} from './store.ts'

const REASONS = {
  'undo-not-yours': 'Only whoever wrote the last change can undo it.',
  'undo-too-late': 'The hour in which a change can be undone is over. Correct it, or open a proceeding.',
  'undo-not-possible': 'The last change is not one that can be undone. Change it back instead.',
  'undo-in-the-way': 'Something that came after rests on it: somebody they act for, or somebody who moved along.',
} as const
export type WhyNotUndone = keyof typeof REASONS

/** @throws when the last change of a record cannot be undone; the code says what stands in the way. */
export class CannotUndo extends Problem {
  readonly why: WhyNotUndone

  constructor(why: WhyNotUndone) {
    super(why, 409, REASONS[why])
    this.why = why
  }
}

/** What can be undone of a record, or was. */
export interface Undoable {
  id: string
  name: NeighbourFields['name'] | undefined
  dateOfBirth: string | undefined
  what: 'registration' | 'return' | 'move' | 'departure' | 'correction'
  /** The day it held from, ISO 8601. */
  effectiveOn: string
  /** Whom it was written about in one act. */
  people: number
}

interface Act {
  movementId: string
  what: Undoable['what']
  effectiveOn: string
  /** The instant of its transaction, exactly as PostgreSQL writes it. */
  at: string
  /** Everyone it was written about, the neighbour first. */
  together: string[]
  /** Of a registration: the key it was sent with, hex. */
  once: string | undefined
}

const UNDONE: Record<string, Undoable['what']> = {
  'registration birth': 'registration',
  'registration arrival': 'registration',
  'registration omission': 'registration',
  'registration return': 'return',
  'change address': 'move',
  'change address-corrected': 'move',
  'change personal-data': 'correction',
  'departure death': 'departure',
  'departure moved-away': 'departure',
}

const FIELDS = ['name', 'previousNames', 'dateOfBirth', 'address', 'departedOn'] as const
type Person = Opened<NeighbourFields, (typeof FIELDS)[number]>

/** What the clerk may undo of a record now, shown before it is done. @throws {CannotUndo} {NotFound} {Refusal} */
export async function undoable(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<Disclosed<Undoable>> {
  return onRecord(
    deps,
    { town, by: staff },
    {
      id,
      action: 'undo',
      fields: FIELDS,
      use: async (person, unit) => outlineOf(person, await lastAct(deps, { unit, staff, id: person.id })),
    },
  )
}

/**
 * Takes back the last thing that was written about a neighbour: registering, moving, leaving, correcting. By whoever wrote
 * it, within the hour; of a household that moved together, for all of them. Nothing stays true of the mistake, and what was
 * believed stays in the history. Papers and proofs given since are taken back: a city does not learn whether they were
 * looked at. Of a registration the key is destroyed, and with it everything that was sealed.
 *
 * @throws {CannotUndo} when something stands in the way
 * @throws {NotFound} {Refusal}
 */
export async function undo(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  id: string,
): Promise<Disclosed<Undoable>> {
  const { hash32 } = await deps.gate.keysOf(town.id)
  const day = today(deps.clock, town.timeZone)
  return onRecord(
    deps,
    { town, by: staff },
    {
      id,
      action: 'undo',
      fields: FIELDS,
      use: async (person, unit, open) => {
        // Held before it is read: what is undone is the last thing, and stays it until this is over.
        await lockTogether(unit, [id])
        const act = await lastAct(deps, { unit, staff, id })
        const outline = outlineOf(person, act)
        if (act.what === 'registration') {
          await flagTakenBack(unit, { town, staff, id })
          await withdrawAllProofs(unit, id)
          const last = uuidv7()
          const details = sealMovement(unit.unnamed(id), last, {
            ...{ kind: 'departure', cause: 'undone', effectiveOn: act.effectiveOn },
            ...{ recordedBy: staff.id, said: {}, now: unit.now },
          })
          await undoRegistration(unit.transaction, {
            ...{ id, livedFrom: act.effectiveOn, last: { id: last, details } },
            once: Buffer.from(act.once ?? '', 'hex'),
          })
          return outline
        }
        const versions = await lockTogether(unit, act.together)
        const visible = new Set((await open(act.together)).map((one) => one.id))
        for (const one of act.together) {
          const theirs = one === id ? act : await lastAct(deps, { unit, staff, id: one })
          if (theirs.at !== act.at || !visible.has(one)) throw new CannotUndo('undo-in-the-way')
          await withdrawProofsSince(unit, one, Temporal.Instant.from(act.at))
          if (act.what === 'correction') await restoreParticulars(deps, { unit, town }, { id: one, at: act.at })
          else await restoreResidences(unit, { town, requester: staff, neighbourId: one, at: act.at })
          // A death recorded of somebody who had left ended nothing: they stay where they were, away.
          if (act.what === 'departure' && (await awayBefore(unit, one, act.at)) === null) {
            await setDeparture(unit.transaction, { departedOn: null, id: one })
            await reviveAccess(unit.transaction, { one, at: act.at })
          }
          if (act.what === 'return')
            await setDeparture(unit.transaction, { departedOn: await awayBefore(unit, one, act.at), id: one })
          await letGo(unit, { town, staff, id: one, when: { at: act.at, now: deps.clock.now() } })
          await nextVersion(unit, one, versions.get(one) ?? 0)
          const outlined = { kind: 'change', cause: 'undone', effectiveOn: day.toString() } as const
          await recordMovement(
            unit,
            { town, by: staff },
            { neighbourId: one, outline: outlined, details: { undone: theirs.movementId } },
          )
          await retellCards(deps, { unit, town, neighbourId: one })
        }
        const token = tokenMaker(hash32, town.blindIndexBits)
        for (const one of await open(act.together)) {
          const names = [...(one.name ? [one.name] : []), ...(one.previousNames ?? [])].map(wordsOfName)
          const person = { names, dateOfBirth: one.dateOfBirth, address: one.address }
          await reindex(unit, one.id, { token, person })
        }
        return outline
      },
    },
  )
}

const outlineOf = (person: Person, act: Act): Undoable => ({
  id: person.id,
  name: person.name,
  dateOfBirth: person.dateOfBirth,
  what: act.what,
  effectiveOn: act.effectiveOn,
  people: act.together.length,
})

/** The last thing written about a neighbour, if this clerk may undo it. @throws {CannotUndo} */
async function lastAct(
  deps: RegistryDeps,
  { unit, staff, id }: { unit: UnitOfWork; staff: Staff; id: string },
): Promise<Act> {
  const last = (await movementsOf(unit, id)).at(-1)
  if (last === undefined) throw new CannotUndo('undo-not-possible')
  const { at } = last
  if (last.recordedBy !== staff.id) throw new CannotUndo('undo-not-yours')
  const until = last.recordedAt.toTemporalInstant().add(UNDONE_WITHIN)
  if (Temporal.Instant.compare(until, deps.clock.now()) < 0) throw new CannotUndo('undo-too-late')
  const what = UNDONE[`${last.kind} ${last.cause}`]
  const possible = what !== undefined && (what !== 'correction' || (await wroteParticulars(unit, id, at)))
  if (!possible) throw new CannotUndo('undo-not-possible')
  if (
    what === 'registration' &&
    ((await actsForSomebody(unit.transaction, id, true)) || (await saidSomething(unit, id)))
  )
    throw new CannotUndo('undo-in-the-way')
  const together = what === 'move' ? [id, ...(await movedAlong(unit, { id, at }))] : [id]
  return {
    movementId: last.id,
    what,
    effectiveOn: last.effectiveOn,
    at,
    together,
    once: (last.said as { once?: string }).once,
  }
}

/** Whether they wrote to the city, or are being heard: that is not forgotten with a mistake. */
async function saidSomething(unit: UnitOfWork, id: string): Promise<boolean> {
  const { rows } = await anythingSaid(unit.transaction, id)
  return rows.length > 0
}

/** Who else moved in the same act: one transaction, and so one instant. */
async function movedAlong(unit: UnitOfWork, { id, at }: { id: string; at: string }): Promise<string[]> {
  const { rows } = await neighboursOfAct(unit.transaction, { at, id })
  return rows.map((row) => row.id)
}

/** Whether a change of personal data was a correction: hiding and telling apart write no particulars. */
async function wroteParticulars(unit: UnitOfWork, id: string, at: string): Promise<boolean> {
  const { rows } = await particularsWrittenAt(unit.transaction, { id, at })
  return rows.length > 0
}

/** Since when somebody was away, before an act. */
const awayBefore = async (unit: UnitOfWork, id: string, at: string) => awaySince(await movementsInForce(unit, id, at))

/** Writes again what was recorded before a correction: a name that was a mistake is no earlier name either. */
async function restoreParticulars(
  deps: RegistryDeps,
  { unit, town }: { unit: UnitOfWork; town: Municipality },
  { id, at }: { id: string; at: string },
): Promise<void> {
  const { rows } = await particularsBefore(unit.transaction, { id, at })
  const [before] = rows
  if (before === undefined) throw new CannotUndo('undo-not-possible')
  const version = before.latest + 1
  const earlier = (column: 'identity' | 'contact') =>
    unit.reopen(id, particularsAt(id, column, before.version), before[column])
  const again = (column: 'identity' | 'contact', value: unknown) =>
    Buffer.from(unit.seal(id, particularsAt(id, column, version), value))
  // What is taken back was a way to somebody as well.
  const { contactBefore: _, ...reached } = earlier('contact') as Reached
  const now = deps.clock.now()
  const was = await reachedNow(unit, id)
  const beside = (await registeredEarlier(unit.transaction, id, now))
    ? waysBeside({ town, now }, [was], reached.contact)
    : []
  if (beside.length > 0 && !isDeepStrictEqual(was.contact, reached.contact))
    await noticeOfWays(unit.transaction, { deps, town, neighbourId: id, kind: 'reach-changed' })
  await keepParticulars(unit.transaction, {
    municipality_id: town.id,
    neighbour_id: id,
    version,
    identity: again('identity', earlier('identity')),
    contact: again('contact', beside.length > 0 ? { ...reached, contactBefore: beside } : reached),
  })
}
