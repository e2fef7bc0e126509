import { isDeepStrictEqual } from 'node:util'
import type { Disclosed } from '../../firewall/disclosed.ts'
import { mustChangePlainly } from '../../firewall/free-text.ts'
import type { Opened, UnitOfWork } from '../../firewall/model.ts'
import { isSupervisor, type Requester, type Resident, type Staff } from '../../firewall/requester.ts'
import { noticeOfWays } from '../../identity/telling.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import type { Transaction } from '../../platform/database.ts'
import { type FieldError, InvalidInput, mustBeValid, NotFound, VersionConflict } from '../../platform/problem.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import { proceedingUnderWay, type UnderWay } from '../departure/proceedings-due.ts'
import type { RegistryDeps } from '../deps.ts'
import { Correction, type NeighbourField, type NeighbourFields } from '../model.ts'
import { onRecord } from '../on-record.ts'
import { PARTICULARS, type ParticularsColumn, type ParticularsField, type Whole } from '../particulars.ts'
import { hiddenLikenessOfCorrected } from '../register/hidden-likeness.ts'
import { holdAsAlike } from '../register/hold-alike.ts'
import { withSaidStarts } from '../residence/said-starts.ts'
import { indexRow, type Token, tokenMaker, tokensOf } from '../search/search-tokens.ts'
import { type AsOf, loadRecords } from '../store.ts'
import { endOfVisit } from '../visits.ts'
import { faultsOfBirthBeside, lifeRules, refuseImpossible } from './dates/life-dates.ts'
import { withdrawProofs } from './held-proofs.ts'
import { type MovementOutline, movementsOf, sealMovement } from './movements.ts'
import { wordsOfName } from './names.ts'
import { particularsAt, type Reached, reachedNow, waysBesideCorrected } from './reached-before.ts'
import { actsForSomebody, isUnder, OF_AGE } from './representation/act-for.ts'
import { daysOf, keepMovement, keepParticulars, raiseVersion, setTokens, standingRow, versionShared } from './store.ts'

export const OPENABLE = [
  'name',
  'dateOfBirth',
  'sex',
  'contact',
  'languages',
  'address',
  'residence',
  'said',
  'household',
  'representatives',
  'departedOn',
] as const satisfies NeighbourField[]
export type Openable = (typeof OPENABLE)[number]

/**
 * `ownLast`: whoever asks wrote the last thing about them, within the time in which it can be undone. `heardOn`: the last
 * day anything was said by or about them, and so the last day they were known to live here.
 */
export type Neighbour = {
  version: number
  protected: boolean
  heardOn: string
  ownLast: boolean
  underWay?: UnderWay
} & Opened<NeighbourFields, Openable>

/**
 * Opens a neighbour's record for a purpose, as it is now or as of a day and an instant.
 *
 * @throws {Refusal} {NotFound}
 */
export async function openNeighbour(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Requester>,
  { id, ask }: { id: string; ask: { purpose: string; fields: readonly Openable[]; asOf?: Partial<AsOf> } },
): Promise<Disclosed<Neighbour>> {
  return deps.gate.open<NeighbourFields, Openable, Neighbour>(
    { municipalityId: town.id, requester, action: 'open', purpose: ask.purpose, fields: ask.fields },
    async (transaction) => {
      const records = await loadRecords(transaction, [id], { trueAt: today(deps.clock, town.timeZone), ...ask.asOf })
      return ask.fields.includes('said') ? withSaidStarts(transaction, records, requester) : records
    },
    async ([record], unit) => {
      if (record === undefined) throw new NotFound()
      const heardOn = await heardFrom(unit, town, id)
      const ownLast = requester.kind === 'staff' && (await wroteJustNow(deps, { unit, staff: requester, id }))
      const underWay = requester.kind === 'staff' ? await proceedingUnderWay(unit.transaction, id) : undefined
      return {
        ...record,
        ...(await versionAndProtectionToldTo(unit, id, requester)),
        heardOn,
        ownLast,
        ...(underWay ? { underWay } : {}),
      }
    },
  )
}

/** The last day a neighbour was heard from, in the town's own time. @returns an ISO date */
export async function heardFrom(
  unit: Pick<UnitOfWork, 'transaction' | 'unnamed'>,
  town: Municipality,
  id: string,
): Promise<string> {
  const days = (await movementsOf(unit, id)).flatMap(({ kind, effectiveOn, recordedAt }) => [
    recordedAt.toTemporalInstant().toZonedDateTimeISO(town.timeZone).toPlainDate().toString(),
    ...(kind === 'confirmation' ? [effectiveOn] : []),
  ])
  return days.sort().at(-1) ?? '1970-01-01'
}

/** How long whoever made a mistake may take it back. @see undo.ts */
export const UNDONE_WITHIN = { hours: 1 } as const

async function wroteJustNow(
  { clock }: Pick<RegistryDeps, 'clock'>,
  { unit, staff: { id: staffId }, id }: { unit: UnitOfWork; staff: Staff; id: string },
): Promise<boolean> {
  const last = (await movementsOf(unit, id)).at(-1)
  const until = last?.recordedAt.toTemporalInstant().add(UNDONE_WITHIN)
  return until !== undefined && last?.recordedBy === staffId && Temporal.Instant.compare(clock.now(), until) <= 0
}

/** Of a record that only resembles somebody who hides, nobody but a supervisor is told that it hides: not its owner either. */
async function versionAndProtectionToldTo(
  unit: UnitOfWork,
  id: string,
  requester: Requester,
): Promise<{ version: number; protected: boolean }> {
  const { version, hides, held } = await standingRow(unit.transaction, id)
  return { version, protected: hides && (isSupervisor(requester) || !held) }
}

/** What neighbours may correct without anyone looking: a name and a date of birth are for a clerk. */
const OWN_CORRECTIONS = ['contact', 'languages']

/**
 * Corrects or completes what was recorded. The earlier version stays in the history, and the neighbour
 * can still be found by an earlier name. What says nothing new changes nothing and makes no version.
 *
 * @throws {InvalidInput} when a neighbour corrects what only a clerk may
 * @throws {ImpossibleDates} when a date of birth cannot be true, or not beside the days on which they lived here
 * @throws {SaysTooMuch} when a text may be about papers, and nobody said that it is not
 * @throws {VersionConflict} when somebody changed the record after `version` was read
 */
export async function correctNeighbour(
  deps: RegistryDeps,
  { town, by: requester }: Acting<Staff | Resident>,
  { id, correction, version }: { id: string; correction: Correction; version: number },
): Promise<Disclosed<{ id: string; version: number }>> {
  const { confirmedPlain = false, confirmedAge = false, earlierNameHidden, ...asked } = correction
  if (requester.kind === 'resident') {
    const errors = Object.keys(asked)
      .filter((field) => !OWN_CORRECTIONS.includes(field))
      .map((field): FieldError => ({ pointer: `/${field}`, detail: 'Ask at a counter, or write to the city.' }))
    mustBeValid(errors)
  }
  const resembles =
    requester.kind === 'staff'
      ? await hiddenLikenessOfCorrected(deps, { town, by: requester }, { id, correction: asked })
      : []
  const { hash32 } = await deps.gate.keysOf(town.id)
  const day = today(deps.clock, town.timeZone)
  const fields = [...PARTICULARS.identity, ...PARTICULARS.contact, 'address'] as const
  return onRecord(
    deps,
    { town, by: requester },
    {
      id: id,
      action: 'correct',
      fields: fields,
      use: async (record, unit) => {
        const was = await reachedNow(unit, id)
        const change = {
          ...onlyChanges(asked, record),
          // Theirs to say alone, also where it is what stands there.
          ...(requester.kind === 'resident' && was.contactBefore && asked.contact !== undefined
            ? { contact: asked.contact }
            : {}),
        }
        mustChangePlainly(unit.also, { requester, schema: Correction, change, confirmed: confirmedPlain })
        if (Object.keys(change).length === 0) {
          await unchangedSince(unit, id, version)
          return { id, version }
        }
        if (
          change.dateOfBirth &&
          isUnder(OF_AGE, { dateOfBirth: change.dateOfBirth, day, leapDay: town.leapDayBirthday }) &&
          (await actsForSomebody(unit.transaction, id, isSupervisor(requester)))
        )
          throw new InvalidInput([
            { pointer: '/dateOfBirth', detail: 'They act for somebody, which only an adult can. End that first.' },
          ])
        if (change.dateOfBirth !== undefined) {
          const rules = lifeRules(deps.clock, town)
          const days = await daysRecorded(unit.transaction, id)
          refuseImpossible(faultsOfBirthBeside(rules, { born: change.dateOfBirth, days, options: { confirmedAge } }))
        }
        const next = await nextVersion(unit, id, version)
        const pick = <Field extends Exclude<ParticularsField, 'previousNames'>>(field: Field) =>
          change[field] === undefined ? record[field] : (change[field] ?? undefined)
        const earlierNames = [...(change.name && record.name ? [record.name] : []), ...(record.previousNames ?? [])]
        const identity: Whole<'identity'> = {
          name: pick('name'),
          previousNames: earlierNames,
          dateOfBirth: pick('dateOfBirth'),
          sex: pick('sex'),
        }
        const particulars = was.version + 1
        const now = deps.clock.now()
        const contactBefore = await waysBesideCorrected(unit, { town, now }, { id, requester, was, change })
        const contact: Whole<'contact'> & Reached = {
          ...{ contact: pick('contact'), languages: pick('languages') },
          ...(contactBefore.length > 0 ? { contactBefore } : {}),
        }
        if (requester.kind === 'staff' && change.contact !== undefined && contactBefore.length > 0)
          await noticeOfWays(unit.transaction, { deps, town, neighbourId: id, kind: 'reach-changed' })
        const seal = (column: ParticularsColumn, value: unknown) =>
          Buffer.from(unit.seal(id, particularsAt(id, column, particulars), value))
        await keepParticulars(unit.transaction, {
          municipality_id: town.id,
          neighbour_id: id,
          version: particulars,
          identity: seal('identity', identity),
          contact: seal('contact', contact),
        })
        if (requester.kind === 'staff' && resembles.length > 0)
          await holdAsAlike(unit, { town, by: { staff: requester, until: endOfVisit(deps, town) }, id, resembles })
        const names = [identity.name, ...earlierNames].filter((name) => name !== undefined)
        await reindex(unit, id, {
          token: tokenMaker(hash32, town.blindIndexBits),
          person: {
            names: names.map(wordsOfName),
            dateOfBirth: identity.dateOfBirth,
            address: record.address,
          },
        })
        await withdrawProofs(
          unit,
          id,
          (['name', 'dateOfBirth'] as const).filter((field) => change[field] !== undefined),
        )
        await recordMovement(
          unit,
          { town, by: requester },
          {
            neighbourId: id,
            outline: { kind: 'change', cause: 'personal-data', effectiveOn: day.toString() },
            details: {
              corrected: Object.keys(change),
              ...(earlierNameHidden && change.name ? { earlierNameHidden } : {}),
            },
          },
        )
        return { id, version: next }
      },
    },
  )
}

/** Every first day of a residence in force, and the day they left. */
export async function daysRecorded(transaction: Transaction, id: string): Promise<string[]> {
  const { rows } = await daysOf(transaction, id)
  return rows.map(({ day }) => day)
}

/** Of what a form says, only what is another than what is recorded: the rest changes nothing and takes no proof back. */
function onlyChanges(wanted: Correction, record: Partial<NeighbourFields>): Correction {
  const recorded = record as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => !isDeepStrictEqual(value ?? undefined, recorded[field])),
  )
}

/** Takes the next version number, or finds that somebody else has. */
export async function nextVersion(unit: UnitOfWork, id: string, version: number): Promise<number> {
  const row = await raiseVersion(unit.transaction, { next: version + 1, id, expected: version })
  if (row === undefined) throw new VersionConflict()
  return row.version
}

/** @throws {VersionConflict} when somebody changed the record after `version` was read */
export async function unchangedSince(unit: UnitOfWork, id: string, version: number): Promise<void> {
  const row = await versionShared(unit.transaction, id)
  if (row.version !== version) throw new VersionConflict()
}

/** Writes anew what somebody is found by; nothing, of whom nobody is to find any more. */
export async function reindex(
  unit: UnitOfWork,
  id: string,
  found?: { token: Token; person: Parameters<typeof tokensOf>[1] },
): Promise<void> {
  const tokens = found ? indexRow(found.token, id, tokensOf(found.token, found.person)) : []
  await setTokens(unit.transaction, { tokens, neighbourId: id })
}

export async function recordMovement(
  unit: UnitOfWork,
  { town, by: requester }: Acting<Staff | Resident>,
  { neighbourId, outline, details }: { neighbourId: string; outline: MovementOutline; details: unknown },
): Promise<string> {
  const id = uuidv7()
  const recordedBy = requester.kind === 'resident' ? 'neighbour' : requester.id
  const content = { ...outline, recordedBy, said: details }
  await keepMovement(unit.transaction, {
    id,
    municipality_id: town.id,
    neighbour_id: neighbourId,
    details: sealMovement(unit.unnamed(neighbourId), id, { ...content, now: unit.now }),
  })
  return id
}
