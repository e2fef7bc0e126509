import { type Database, inMunicipality } from '../platform/database.ts'
import { ed25519Verifier, parseVerifierKey } from './checkpoint.ts'
import { latestCheckpoint, proveConsistency } from './proofs.ts'
import { openCosignature, type WatchedLog } from './witness.ts'

/** A witness that may be asked. */
export interface Witness {
  /** Submission prefix. */
  url: string
  key: WatchedLog
}

/** @throws {RangeError} when the key is not a cosigner's */
export function witnessAt(url: string, verifierKey: string): Witness {
  const key = parseVerifierKey(verifierKey, 'cosignature')
  if (key === undefined) throw new RangeError('LEDGER_WITNESSES: a key is not a cosigner\u2019s verifier key')
  return { url: url.replace(/\/$/, ''), key: { ...key, verify: ed25519Verifier(key.publicKey) } }
}

/** @throws when a witness answers and does not sign: it holds another opinion of the ledger, or none. Somebody must look. */
export class WitnessRefuses extends Error {
  readonly code: string

  constructor(status: number) {
    super('a witness did not sign')
    this.code = status === 200 ? 'witness-signed-nothing' : `witness-refused-${status}`
  }
}

/**
 * Asks a witness to cosign the newest checkpoint and keeps what it signed. Starts where the witness stands.
 *
 * @returns whether there is a checkpoint, which now bears its cosignature
 * @throws {WitnessRefuses}
 * @see C2SP tlog-witness
 */
export async function askWitness(
  database: Database,
  municipalityId: string,
  witness: Witness,
  send: typeof fetch = fetch,
): Promise<boolean> {
  const newest = await latestCheckpoint(database, municipalityId)
  if (newest === undefined) return false
  const signed = newest.note.split('\n').some((line) => openCosignature(line, newest.note, witness.key))
  if (signed) return true
  const submit = async (old: number) => {
    const proof =
      old === 0 || old >= newest.size ? [] : await proveConsistency(database, municipalityId, old, newest.size)
    const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')
    const response = await send(`${witness.url}/add-checkpoint`, {
      method: 'POST',
      body: `old ${old}\n${hashes}\n${newest.note}`,
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, text: await response.text() }
  }
  let answer = await submit(0)
  if (answer.status === 409) answer = await submit(Number(answer.text.trim()))
  if (answer.status !== 200) throw new WitnessRefuses(answer.status)
  const line = answer.text.split('\n').find((candidate) => openCosignature(candidate, newest.note, witness.key))
  if (line === undefined) throw new WitnessRefuses(200)
  await inMunicipality(database, municipalityId, (transaction) =>
    transaction
      .insertInto('ledger_cosignatures')
      .values({ municipality_id: municipalityId, size: String(newest.size), witness: witness.key.name, line })
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  )
  return true
}
