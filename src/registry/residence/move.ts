import type { Disclosed } from '../../firewall/disclosed.ts'
import { mustBePlain } from '../../firewall/free-text.ts'
import type { UnitOfWork } from '../../firewall/model.ts'
import { isSupervisor, purposeOf, type Resident, type Staff } from '../../firewall/requester.ts'
import { isJoined } from '../../identity/resident-store.ts'
import { storeDataKey } from '../../keys/municipality-keys.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import { InvalidInput, NotFound, Problem, VersionConflict } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { isDead, movementsInForce } from '../departure/movements-in-force.ts'
import type { RegistryDeps } from '../deps.ts'
import { householdAddress, householdMembers } from '../household/households.ts'
import { idempotencyOf } from '../idempotency.ts'
import { type Address, Move, type NeighbourFields, type Return } from '../model.ts'
import {
  beforeResidence,
  faultsOfStart,
  ImpossibleDates,
  lifeRules,
  refuseImpossible,
} from '../person/dates/life-dates.ts'
import { withdrawProofs } from '../person/held-proofs.ts'
import { wordsOfName } from '../person/names.ts'
import { nextVersion, recordMovement, reindex } from '../person/neighbours.ts'
import { isUnder, OF_AGE } from '../person/representation/act-for.ts'
import { lockVersions, setDeparture } from '../person/store.ts'
import { hiddenLikenessOfRecorded } from '../register/hidden-likeness.ts'
import { holdAsAlike } from '../register/hold-alike.ts'
import { actOnce } from '../replays.ts'
import { sealAddress } from '../sealed-address.ts'
import { tokenMaker } from '../search/search-tokens.ts'
import { loadRecords } from '../store.ts'
import { endOfVisit } from '../visits.ts'
import { correctsAddress, livesThere, SETTLED, type SettledField, startOf } from './move-rules.ts'
import { NotResident } from './not-resident.ts'
import type { Period } from './periods.ts'
import { beginPeriod, periodsInForce, replacePeriods, supersede } from './residence-rows.ts'
import { residenceStart } from './residence-start.ts'
import { carrySaidStart, decideSaidStarts, keepSaidStart, saidStartOf, withSaidStarts } from './said-starts.ts'
import { keepAddress, keepHousehold } from './store.ts'

/** @throws when a return is recorded for somebody who never left. */
export class StillResident extends Problem {
  constructor() {
    super('still-resident', 409, 'This person is a neighbour already. Record a move if they live elsewhere now.')
  }
}

/** @throws when a clerk would make a neighbour of somebody whose death is recorded. */
export class RecordedDead extends Problem {
  constructor() {
    super(
      'recorded-dead',
      409,
      'The death of this person is recorded. If that was a mistake, a supervisor records their return.',
    )
  }
}

/** @throws when a minor says alone that they live elsewhere now. */
export class MinorMoves extends Problem {
  constructor() {
    super('minor-moves', 409, 'A child moves with the agreement of everyone who has a say for them, at any counter.')
  }
}

/** @throws when what is asked for is what is recorded already. */
export class NothingChanges extends Problem {
  constructor() {
    super(
      'nothing-changes',
      409,
      'This is what is recorded already: nothing changes. If the day is wrong, correct the start of the residence.',
    )
  }
}

/** The version a change is of, and the key under which it is done once. */
export interface Conditions {
  version: number
  idempotencyKey: string
}

export interface Moved {
  id: string
  residenceId: string
  householdId: string
  /** As far as it is confirmed. */
  validFrom: string
  /** An earlier day that was said, and waits for a second member of staff. */
  saidSince?: string
  /** The neighbour's, whom the move was asked for. */
  version: number
  /** How many moved: with `everyone`, all of the household whom the gate lets the clerk move. */
  people: number
}

/**
 * Moves a neighbour to another address or household in the municipality. The earlier residence ends the
 * day the new one begins; that it once was open-ended stays on record. A move on the very day the present residence
 * began corrects it: nobody lived at the address before, which stays on record only as what was believed.
 *
 * With `everyone` the whole household goes along, each with a movement and an entry of their own, all of them or none;
 * who is protected stays where they are recorded, since their record is not this clerk's to change.
 *
 * A neighbour who moves themself founds a household at the new address: whom they join or take along, a clerk has to
 * ask. They correct only what began today: years at an address are not theirs alone to say.
 *
 * Where the day lies longer ago than the town takes on anybody's word, the residence begins today and the day is kept as
 * said: see {@link residenceStart}.
 *
 * A minor moves on the word of everyone who has a say for them, or of a court: the clerk says which. It is asked of every
 * minor alike, so that the question does not tell that somebody hidden acts for this one.
 *
 * @throws {ImpossibleDates} when the move lies in the future, before the present residence or before the birth
 * @throws {InvalidInput} when a minor moves on nobody's word
 * @throws {NothingChanges} when they live there already
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {MinorMoves} when a minor moves alone
 * @throws {NotResident} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function moveNeighbour(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { id, move, conditions }: { id: string; move: Move; conditions: Conditions },
): Promise<Disclosed<Moved>> {
  if (requester.kind === 'resident' && (move.householdId !== undefined || move.everyone))
    return deps.gate.turnAway(town.id, requester)
  return settle(deps, { town, by: requester }, { id, move, conditions, how: 'move' })
}

/**
 * Makes somebody who left a neighbour again: the same record, whose past and gap stay what they were. Effective at once.
 *
 * @throws {ImpossibleDates} when the day lies in the future, before they left or before the birth
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {StillResident} {VersionConflict} {IdempotencyMismatch} {NotFound} {Refusal}
 */
export async function returnNeighbour(
  deps: RegistryDeps,
  { town, by: clerk }: Acting<Staff>,
  { id, to, conditions }: { id: string; to: Return; conditions: Conditions },
): Promise<Disclosed<Moved>> {
  return settle(deps, { town, by: clerk }, { id, move: to, conditions, how: 'return' })
}

async function settle(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { id, move, conditions, how }: { id: string; move: Move; conditions: Conditions; how: 'move' | 'return' },
): Promise<Disclosed<Moved>> {
  const rules = lifeRules(deps.clock, town)
  const start = residenceStart(rules, { municipality: town, since: move.since })
  await mustBePlain(deps.gate, { municipalityId: town.id, by: requester }, { schema: Move, form: move })
  const key = await idempotencyOf(deps.gate, town.id, {
    requester: requester.id,
    operation: `${how} ${id}`,
    key: conditions.idempotencyKey,
    body: move,
  })
  const joined =
    move.householdId === undefined
      ? undefined
      : await householdAddress(
          deps,
          { town, by: requester },
          { householdId: move.householdId, purpose: purposeOf(requester) },
        )
  const address = move.address ?? joined
  if (address === undefined)
    throw new InvalidInput([{ pointer: '/householdId', detail: 'No household here has this id.' }])
  const { hash32 } = await deps.gate.keysOf(town.id)
  const day = today(deps.clock, town.timeZone)
  // Whoever comes back may be somebody who hides, registered anew meanwhile.
  const resembles =
    how === 'return' && requester.kind === 'staff'
      ? await hiddenLikenessOfRecorded(deps, { town, by: requester }, id)
      : []

  const moved = await deps.gate.open<NeighbourFields, SettledField, Moved | undefined, { together: string[] }>(
    { municipalityId: town.id, requester, action: 'move', purpose: purposeOf(requester), fields: SETTLED },
    async (transaction) => {
      const together = move.everyone ? [...new Set([id, ...(await householdMembers(transaction, id, day))])] : [id]
      const records = await loadRecords(transaction, together, { trueAt: day })
      return { records: await withSaidStarts(transaction, records, requester), beside: { together } }
    },
    async (records, unit) => {
      const { together } = unit.beside
      const record = records.find((one) => one.id === id)
      if (record?.name === undefined) throw new NotFound()
      const again = () => unit.shown([id])
      return actOnce(unit, { town, neighbourId: id, key, again }, async () => {
        const { departedOn } = record
        if (how === 'move' && departedOn !== undefined) throw new NotResident()
        if (how === 'return' && (departedOn === undefined || (await isJoined(unit.transaction, id))))
          throw new StillResident()
        if (how === 'return' && !isSupervisor(requester) && isDead(await movementsInForce(unit, id)))
          throw new RecordedDead()
        const since = start.said ?? start.from
        refuseImpossible(faultsOfStart(rules, { since, born: record.dateOfBirth, leftOn: departedOn }))
        if (how === 'move' && livesThere(record, move, town)) {
          unit.shown([id])
          return undefined
        }
        const minors = records.filter(({ dateOfBirth }) =>
          isUnder(OF_AGE, { dateOfBirth, day, leapDay: town.leapDayBirthday }),
        )
        if (minors.length > 0 && requester.kind === 'resident') throw new MinorMoves()
        if (minors.length > 0 && move.agreement === undefined)
          throw new InvalidInput([
            {
              pointer: '/agreement',
              detail: 'A minor moves: say that everyone who has a say agrees, or a court decided.',
            },
          ])
        const versions = await lockTogether(unit, together)
        // Who left the household while we waited for them is not taken along, and whoever came is not left behind.
        const now = move.everyone ? new Set([id, ...(await householdMembers(unit.transaction, id, day))]) : undefined
        if (now && new Set(together).symmetricDifference(now).size > 0) throw new VersionConflict()
        const version = await nextVersion(unit, id, conditions.version)
        if (how === 'return') await setDeparture(unit.transaction, { departedOn: null, id })
        if (requester.kind === 'staff')
          await holdAsAlike(unit, { town, by: { staff: requester, until: endOfVisit(deps, town) }, id, resembles })
        const householdId = move.householdId ?? (await newHousehold(deps, town, { unit, address }))
        const token = tokenMaker(hash32, town.blindIndexBits)
        const corrected = how === 'move' && correctsAddress(record, move.since)
        const whose = (one: (typeof records)[number]) => startOf(one, start, { mover: one.id === id, corrected })
        let residenceId = ''
        for (const one of records) {
          if (one.id !== id) await nextVersion(unit, one.id, versions.get(one.id) ?? 0)
          const { from, said, neverThere } = whose(one)
          const { became, was } = await endResidence(unit, { town, by: requester }, { neighbourId: one.id, on: from })
          const corrects = how === 'move' && became === 'replaced'
          if (corrects && requester.kind === 'resident' && from !== day.toString())
            throw new InvalidInput([{ pointer: '/since', detail: 'Give a day after the present residence began.' }])
          const settledFrom = corrects ? (was?.settledFrom ?? null) : null
          const residence = await beginPeriod(unit, {
            town,
            neighbourId: one.id,
            period: { householdId, from, to: null, settledFrom },
          })
          if (corrects && was) await carrySaidStart(unit, was.id, residence)
          if (said) {
            const of = { neighbourId: one.id, residenceId: residence }
            const content = { from: said, with: how, ...(neverThere ? { neverThere } : {}) }
            await keepSaidStart(unit, { town, by: requester }, { of, said: content })
          }
          if (one.id === id) residenceId = residence
          const names = [...(one.name ? [one.name] : []), ...(one.previousNames ?? [])].map(wordsOfName)
          await reindex(unit, one.id, { token, person: { names, dateOfBirth: one.dateOfBirth, address } })
          await withdrawProofs(unit, one.id, ['address', 'household'])
          await recordMovement(
            unit,
            { town, by: requester },
            {
              neighbourId: one.id,
              outline:
                how === 'return'
                  ? { kind: 'registration', cause: 'return', effectiveOn: from }
                  : { kind: 'change', cause: corrects ? 'address-corrected' : 'address', effectiveOn: from },
              details: { residenceId: residence, ...(minors.includes(one) ? { agreement: move.agreement } : {}) },
            },
          )
        }
        const { from, said } = whose(record)
        const saidSince = said ? { saidSince: said } : {}
        return { id, residenceId, householdId, validFrom: from, ...saidSince, version, people: records.length }
      })
    },
  )
  return moved.map((answer) => {
    if (answer === undefined) throw new NothingChanges()
    return answer
  })
}

/** Holds several neighbours against other changes, always in one order, so that two moves cannot wait for each other. */
export async function lockTogether(unit: UnitOfWork, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await lockVersions(unit.transaction, ids)
  return new Map(rows.map((row) => [row.id, row.version]))
}

/**
 * Ends the residence in force: closes the row as it was known and writes it again with its last day. One that ends
 * on its first day was never true and is not written again; what waits of it goes on with what replaces it.
 *
 * A departure on its first day leaves no residence in force at all, and nothing that waits. Where an earlier start waits to
 * be confirmed, it may be as early as that.
 *
 * @returns what became of it, and what it was; nothing where none was in force
 * @throws {ImpossibleDates} when the day is before its start
 */
export async function endResidence(
  unit: UnitOfWork,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, on, departing = false }: { neighbourId: string; on: string; departing?: boolean | undefined },
): Promise<{ became?: 'ended' | 'replaced'; was?: Period }> {
  const was = (await periodsInForce(unit.transaction, neighbourId)).find(({ to }) => to === null)
  if (was === undefined) return {}
  const began = Temporal.PlainDate.compare(on, was.from)
  if (began < 0) {
    const said = departing ? await saidStartOf(unit, neighbourId, was.id) : undefined
    if (said === undefined || Temporal.PlainDate.compare(on, said) < 0)
      throw new ImpossibleDates(beforeResidence(departing ? '/on' : '/since'))
  }
  if (began <= 0) {
    await supersede(unit, [was.id])
    if (departing) await decideSaidStarts(unit, { requester, which: { residenceId: was.id }, decision: 'lapsed' })
    return { became: 'replaced', was }
  }
  await replacePeriods(unit, { town, requester, neighbourId, before: [was], after: [{ ...was, to: on }] })
  return { became: 'ended', was }
}

async function newHousehold(
  deps: RegistryDeps,
  town: Municipality,
  { unit, address }: { unit: UnitOfWork; address: Address },
): Promise<string> {
  const { id: addressId, kind, wrapped, sealed } = sealAddress(deps.keys, town, address)
  await storeDataKey(unit.transaction, wrapped)
  const bytes = (part: Uint8Array | null) => (part === null ? null : Buffer.from(part))
  await keepAddress(unit.transaction, {
    id: addressId,
    municipality_id: town.id,
    kind,
    place: bytes(sealed.place),
    reference: bytes(sealed.reference),
    usual_area: bytes(sealed.usual_area),
  })
  const householdId = uuidv7()
  await keepHousehold(unit.transaction, { id: householdId, municipalityId: town.id, addressId })
  return householdId
}
