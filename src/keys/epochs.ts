import { createHash } from 'node:crypto'
import { randomBytes } from '../platform/random.ts'
import { KeyMaterialInvalid } from './key-faults.ts'

// A data key is wrapped by a registry key and an epoch key together. Data keys fall into buckets, each with an epoch key of its own;
// after an erasure the bucket gets another one and the old one is destroyed, so that no earlier copy of the wrapped key, in whatever
// file of the database, opens again.

/** How many buckets there are: as many keys as one night may have to make, and so few people in each as rewrapping takes seconds. */
export const BUCKETS = 1024

/** In which bucket a data key is: the last ten bits of its id, as data_keys.bucket has it. */
export const bucketOf = (id: string): number => Number.parseInt(id.slice(-4), 16) % BUCKETS

/** One epoch key. */
export interface Epoch {
  bucket: number
  /** Counted from 1 in each bucket. */
  epoch: number
  /** What new keys of the bucket are wrapped by. */
  current: boolean
  /** 32 bytes. */
  key: Uint8Array
}

/** All epoch keys a process holds: one for each bucket, and a second one while it is turned. */
export interface EpochSet {
  /** Goes up with each change: a process says which it holds. */
  generation: number
  epochs: readonly Epoch[]
}

const KEY = 32

/** Epoch keys for a registry in which nothing is sealed yet. */
export function newEpochs(): EpochSet {
  const keys = randomBytes(BUCKETS * KEY)
  const epochs = Array.from({ length: BUCKETS }, (_, bucket) => ({
    bucket,
    epoch: 1,
    current: true,
    key: keys.subarray(bucket * KEY, (bucket + 1) * KEY),
  }))
  return { generation: 1, epochs }
}

/** Says which key this is and nothing about it: 8 bytes, as epochs.mark has them. */
export const markOf = ({ bucket, epoch, key }: Epoch): Buffer =>
  createHash('sha256').update(`padron epoch ${bucket} ${epoch} `).update(key).digest().subarray(0, 8)

/** With a key that is not used yet for each of these buckets, unless it has one. */
export function withNextEpochs({ generation, epochs }: EpochSet, buckets: readonly number[]): EpochSet {
  const added = buckets.flatMap((bucket): Epoch[] => {
    const own = epochs.filter((one) => one.bucket === bucket)
    const last = own.reduce((newest, { epoch }) => Math.max(newest, epoch), 0)
    return own.some(({ epoch, current }) => epoch === last && !current)
      ? []
      : [{ bucket, epoch: last + 1, current: false, key: randomBytes(KEY) }]
  })
  return added.length === 0 ? { generation, epochs } : { generation: generation + 1, epochs: [...epochs, ...added] }
}

/**
 * With the newest keys of another set as those that wrap, as far as they are here and are the same keys.
 *
 * @param meant the set that was looked at: what somebody else put in since is not made current
 */
export function withNewestCurrent({ generation, epochs }: EpochSet, meant: EpochSet): EpochSet {
  const newest = newestOf(meant.epochs)
  // Somebody else may have gone on meanwhile: it never goes back.
  const present = new Map(epochs.filter((one) => one.current).map(({ bucket, epoch }) => [bucket, epoch]))
  const next = new Map<number, number>()
  for (const one of epochs) {
    const chosen = newest.get(one.bucket)
    const later = one.epoch > (present.get(one.bucket) ?? 0)
    if (chosen !== undefined && later && chosen.epoch === one.epoch && Buffer.from(chosen.key).equals(one.key))
      next.set(one.bucket, one.epoch)
  }
  const turned = epochs.map((one) => ({
    ...one,
    current: next.has(one.bucket) ? next.get(one.bucket) === one.epoch : one.current,
  }))
  return turned.every(({ current }, i) => current === epochs[i]?.current)
    ? { generation, epochs }
    : { generation: generation + 1, epochs: turned }
}

/** Without older keys than the current one of each bucket, except those that may still be needed. */
export function withoutOlder(
  { generation, epochs }: EpochSet,
  needed: (epoch: Pick<Epoch, 'bucket' | 'epoch'>) => boolean,
): EpochSet {
  const current = new Map(epochs.filter((one) => one.current).map(({ bucket, epoch }) => [bucket, epoch]))
  const left = epochs.filter((one) => one.epoch >= (current.get(one.bucket) ?? 0) || needed(one))
  return left.length === epochs.length ? { generation, epochs } : { generation: generation + 1, epochs: left }
}

function newestOf(epochs: readonly Epoch[]): Map<number, Epoch> {
  const newest = new Map<number, Epoch>()
  for (const one of epochs) if (one.epoch > (newest.get(one.bucket)?.epoch ?? 0)) newest.set(one.bucket, one)
  return newest
}

/** Writes over keys that are not needed any more. */
export function wipe(epochs: readonly Epoch[]): void {
  for (const { key } of epochs) key.fill(0)
}

const MAGIC = Buffer.from('padron-epochs-1\n')
const HEAD = MAGIC.length + 4
const ENTRY = 2 + 4 + 1 + KEY
const DIGEST = 32

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

/** Epoch keys as a file holds them: bytes and no text, so that they can be written over wherever they were. */
export function epochBytes({ generation, epochs }: EpochSet): Buffer {
  const end = HEAD + epochs.length * ENTRY
  const bytes = Buffer.alloc(end + DIGEST)
  MAGIC.copy(bytes)
  bytes.writeUInt32BE(generation, MAGIC.length)
  for (const [i, { bucket, epoch, current, key }] of epochs.entries()) {
    const at = HEAD + i * ENTRY
    bytes.writeUInt16BE(bucket, at)
    bytes.writeUInt32BE(epoch, at + 2)
    bytes.writeUInt8(current ? 1 : 0, at + 6)
    bytes.set(key, at + 7)
  }
  bytes.set(digestOf(bytes.subarray(0, end)), end)
  return bytes
}

/**
 * The keys look into these bytes: whoever writes over them has destroyed the keys.
 *
 * @throws {KeyMaterialInvalid} for anything but epoch keys of every bucket
 */
export function parseEpochs(bytes: Buffer): EpochSet {
  const end = bytes.length - DIGEST
  const whole = end > HEAD && (end - HEAD) % ENTRY === 0 && bytes.subarray(0, MAGIC.length).equals(MAGIC)
  if (!whole || !digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end)))
    throw new KeyMaterialInvalid('The epoch keys are cut off, or are something else.')
  const epochs: Epoch[] = []
  for (let at = HEAD; at < end; at += ENTRY) {
    const key = bytes.subarray(at + 7, at + ENTRY)
    const epoch = bytes.readUInt32BE(at + 2)
    epochs.push({ bucket: bytes.readUInt16BE(at), epoch, current: bytes.readUInt8(at + 6) === 1, key })
  }
  const current = new Set(epochs.filter((one) => one.current).map(({ bucket }) => bucket))
  if (current.size !== BUCKETS || [...current].some((bucket) => bucket >= BUCKETS))
    throw new KeyMaterialInvalid(`The epoch keys are not whole: each of ${BUCKETS} buckets needs one.`)
  return { generation: bytes.readUInt32BE(MAGIC.length), epochs }
}

/** Epoch keys as they are at one moment. Good until the next question: what has changed meanwhile is written over. */
export interface HeldEpochs {
  generation: number
  /** What new keys of a bucket are wrapped by. */
  current(bucket: number): Epoch | undefined
  /** @param mark which of them, where there may be several @returns nothing where it was destroyed, or is not here yet */
  at(bucket: number, epoch: number, mark?: Uint8Array): Epoch | undefined
  all: readonly Epoch[]
}

/** Epoch keys as a process uses them, which may change under it. */
export interface EpochKeys {
  /** @param again looks whether there are newer ones, however lately that was looked for */
  held(again?: boolean): HeldEpochs
}

/** Finds one among many without looking through all. */
export function heldEpochs({ generation, epochs }: EpochSet): HeldEpochs {
  const name = (bucket: number, epoch: number) => epoch * BUCKETS + bucket
  const byName = Map.groupBy(epochs, (one) => name(one.bucket, one.epoch))
  const currents = new Map(epochs.filter((one) => one.current).map((one) => [one.bucket, one]))
  return {
    generation,
    current: (bucket) => currents.get(bucket),
    at: (bucket, epoch, mark) => {
      const several = byName.get(name(bucket, epoch)) ?? []
      return several.length > 1 && mark ? several.find((one) => markOf(one).equals(mark)) : several[0]
    },
    all: epochs,
  }
}

/** Epoch keys that do not change. */
export function epochKeys(set: EpochSet): EpochKeys {
  const held = heldEpochs(set)
  return { held: () => held }
}
