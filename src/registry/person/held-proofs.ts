import type { UnitOfWork } from '../../firewall/model.ts'
import { unnamedLength } from '../../keys/seal.ts'
import { NotResident } from '../residence/not-resident.ts'
import type { Bearer, Bearers } from './bearers.ts'
import {
  countFree,
  fillPlaces,
  freePlace,
  giveProof,
  handOver,
  lockHolder,
  marksThere,
  proofsMarked,
  remarkProof,
  type StoredProof,
  takeBackProofs,
} from './held-proofs-store.ts'

// What a neighbour was given. A row of it says neither whose it is nor that two are of one person: it is found by marks, which only
// the neighbour's own key makes, and opened by that key.

/** What stands in such a row. */
export interface HeldProof {
  id: string
  statusListId: string
  statusIndex: number
  profile: string
  form: 'sd-jwt' | 'paper'
  /** What it says at most: what changes of it takes the proof back. See `withdrawProofs`. */
  restsOn: readonly string[]
  /** RFC 3339, as are all times here. */
  issuedAt: string
  expiresAt: string
  revokedAt: string | undefined
  /** From when others see that it was taken back. */
  publicFrom: string | undefined
}

type Content = Pick<HeldProof, 'profile' | 'form' | 'restsOn' | 'issuedAt' | 'expiresAt' | 'revokedAt'>

/** Bytes that a content is filled up to. */
const CONTENT = 384
/** As long as a bearer is once it is sealed, or longer: an empty place keeps the room. */
const BEARER = 224
/** Marks of each year that are looked for at once, to begin with. */
const AT_FIRST = 8
/** Places that wait to be given out, so that nobody can tell in which order they were. */
const AHEAD = { least: 64, filled: 192 }

/** Nothing was given before there was this registry. */
const FIRST_YEAR = 2025

/**
 * Marks are numbered from 0 within a year, without a gap: a neighbour's rows are found by asking for one mark after another until one
 * is missing. What leaves a gap loses whatever comes after it.
 */
const markOf = (unit: UnitOfWork, neighbourId: string, { year, number }: { year: number; number: number }) =>
  unit.unnamed(neighbourId).mark(`proofs ${year} ${number}`)
/** The year of a proof is that in which it was given, UTC. */
const yearOf = (instant: Temporal.Instant | string) =>
  Temporal.Instant.from(instant.toString()).toZonedDateTimeISO('UTC').year
const contentAt = (id: string) => ({ table: 'proofs', column: 'content', row: id })

/** One more than it is: another process may have a later year already. */
const yearsSince = (first: number, now: Temporal.Instant) =>
  Array.from({ length: yearOf(now) + 2 - first }, (_, i) => first + i)

/** All that a neighbour was given, in the order of their numbers, whatever became of it. */
export const heldProofs = (unit: UnitOfWork, neighbourId: string) => heldIn(unit, neighbourId, FIRST_YEAR)

/** Those in force: a proof counts for some months at most. */
async function proofsInForce(unit: UnitOfWork, neighbourId: string): Promise<HeldProof[]> {
  const held = await heldIn(unit, neighbourId, yearOf(unit.now) - 1)
  return held.filter(
    ({ publicFrom, expiresAt }) => publicFrom === undefined && Temporal.Instant.compare(expiresAt, unit.now) > 0,
  )
}

async function heldIn(unit: UnitOfWork, neighbourId: string, first: number): Promise<HeldProof[]> {
  const found: { year: number; number: number; row: StoredProof }[] = []
  let from = 0
  for (let years = yearsSince(first, unit.now), size = AT_FIRST; years.length > 0; from += size, size *= 2) {
    const places = years.flatMap((year) => Array.from({ length: size }, (_, i) => ({ year, number: from + i })))
    const marks = places.map((place) => markOf(unit, neighbourId, place))
    const rows = new Map(
      (await proofsMarked(unit.transaction, marks)).map((row) => [Buffer.from(row.mark).toString('hex'), row]),
    )
    const here = places.flatMap((place, i) => {
      const row = rows.get(marks[i]?.toString('hex') ?? '')
      return row ? [{ ...place, row }] : []
    })
    found.push(...here)
    // Where the last that was asked for is there, there may be more.
    years = here.filter(({ number }) => number === from + size - 1).map(({ year }) => year)
  }
  return found
    .sort((one, other) => one.year - other.year || one.number - other.number)
    .map(({ row }) => opened(unit, neighbourId, row))
}

/** Numbers that the next proof has, once they were looked for: whoever is given proofs is held until the transaction is over. */
const next = new WeakMap<object, Map<string, number>>()
/** How many are asked for at once, to find the first that is missing. */
const AT_ONCE = 16

async function nextNumber(unit: UnitOfWork, neighbourId: string, year: number): Promise<number> {
  const known = next.get(unit) ?? new Map<string, number>()
  next.set(unit, known)
  const key = `${neighbourId} ${year}`
  const number = known.get(key) ?? (await firstMissing(unit, neighbourId, year))
  known.set(key, number + 1)
  return number
}

/** The first number without a row: looked for in ever wider steps, then between two of them. */
async function firstMissing(unit: UnitOfWork, neighbourId: string, year: number): Promise<number> {
  let [there, missing] = [-1, 2 ** AT_ONCE]
  for (let step = 0; missing - there > 1; step += 1) {
    const asked = Array.from({ length: AT_ONCE }, (_, i) =>
      step === 0 ? 2 ** i - 1 : there + Math.max(1, Math.floor(((missing - there) * (i + 1)) / (AT_ONCE + 1))),
    ).filter((number) => number > there && number < missing)
    const marks = asked.map((number) => markOf(unit, neighbourId, { year, number }))
    const rows = await marksThere(unit.transaction, marks)
    for (const [i, number] of asked.entries())
      if (rows.has(marks[i]?.toString('hex') ?? '')) there = Math.max(there, number)
      else missing = Math.min(missing, number)
  }
  return missing
}

function opened(unit: UnitOfWork, neighbourId: string, row: StoredProof): HeldProof {
  const content = unit.unnamed(neighbourId).openUnnamed(contentAt(row.id), row.content) as Content
  const publicFrom = row.public_from?.toISOString()
  return {
    ...content,
    id: row.id,
    statusListId: row.status_list_id,
    statusIndex: row.status_index,
    // What a restore took back again says no more than when others saw it.
    revokedAt: content.revokedAt ?? publicFrom,
    publicFrom,
  }
}

const contentOf = ({ profile, form, restsOn, issuedAt, expiresAt, revokedAt }: Content): Content => ({
  profile,
  form,
  restsOn,
  issuedAt,
  expiresAt,
  revokedAt,
})

const sealContent = (unit: UnitOfWork, neighbourId: string, { id, ...proof }: { id: string } & Content) =>
  Buffer.from(unit.unnamed(neighbourId).sealUnnamed(contentAt(id), contentOf(proof), CONTENT))

const bearerOf = (neighbourId: string, { issuedAt, expiresAt }: Pick<Content, 'issuedAt' | 'expiresAt'>): Bearer => ({
  neighbourId,
  issuedAt,
  expiresAt,
})

/** Holds a neighbour until the transaction is over, before what a proof says of them is read. */
export const holdStill = lockHolder

/** What is written down of a proof that is given. */
export interface Given {
  neighbourId: string
  list: { id: string; capacity: number }
  signingKeyId: string
  content: Omit<Content, 'revokedAt'>
}

/**
 * Writes down that a neighbour is given a proof, at a place of a list that was made ahead.
 *
 * @param draw a number below another, at random
 * @returns undefined where the list has no place left to speak of
 * @throws {NotResident} where they have left meanwhile
 */
export async function holdProof(
  unit: UnitOfWork,
  { neighbourId, list, signingKeyId, content }: Given,
  { draw, bearers }: { draw: (below: number) => number; bearers: Bearers },
): Promise<{ id: string; statusIndex: number } | undefined> {
  // Whoever gives a proof holds its neighbour before reading what it says (`holdStill`), so that no change is missed by both.
  const holder = await lockHolder(unit.transaction, neighbourId)
  if (holder === undefined || holder.departed_on !== null) throw new NotResident()
  const place = await placeIn(unit, list, draw)
  if (place === undefined) return undefined
  const year = yearOf(content.issuedAt)
  await giveProof(unit.transaction, {
    id: place.id,
    mark: markOf(unit, neighbourId, { year, number: await nextNumber(unit, neighbourId, year) }),
    content: sealContent(unit, neighbourId, { ...content, id: place.id, revokedAt: undefined }),
    bearer: bearers.seal(place.id, bearerOf(neighbourId, content)),
    signing_key_id: signingKeyId,
  })
  return { id: place.id, statusIndex: place.status_index }
}

/** A free place, drawn by lot; more of them are made while there are enough left to draw from. */
async function placeIn(
  unit: UnitOfWork,
  { id, capacity }: { id: string; capacity: number },
  draw: (below: number) => number,
): Promise<{ id: string; status_index: number } | undefined> {
  const take = () => freePlace(unit.transaction, { listId: id, from: draw(capacity) })
  const fill = () =>
    fillPlaces(unit.transaction, {
      listId: id,
      indexes: Array.from({ length: AHEAD.filled }, () => draw(capacity)),
      content: Buffer.alloc(unnamedLength(CONTENT)),
      bearer: Buffer.alloc(BEARER),
    })
  // So many taken places mean that the list is about half full: another keeps places random and quick.
  const isFull = async () => (await fill()) < AHEAD.filled / 2
  if ((await countFree(unit.transaction, id)) < AHEAD.least && (await isFull())) return undefined
  const place = await take()
  // All of them are being given out by others.
  return place ?? ((await isFull()) ? undefined : take())
}

/**
 * Takes back every proof in force that says what has just changed: 'name', 'dateOfBirth', 'address', 'household'; of a start that
 * is corrected 'years' (since when without a gap) and 'periods' (a history of them).
 */
export async function withdrawProofs(unit: UnitOfWork, neighbourId: string, changed: readonly string[]): Promise<void> {
  if (changed.length === 0) return
  await takeBack(unit, neighbourId, (proof) => proof.restsOn.some((fact) => changed.includes(fact)))
}

/** Takes back all that are in force: whoever leaves can no longer prove that they live here. */
export const withdrawAllProofs = (unit: UnitOfWork, neighbourId: string) => takeBack(unit, neighbourId, () => true)

/** Takes back those given since an instant. */
export const withdrawProofsSince = (unit: UnitOfWork, neighbourId: string, since: Temporal.Instant) =>
  takeBack(
    unit,
    neighbourId,
    ({ issuedAt }) =>
      Temporal.Instant.compare(issuedAt, since.round({ smallestUnit: 'millisecond', roundingMode: 'floor' })) >= 0,
  )

/** Takes one back that is lost: others see it at once. @returns when it was taken back first; undefined where it is not theirs */
export async function withdrawProofNow(
  unit: UnitOfWork,
  { neighbourId, proofId, now }: { neighbourId: string; proofId: string; now: string },
): Promise<string | undefined> {
  await lockHolder(unit.transaction, neighbourId)
  const proof = (await heldProofs(unit, neighbourId)).find(({ id }) => id === proofId)
  if (proof === undefined) return undefined
  const revokedAt = proof.revokedAt ?? now
  if (proof.publicFrom === undefined || Temporal.Instant.compare(proof.publicFrom, now) > 0)
    await takeBackProofs(unit.transaction, {
      neighbourId,
      proofs: [{ id: proof.id, content: sealContent(unit, neighbourId, { ...proof, revokedAt }) }],
      // To the day: to the instant it would be found beside what the ledger has of that instant.
      seen: Temporal.Instant.from(now).toZonedDateTimeISO('UTC').startOfDay().toInstant().toString(),
    })
  return revokedAt
}

async function takeBack(unit: UnitOfWork, neighbourId: string, which: (proof: HeldProof) => boolean): Promise<void> {
  const holder = await lockHolder(unit.transaction, neighbourId)
  const revokedAt = holder?.now.toISOString()
  // What has run out is not taken back: it would only be seen to go with the others.
  const proofs = (await proofsInForce(unit, neighbourId))
    .filter(which)
    .map((proof) => ({ id: proof.id, content: sealContent(unit, neighbourId, { ...proof, revokedAt }) }))
  await takeBackProofs(unit.transaction, { neighbourId, proofs, seen: undefined })
}

/**
 * Makes what one record was given another's: all of it, or what is named.
 *
 * @returns ids of what was moved
 */
export async function moveProofs(
  unit: UnitOfWork,
  { from, to, only, bearers }: { from: string; to: string; only?: readonly string[] | undefined; bearers: Bearers },
): Promise<string[]> {
  const all = await heldProofs(unit, from)
  const moved = all.filter(({ id }) => only === undefined || only.includes(id))
  for (const proof of moved) {
    const year = yearOf(proof.issuedAt)
    await handOver(unit.transaction, {
      id: proof.id,
      mark: markOf(unit, to, { year, number: await nextNumber(unit, to, year) }),
      content: sealContent(unit, to, proof),
      bearer: bearers.seal(proof.id, bearerOf(to, proof)),
    })
  }
  // Those that stay are numbered anew, without a gap.
  const stay = all.filter(({ id }) => !moved.some((one) => one.id === id))
  const byYear = (proofs: readonly HeldProof[]) => Map.groupBy(proofs, ({ issuedAt }) => yearOf(issuedAt))
  const were = byYear(all)
  for (const [year, proofs] of byYear(stay))
    for (const [number, { id }] of proofs.entries())
      if (were.get(year)?.[number]?.id !== id)
        await remarkProof(unit.transaction, { id, mark: markOf(unit, from, { year, number }) })
  next.delete(unit)
  return moved.map(({ id }) => id)
}
