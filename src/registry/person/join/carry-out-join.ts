import { isDeepStrictEqual } from 'node:util'
import type { UnitOfWork } from '../../../firewall/model.ts'
import type { Staff } from '../../../firewall/requester.ts'
import { noticeOfWays } from '../../../identity/telling.ts'
import { today, uuidv7 } from '../../../platform/clock.ts'
import type { Acting, Municipality } from '../../../town/model.ts'
import { retellCards } from '../../departure/removal.ts'
import type { RegistryDeps } from '../../deps.ts'
import type { Name } from '../../model.ts'
import type { Whole } from '../../particulars.ts'
import { decideLikenessesJoined } from '../../register/store.ts'
import { beginPeriod, periodsInForce, residencesAsBefore, supersede } from '../../residence/residence-rows.ts'
import { decideSaidStarts } from '../../residence/said-starts.ts'
import { periodsBrought } from '../../residence/store.ts'
import { tokenMaker } from '../../search/search-tokens.ts'
import { bearersOf } from '../bearers.ts'
import { moveProofs, withdrawAllProofs, withdrawProofs } from '../held-proofs.ts'
import { movementsOf } from '../movements.ts'
import { wordsOfName } from '../names.ts'
import { nextVersion, recordMovement, reindex } from '../neighbours.ts'
import { particularsAt, type Reached, reachedNow, waysBeside } from '../reached-before.ts'
import { actsFrom, tellOfActing } from '../representation/acts-from.ts'
import { locationOf as locationOfRepresentation } from '../representation/record-representative.ts'
import {
  endRepresentationInForce,
  keepRepresentation,
  representationBetween,
  representationsInForce,
  reviveRepresentations,
} from '../representation/store.ts'
import {
  dropVisits,
  endWaysInJoined,
  keepParticulars,
  latestIdentity,
  restoreJoined,
  setDeparture,
  setHides,
  versionAndHides,
} from '../store.ts'
import { addedBy } from './join-periods.ts'
import type { Joinable } from './join-rules.ts'
import type { Moved, Taken } from './moved.ts'
import { joinRow, keepMoved, markUndone, moveBelongings, moveBelongingsBack } from './store.ts'

const locationOf = (id: string) => ({ table: 'joins', column: 'moved', row: id })

interface Pair {
  /** Of the join. */
  id: string
  stays: Joinable
  joined: Joinable
}

/**
 * Makes one record of two. The years of both are kept; proofs, requests, messages and whom they act for go to the record
 * that stays; the other is left as joined to it. Every way in to either ends: whoever could come in to one is not given
 * the other. The record hides if either did.
 */
export async function joinRecords(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  { unit, pair: { id, stays, joined } }: { unit: UnitOfWork; pair: Pair },
): Promise<void> {
  const day = today(deps.clock, town.timeZone).toString()
  const [was, wasOther] = [await versionAndProtection(unit, stays.id), await versionAndProtection(unit, joined.id)]
  const before = await periodsInForce(unit.transaction, joined.id)
  const added = addedBy(before, await periodsInForce(unit.transaction, stays.id))
  await supersede(
    unit,
    before.map((period) => period.id),
  )
  for (const period of before)
    await decideSaidStarts(unit, { requester: staff, which: { residenceId: period.id }, decision: 'lapsed' })
  for (const piece of added) await beginPeriod(unit, { town, neighbourId: stays.id, period: piece })

  const names = [...(joined.name ? [joined.name] : []), ...(joined.previousNames ?? [])].filter(
    (name) => ![stays.name, ...(stays.previousNames ?? [])].some((own) => isDeepStrictEqual(own, name)),
  )
  const previousNames = [...(stays.previousNames ?? []), ...names]
  const [{ identity: own }, { identity: other }] = [await identityOf(unit, stays.id), await identityOf(unit, joined.id)]
  const took: Taken = {
    // Carried over unseen: nobody is shown it to join the two.
    ...(own.sex === undefined && other.sex ? { sex: other.sex } : {}),
    ...(stays.dateOfBirth === undefined && joined.dateOfBirth ? { dateOfBirth: joined.dateOfBirth } : {}),
    ...(stays.contact === undefined && joined.contact ? { contact: joined.contact } : {}),
    ...(stays.languages === undefined && joined.languages ? { languages: joined.languages } : {}),
  }
  const reached = [await reachedNow(unit, joined.id), await reachedNow(unit, stays.id)]
  await writeParticulars(
    unit,
    { town, now: deps.clock.now() },
    {
      reached,
      person: { ...stays, sex: own.sex, ...took },
      previousNames,
    },
  )
  const representations = await carryRepresentations(deps, { unit, town }, { staysId: stays.id, joinedId: joined.id })
  // A proof of the other says what the other's record said: where the two differ, nobody vouches for it any more.
  await withdrawProofs(unit, joined.id, differing(stays, joined))
  const { rows } = await moveBelongings(unit.transaction, { joinedId: joined.id, staysId: stays.id })
  const bearers = await bearersOf(deps.gate, town.id)
  const proofs = await moveProofs(unit, { from: joined.id, to: stays.id, bearers })

  const hides = was.hides || wasOther.hides
  // Whoever held a way in to either finds that it is over.
  await noticeOfWays(unit.transaction, { deps, town, neighbourId: stays.id })
  for (const [one, before] of [
    [stays.id, was],
    [joined.id, wasOther],
  ] as const) {
    await endWaysInJoined(unit.transaction, one)
    await nextVersion(unit, one, before.version)
    await setHides(unit.transaction, { hides, id: one })
    await dropVisits(unit.transaction, one)
    await decideLikenessesJoined(unit.transaction, {
      decidedAt: deps.clock.now().toString(),
      decidedBy: staff.id,
      neighbourId: one,
    })
  }
  await withdrawAllProofs(unit, joined.id)
  if (joined.departedOn === undefined) await setDeparture(unit.transaction, { departedOn: day, id: joined.id })
  await withdrawProofs(unit, stays.id, ['years', 'periods', ...(hides && !was.hides ? ['address', 'household'] : [])])
  await reindex(unit, joined.id)
  await recordMovement(
    unit,
    { town, by: staff },
    {
      neighbourId: stays.id,
      outline: { kind: 'change', cause: 'joined', effectiveOn: day },
      details: { with: joined.id },
    },
  )
  await recordMovement(
    unit,
    { town, by: staff },
    {
      neighbourId: joined.id,
      outline: { kind: 'departure', cause: 'joined', effectiveOn: day },
      details: { to: stays.id },
    },
  )
  await retellCards(deps, { unit, town, neighbourId: joined.id })
  const moved: Moved = {
    belongings: rows[0]?.moved ?? {},
    proofs,
    representations,
    names,
    was: { departedOn: joined.departedOn ?? null, joinedHides: wasOther.hides, staysHides: was.hides },
    took,
  }
  await keepMoved(unit.transaction, { moved: Buffer.from(unit.seal(stays.id, locationOf(id), moved)), id })
}

/**
 * Takes two records apart that were joined: each has again what it had, and cards are handed over anew.
 *
 * @param pair the join that is taken apart
 * @returns false, and nothing is done, where the days of the years that the join brought were corrected since
 */
export async function takeApart(
  deps: RegistryDeps,
  { town, by: staff }: Acting<Staff>,
  { unit, pair: { id, stays, joined } }: { unit: UnitOfWork; pair: Pair },
): Promise<boolean> {
  const day = today(deps.clock, town.timeZone).toString()
  const act = (await movementsOf(unit, joined.id)).findLast(({ cause }) => cause === 'joined')
  if (act === undefined) return false
  const brought = await broughtByJoin(unit, stays.id, act.at)
  if (brought === undefined) return false
  const row = await joinRow(unit.transaction, id)
  if (row.moved === null) return false
  const moved = unit.reopen(stays.id, locationOf(id), row.moved) as Moved
  const [own, other] = [await versionAndProtection(unit, stays.id), await versionAndProtection(unit, joined.id)]

  // Who hid since is shown to nobody by this: which of the two asked for it is for a supervisor to find.
  const hidSince = own.hides && (row.hides_since || !(moved.was.joinedHides || moved.was.staysHides))
  const hid = (before: boolean) => before || hidSince
  // From here on the two are two: what asks which record a person is in is told so.
  await markUndone(unit.transaction, id)
  // What was written of the record that stays since stays its own: a move, leaving, a death.
  await supersede(unit, brought)
  for (const residenceId of brought)
    await decideSaidStarts(unit, { requester: staff, which: { residenceId }, decision: 'lapsed' })
  await residencesAsBefore(unit, { town, neighbourId: joined.id, at: act.at })
  const previousNames = (stays.previousNames ?? []).filter(
    (name) => !moved.names.some((theirs) => isDeepStrictEqual(theirs, name)),
  )
  // How to reach one of two people is not kept at the other.
  const { sex } = (await identityOf(unit, stays.id)).identity
  const recorded = { ...stays, sex }
  const still = (field: keyof Taken) =>
    moved.took[field] !== undefined && isDeepStrictEqual(recorded[field], moved.took[field])
  const reached = [await reachedNow(unit, stays.id)]
  await writeParticulars(
    unit,
    { town, now: deps.clock.now() },
    {
      reached,
      person: {
        ...recorded,
        ...(still('sex') ? { sex: undefined } : {}),
        ...(still('dateOfBirth') ? { dateOfBirth: undefined } : {}),
        ...(still('contact') ? { contact: undefined } : {}),
        ...(still('languages') ? { languages: undefined } : {}),
      },
      previousNames,
    },
  )
  for (const { written, ended } of moved.representations) {
    await endRepresentation(unit, written)
    await reviveRepresentations(unit.transaction, ended)
  }
  await restoreJoined(unit.transaction, {
    departedOn: moved.was.departedOn,
    hides: hid(moved.was.joinedHides),
    id: joined.id,
  })
  await setHides(unit.transaction, { hides: hid(moved.was.staysHides), id: stays.id })
  await moveBelongingsBack(unit.transaction, {
    staysId: stays.id,
    joinedId: joined.id,
    belongings: JSON.stringify(moved.belongings),
  })
  const bearers = await bearersOf(deps.gate, town.id)
  await moveProofs(unit, { from: stays.id, to: joined.id, only: moved.proofs, bearers })
  for (const [one, { version }] of [
    [stays.id, own],
    [joined.id, other],
  ] as const) {
    await endWaysInJoined(unit.transaction, one)
    await noticeOfWays(unit.transaction, { deps, town, neighbourId: one })
    await nextVersion(unit, one, version)
    await withdrawProofs(unit, one, ['years', 'periods'])
    await recordMovement(
      unit,
      { town, by: staff },
      {
        neighbourId: one,
        outline: { kind: 'change', cause: 'taken-apart', effectiveOn: day },
        details: { from: one === stays.id ? joined.id : stays.id },
      },
    )
    await retellCards(deps, { unit, town, neighbourId: one })
  }
  return true
}

/**
 * The residences in force that the record that stays has of the other, as they are now: also where one of them has ended since.
 *
 * @returns ids, or undefined where the days of one were corrected, so that nobody can tell what is whose
 */
async function broughtByJoin(unit: UnitOfWork, staysId: string, at: string): Promise<string[] | undefined> {
  const { rows } = await periodsBrought(unit.transaction, { staysId, at })
  const ids = rows.map((row) => row.id)
  return ids.includes(null) ? undefined : ids.filter((one) => one !== null)
}

async function versionAndProtection(unit: UnitOfWork, id: string): Promise<{ version: number; hides: boolean }> {
  const { version, protected: hides } = await versionAndHides(unit.transaction, id)
  return { version, hides }
}

const differing = (stays: Joinable, joined: Joinable) =>
  (['name', 'dateOfBirth'] as const).filter((field) => !isDeepStrictEqual(stays[field], joined[field]))

/** What a person is found by, as they stand now. */
export async function reindexAs(
  deps: RegistryDeps,
  town: Municipality,
  { unit, person }: { unit: UnitOfWork; person: Joinable },
): Promise<void> {
  const { hash32 } = await deps.gate.keysOf(town.id)
  const names = [...(person.name ? [person.name] : []), ...(person.previousNames ?? [])].map(wordsOfName)
  const { dateOfBirth, address } = person
  const token = tokenMaker(hash32, town.blindIndexBits)
  await reindex(unit, person.id, { token, person: { names, dateOfBirth, address } })
}

/** What is recorded of a person, with other earlier names. */
async function writeParticulars(
  unit: UnitOfWork,
  { town, now }: { town: Municipality; now: Temporal.Instant },
  {
    reached: was,
    person,
    previousNames,
  }: {
    reached: readonly Reached[]
    person: { id: string } & { [field in keyof Taken]: Taken[field] | undefined }
    previousNames: Name[]
  },
): Promise<void> {
  const latest = await identityOf(unit, person.id)
  const version = latest.version + 1
  const { contact, languages, dateOfBirth, sex } = person
  const identity: Whole<'identity'> = { name: latest.identity.name, previousNames, dateOfBirth, sex }
  const contactBefore = waysBeside({ town, now }, was, contact)
  const reached: Whole<'contact'> & Reached = {
    ...{ contact, languages },
    ...(contactBefore.length > 0 ? { contactBefore } : {}),
  }
  await keepParticulars(unit.transaction, {
    municipality_id: town.id,
    neighbour_id: person.id,
    version,
    identity: Buffer.from(unit.seal(person.id, particularsAt(person.id, 'identity', version), identity)),
    contact: Buffer.from(unit.seal(person.id, particularsAt(person.id, 'contact', version), reached)),
  })
}

/** What is recorded last of who somebody is, and under which version. */
async function identityOf(unit: UnitOfWork, id: string): Promise<{ version: number; identity: Whole<'identity'> }> {
  const { version, identity } = await latestIdentity(unit.transaction, id)
  return { version, identity: unit.reopen(id, particularsAt(id, 'identity', version), identity) as Whole<'identity'> }
}

/** Who acts for the person goes along: what a representation says is sealed to whom it is about, and so is sealed anew. */
async function carryRepresentations(
  deps: RegistryDeps,
  { unit, town }: { unit: UnitOfWork; town: Municipality },
  { staysId, joinedId }: { staysId: string; joinedId: string },
): Promise<Moved['representations']> {
  const rows = await representationsInForce(unit.transaction, joinedId)
  const representations: Moved['representations'] = []
  const now = deps.clock.now()
  // Recorded of another record they were, and of this person they are new.
  const soonest = rows.length > 0 ? await actsFrom(unit.transaction, { town, wardId: staysId, now }) : now
  for (const row of rows) {
    const known = await representationBetween(unit.transaction, {
      neighbourId: staysId,
      representativeId: row.representative_id ?? staysId,
    })
    if (known !== undefined || row.representative_id === staysId) continue
    const id = uuidv7()
    const details = unit.reopen(joinedId, locationOfRepresentation(row.id), row.details)
    await endRepresentation(unit, row.id)
    await keepRepresentation(unit.transaction, {
      id,
      municipality_id: town.id,
      neighbour_id: staysId,
      representative_id: row.representative_id,
      details: Buffer.from(unit.seal(staysId, locationOfRepresentation(id), details)),
      works_from: soonest.toString(),
    })
    if (Temporal.Instant.compare(soonest, now) > 0)
      await tellOfActing(unit.transaction, { deps, town, wardId: staysId, representationId: id })
    representations.push({ written: id, ended: row.id })
  }
  return representations
}

async function endRepresentation(unit: UnitOfWork, id: string): Promise<void> {
  await endRepresentationInForce(unit.transaction, id)
}
