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
/** Marks that are looked for at once, to begin with. */
const AT_FIRST = 16
/** Places that wait to be given out, so that nobody can tell in which order they were. */
const AHEAD = { least: 64, filled: 192 }

const markOf = (unit: UnitOfWork, neighbourId: string, number: number) =>
  unit.unnamed(neighbourId).mark(`proofs ${number}`)
const contentAt = (id: string) => ({ table: 'proofs', column: 'content', row: id })

/** All that a neighbour was given, in the order of their numbers, whatever became of it. */
export async function heldProofs(unit: UnitOfWork, neighbourId: string): Promise<HeldProof[]> {
  const rows = await rowsOf(unit, neighbourId)
  return rows.map((row) => opened(unit, neighbourId, row))
}

async function rowsOf(unit: UnitOfWork, neighbourId: string): Promise<StoredProof[]> {
  const found: StoredProof[] = []
  for (let size = AT_FIRST; ; size *= 2) {
    const from = found.length
    const marks = Array.from({ length: size }, (_, i) => markOf(unit, neighbourId, from + i))
    const rows = await proofsMarked(unit.transaction, marks)
    const numbers = new Map(marks.map((mark, i) => [mark.toString('hex'), from + i]))
    const numberOf = (row: StoredProof) => numbers.get(Buffer.from(row.mark).toString('hex')) ?? 0
    found.push(...rows.toSorted((one, other) => numberOf(one) - numberOf(other)))
    if (rows.length < size) return found
  }
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
  // One at a time, and neither beside their leaving nor beside a change: numbers are given once, and nothing stays that should go.
  const holder = await lockHolder(unit.transaction, neighbourId)
  if (holder === undefined || holder.departed_on !== null) throw new NotResident()
  const place = await placeIn(unit, list, draw)
  if (place === undefined) return undefined
  const number = (await rowsOf(unit, neighbourId)).length
  await giveProof(unit.transaction, {
    id: place.id,
    mark: markOf(unit, neighbourId, number),
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
  if ((await countFree(unit.transaction, id)) < AHEAD.least) {
    const filled = await fillPlaces(unit.transaction, {
      listId: id,
      indexes: Array.from({ length: AHEAD.filled }, () => draw(capacity)),
      content: Buffer.alloc(unnamedLength(CONTENT)),
      bearer: Buffer.alloc(BEARER),
    })
    // So many taken places mean that the list is about half full: another keeps places random and quick.
    if (filled < AHEAD.filled / 2) return undefined
  }
  return freePlace(unit.transaction, { listId: id, from: draw(capacity) })
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
      seen: now,
    })
  return revokedAt
}

async function takeBack(unit: UnitOfWork, neighbourId: string, which: (proof: HeldProof) => boolean): Promise<void> {
  const holder = await lockHolder(unit.transaction, neighbourId)
  const revokedAt = holder?.now.toISOString()
  const proofs = (await heldProofs(unit, neighbourId))
    .filter((proof) => proof.publicFrom === undefined && which(proof))
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
  let number = (await rowsOf(unit, to)).length
  for (const proof of moved) {
    await handOver(unit.transaction, {
      id: proof.id,
      mark: markOf(unit, to, number),
      content: sealContent(unit, to, proof),
      bearer: bearers.seal(proof.id, bearerOf(to, proof)),
    })
    number += 1
  }
  // Those that stay are numbered without a gap, since they are looked for by their numbers.
  const stay = all.filter(({ id }) => !moved.some((one) => one.id === id))
  for (const [i, { id }] of stay.entries())
    if (all[i]?.id !== id) await remarkProof(unit.transaction, { id, mark: markOf(unit, from, i) })
  return moved.map(({ id }) => id)
}
