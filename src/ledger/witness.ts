import { type Checkpoint, type NoteSigner, noteLine, openCheckpoint } from './checkpoint.ts'
import { type Hash, verifyConsistency } from './merkle.ts'

/** A log the witness watches. */
export interface WatchedLog {
  name: string
  publicKey: Uint8Array
  verify(text: Uint8Array, signature: Uint8Array): boolean
}

/** What the witness remembers of each log. Must be on disk before a cosignature leaves. */
export interface WitnessMemory {
  latest(origin: string): { size: number; root: Hash } | undefined
  remember(origin: string, checkpoint: { size: number; root: Hash }): void
}

export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422
  body: string
  type: string
}

const refused = (status: Exclude<WitnessAnswer['status'], 200>, body: string, type = 'text/plain'): WitnessAnswer => ({
  status,
  body: `${body}\n`,
  type,
})

/**
 * Answers `add-checkpoint`: cosigns what extends the last checkpoint it cosigned of that log, and nothing else.
 * Runs without interruption, so that checking and remembering are one step.
 *
 * @see C2SP tlog-witness
 */
export function addCheckpoint(
  request: string,
  {
    logs,
    memory,
    signer,
    now,
  }: { logs: readonly WatchedLog[]; memory: WitnessMemory; signer: NoteSigner; now: Temporal.Instant },
): WitnessAnswer {
  const end = request.indexOf('\n\n')
  const [first = '', ...lines] = request.slice(0, Math.max(0, end)).split('\n')
  const old = Number(/^old (0|[1-9]\d{0,15})$/.exec(first)?.[1] ?? Number.NaN)
  if (end < 0 || Number.isNaN(old) || lines.length > 63) return refused(400, 'malformed request')
  const note = request.slice(end + 2)
  const log = logs.find(({ name }) => name === note.split('\n', 1)[0])
  if (log === undefined) return refused(404, 'unknown log')
  const checkpoint = openCheckpoint(note, log, log.verify)
  if (checkpoint === undefined) return refused(403, 'no signature of this log')
  if (old > checkpoint.size) return refused(400, 'the old size is larger than the new')
  const latest = memory.latest(log.name)
  const known = latest?.size ?? 0
  if (old !== known) return refused(409, String(known), 'text/x.tlog.size')
  if (latest && latest.size === checkpoint.size && !Buffer.from(latest.root).equals(checkpoint.root))
    return refused(409, String(known), 'text/x.tlog.size')
  const proof = lines.map((line) => Buffer.from(line, 'base64'))
  if (!extendsLatest(checkpoint, latest, proof)) return refused(422, 'the proof does not show that the log only grew')
  memory.remember(log.name, { size: checkpoint.size, root: checkpoint.root })
  return { status: 200, body: cosign(note, signer, now), type: 'text/plain' }
}

function extendsLatest(
  checkpoint: Checkpoint,
  latest: { size: number; root: Hash } | undefined,
  proof: Hash[],
): boolean {
  if (latest === undefined) return proof.length === 0
  return verifyConsistency(latest.size, {
    size: checkpoint.size,
    earlierRoot: latest.root,
    root: checkpoint.root,
    proof,
  })
}

/** What a cosigner signs: when it saw the checkpoint, and the checkpoint. @see C2SP tlog-cosignature */
const cosigned = (seconds: bigint, body: string) => Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`)

function cosign(note: string, signer: NoteSigner, now: Temporal.Instant): string {
  const body = note.slice(0, note.indexOf('\n\n') + 1)
  const seconds = BigInt(Math.floor(now.epochMilliseconds / 1000))
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(seconds)
  return `${noteLine(signer, 'cosignature', Buffer.concat([time, signer.sign(cosigned(seconds, body))]))}\n`
}

/** @returns when the witness says it saw the checkpoint; undefined when the line is none of its cosignatures on it */
export function openCosignature(line: string, note: string, witness: WatchedLog): Temporal.Instant | undefined {
  const [, name, base64] = /^\u2014 (\S+) (\S+)$/.exec(line.trimEnd()) ?? []
  const bytes = Buffer.from(base64 ?? '', 'base64')
  if (name !== witness.name || bytes.length !== 4 + 8 + 64) return undefined
  const seconds = bytes.readBigUInt64BE(4)
  const body = note.slice(0, note.indexOf('\n\n') + 1)
  const expected = noteLine(witness, 'cosignature', bytes.subarray(4))
  if (expected !== line.trimEnd() || !witness.verify(cosigned(seconds, body), bytes.subarray(12))) return undefined
  return Temporal.Instant.fromEpochMilliseconds(Number(seconds) * 1000)
}
