import { equalInConstantTime } from '../keys/key-provider.ts'
import { randomBytes } from '../platform/random.ts'

// Numbers for somebody to sign. Whoever asks for one leaves nothing here: it says itself until when it is good and that this town
// made it, and only one that was signed is remembered, so that it is good once.

const RANDOM_BYTES = 16
const TIME_BYTES = 6
const MARK_BYTES = 16

type Hash = (text: string) => Buffer

const markOf = (hash: Hash, kind: string, said: Buffer) =>
  hash(`fresh number ${kind} ${said.toString('base64url')}`).subarray(0, MARK_BYTES)

/**
 * A number that nobody had before.
 *
 * @param kind what it is for: a number of one kind is none of another
 * @param seconds how long it is good
 */
export function freshNumber(
  hash: Hash,
  { kind, now, seconds }: { kind: string; now: Temporal.Instant; seconds: number },
): Uint8Array<ArrayBuffer> {
  const until = Buffer.alloc(TIME_BYTES)
  until.writeUIntBE(now.epochMilliseconds + seconds * 1000, 0, TIME_BYTES)
  const said = Buffer.concat([randomBytes(RANDOM_BYTES), until])
  return Uint8Array.from(Buffer.concat([said, markOf(hash, kind, said)]))
}

/**
 * Until when a number is good that this town gave out for this.
 *
 * @param text base64url
 * @returns undefined of any other, and of one that is over
 */
export function freshUntil(
  hash: Hash,
  { kind, now, text }: { kind: string; now: Temporal.Instant; text: string },
): Temporal.Instant | undefined {
  const bytes = Buffer.from(text.slice(0, 100), 'base64url')
  // One number is written in one way, or it would be good once for each of its spellings.
  if (bytes.length !== RANDOM_BYTES + TIME_BYTES + MARK_BYTES || bytes.toString('base64url') !== text) return undefined
  const said = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES)
  if (!equalInConstantTime(bytes.subarray(said.length), markOf(hash, kind, said))) return undefined
  const until = Temporal.Instant.fromEpochMilliseconds(said.readUIntBE(RANDOM_BYTES, TIME_BYTES))
  return Temporal.Instant.compare(now, until) < 0 ? until : undefined
}
