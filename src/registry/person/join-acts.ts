import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import type { UnitOfWork } from '../../firewall/model.ts'
import type { Staff } from '../../firewall/requester.ts'
import { today, uuidv7 } from '../../platform/clock.ts'
import type { Acting, Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import type { Name, NeighbourFields } from '../model.ts'
import type { ParticularsColumn, Whole } from '../particulars.ts'
import { beginPeriod, periodsInForce, residencesAsBefore, supersede } from '../residence/residence-rows.ts'
import { decideSaidStarts } from '../residence/said-starts.ts'
import { tokenMaker, tokensOf } from '../search/search-tokens.ts'
import { addedBy } from './join-periods.ts'
import type { Joinable } from './join-rules.ts'
import { wordsOfName } from './names.ts'
import { nextVersion, recordMovement, reindex, withdrawProofs } from './neighbours.ts'
import { locationOf as locationOfRepresentation } from './representatives.ts'

/** Particulars that one record has from another. */
type Taken = Partial<Pick<NeighbourFields, 'dateOfBirth' | 'contact' | 'languages'>>

/** What a join moved, so that it can be taken apart; sealed to the record that stays. */
interface Moved {
  /** Ids of proofs, complaints, notices, flags, and of representations in which they act for others. */
  belongings: Record<string, string[]>
  /** Representations of those who act for them, written again under the other key: new id and old. */
  representations: { written: string; ended: string }[]
  /** Names that the record that stays did not have. */
  names: Name[]
  was: { departedOn: string | null; joinedHides: boolean; staysHides: boolean }
  /** What was known of the other alone, and was taken over. */
  took: Taken
}

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
  const [was, wasOther] = [await standingOf(unit, stays.id), await standingOf(unit, joined.id)]
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
  const took: Taken = {
    ...(stays.dateOfBirth === undefined && joined.dateOfBirth ? { dateOfBirth: joined.dateOfBirth } : {}),
    ...(stays.contact === undefined && joined.contact ? { contact: joined.contact } : {}),
    ...(stays.languages === undefined && joined.languages ? { languages: joined.languages } : {}),
  }
  await writeParticulars(unit, town, { person: { ...stays, ...took }, previousNames })
  const representations = await carryRepresentations(unit, town, { staysId: stays.id, joinedId: joined.id })
  // A proof of the other says what the other's record said: where the two differ, nobody vouches for it any more.
  await withdrawProofs(unit, joined.id, differing(stays, joined))
  const { rows } = await sql<{ moved: Moved['belongings'] }>`
    select move_belongings(${joined.id}::uuid, ${stays.id}::uuid, null) as moved`.execute(unit.transaction)

  const hides = was.hides || wasOther.hides
  for (const [one, standing] of [
    [stays.id, was],
    [joined.id, wasOther],
  ] as const) {
    await sql`select end_ways_in(${one}::uuid, 'joined')`.execute(unit.transaction)
    await nextVersion(unit, one, standing.version)
    await unit.transaction.updateTable('neighbours').set({ protected: hides }).where('id', '=', one).execute()
    await unit.transaction.deleteFrom('visits').where('neighbour_id', '=', one).execute()
    await unit.transaction
      .updateTable('likenesses')
      .set({ decision: 'joined', decided_at: deps.clock.now().toString(), decided_by: staff.id })
      .where('neighbour_id', '=', one)
      .where('decision', 'is', null)
      .execute()
  }
  if (joined.departedOn === undefined)
    await unit.transaction.updateTable('neighbours').set({ departed_on: day }).where('id', '=', joined.id).execute()
  await withdrawProofs(unit, stays.id, ['years', 'periods', ...(hides && !was.hides ? ['address', 'household'] : [])])
  await reindex(unit, joined.id, [])
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
  const moved: Moved = {
    belongings: rows[0]?.moved ?? {},
    representations,
    names,
    was: { departedOn: joined.departedOn ?? null, joinedHides: wasOther.hides, staysHides: was.hides },
    took,
  }
  await unit.transaction
    .updateTable('joins')
    .set({ moved: Buffer.from(unit.seal(stays.id, locationOf(id), moved)) })
    .where('id', '=', id)
    .execute()
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
  const { rows } = await sql<{ at: string }>`
    select act.recorded_at::text as at from movements act
    where act.neighbour_id = ${joined.id} and act.kind = 'departure' and act.cause = 'joined'
    order by act.recorded_at desc limit 1`.execute(unit.transaction)
  const [act] = rows
  if (act === undefined) return false
  const brought = await broughtByJoin(unit, stays.id, act.at)
  if (brought === undefined) return false
  const row = await unit.transaction
    .selectFrom('joins')
    .select(['moved', 'hides_since'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  if (row.moved === null) return false
  const moved = unit.reopen(stays.id, locationOf(id), row.moved) as Moved
  const [standing, other] = [await standingOf(unit, stays.id), await standingOf(unit, joined.id)]

  // Who hid since is shown to nobody by this: which of the two asked for it is for a supervisor to find.
  const hidSince = standing.hides && (row.hides_since || !(moved.was.joinedHides || moved.was.staysHides))
  const hid = (before: boolean) => before || hidSince
  // From here on the two are two: what asks which record a person is in is told so.
  await unit.transaction.updateTable('joins').set({ undone_at: sql`now()` }).where('id', '=', id).execute()
  // What was written of the record that stays since stays its own: a move, leaving, a death.
  await supersede(unit, brought)
  for (const residenceId of brought)
    await decideSaidStarts(unit, { requester: staff, which: { residenceId }, decision: 'lapsed' })
  await residencesAsBefore(unit, { town, neighbourId: joined.id, at: act.at })
  const previousNames = (stays.previousNames ?? []).filter(
    (name) => !moved.names.some((theirs) => isDeepStrictEqual(theirs, name)),
  )
  // How to reach one of two people is not kept at the other.
  const still = (field: keyof Taken) =>
    moved.took[field] !== undefined && isDeepStrictEqual(stays[field], moved.took[field])
  await writeParticulars(unit, town, {
    person: {
      ...stays,
      ...(still('dateOfBirth') ? { dateOfBirth: undefined } : {}),
      ...(still('contact') ? { contact: undefined } : {}),
      ...(still('languages') ? { languages: undefined } : {}),
    },
    previousNames,
  })
  for (const { written, ended } of moved.representations) {
    await endRepresentation(unit, written)
    await unit.transaction
      .updateTable('representatives')
      .set({ ended_at: null, ended_because: null })
      .where('id', '=', ended)
      .execute()
  }
  await unit.transaction
    .updateTable('neighbours')
    .set({ departed_on: moved.was.departedOn, protected: hid(moved.was.joinedHides) })
    .where('id', '=', joined.id)
    .execute()
  await unit.transaction
    .updateTable('neighbours')
    .set({ protected: hid(moved.was.staysHides) })
    .where('id', '=', stays.id)
    .execute()
  await sql`select move_belongings(${stays.id}::uuid, ${joined.id}::uuid, ${JSON.stringify(moved.belongings)}::text::jsonb)`.execute(
    unit.transaction,
  )
  for (const [one, { version }] of [
    [stays.id, standing],
    [joined.id, other],
  ] as const) {
    await sql`select end_ways_in(${one}::uuid, 'joined')`.execute(unit.transaction)
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
  }
  return true
}

/**
 * The residences in force that the record that stays has of the other, as they are now: also where one of them has ended since.
 *
 * @returns ids, or undefined where the days of one were corrected, so that nobody can tell what is whose
 */
async function broughtByJoin(unit: UnitOfWork, staysId: string, at: string): Promise<string[] | undefined> {
  const { rows } = await sql<{ id: string | null }>`
    select kept.id from residences brought
    left join residences kept on kept.neighbour_id = brought.neighbour_id and kept.superseded_at is null
      and kept.household_id = brought.household_id and kept.valid_from = brought.valid_from
    where brought.neighbour_id = ${staysId} and brought.recorded_at = ${at}::text::timestamptz`.execute(
    unit.transaction,
  )
  const ids = rows.map((row) => row.id)
  return ids.includes(null) ? undefined : ids.filter((one) => one !== null)
}

async function standingOf(unit: UnitOfWork, id: string): Promise<{ version: number; hides: boolean }> {
  const { version, protected: hides } = await unit.transaction
    .selectFrom('neighbours')
    .select(['version', 'protected'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
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
  await reindex(unit, person.id, tokensOf(tokenMaker(hash32, town.blindIndexBits), { names, dateOfBirth, address }))
}

/** What is recorded of a person, with other earlier names. */
async function writeParticulars(
  unit: UnitOfWork,
  town: Municipality,
  {
    person,
    previousNames,
  }: { person: { id: string } & { [field in keyof Taken]: Taken[field] | undefined }; previousNames: Name[] },
): Promise<void> {
  const latest = await unit.transaction
    .selectFrom('particulars')
    .select(['version', 'identity'])
    .where('neighbour_id', '=', person.id)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  const version = latest.version + 1
  const placeAt = (column: ParticularsColumn, row: number) => ({
    table: 'particulars',
    column,
    row: `${person.id}/${row}`,
  })
  // Sex and whatever else identity holds are carried over unseen.
  const identity = unit.reopen(person.id, placeAt('identity', latest.version), latest.identity) as Whole<'identity'>
  const { contact, languages, dateOfBirth } = person
  const whole: Whole<'contact'> = { contact, languages }
  await unit.transaction
    .insertInto('particulars')
    .values({
      municipality_id: town.id,
      neighbour_id: person.id,
      version,
      identity: Buffer.from(
        unit.seal(person.id, placeAt('identity', version), { ...identity, dateOfBirth, previousNames }),
      ),
      contact: Buffer.from(unit.seal(person.id, placeAt('contact', version), whole)),
    })
    .execute()
}

/** Who acts for the person goes along: what a representation says is sealed to whom it is about, and so is sealed anew. */
async function carryRepresentations(
  unit: UnitOfWork,
  town: Municipality,
  { staysId, joinedId }: { staysId: string; joinedId: string },
): Promise<Moved['representations']> {
  const rows = await unit.transaction
    .selectFrom('representatives')
    .select(['id', 'representative_id', 'details'])
    .where('neighbour_id', '=', joinedId)
    .where('ended_at', 'is', null)
    .execute()
  const representations: Moved['representations'] = []
  for (const row of rows) {
    const known = await unit.transaction
      .selectFrom('representatives')
      .select('id')
      .where('neighbour_id', '=', staysId)
      .where('representative_id', '=', row.representative_id ?? staysId)
      .where('ended_at', 'is', null)
      .executeTakeFirst()
    if (known !== undefined || row.representative_id === staysId) continue
    const id = uuidv7()
    const details = unit.reopen(joinedId, locationOfRepresentation(row.id), row.details)
    await endRepresentation(unit, row.id)
    await unit.transaction
      .insertInto('representatives')
      .values({
        id,
        municipality_id: town.id,
        neighbour_id: staysId,
        representative_id: row.representative_id,
        details: Buffer.from(unit.seal(staysId, locationOfRepresentation(id), details)),
      })
      .execute()
    representations.push({ written: id, ended: row.id })
  }
  return representations
}

async function endRepresentation(unit: UnitOfWork, id: string): Promise<void> {
  await unit.transaction
    .updateTable('representatives')
    .set({ ended_at: sql`now()`, ended_because: 'ended' })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}
