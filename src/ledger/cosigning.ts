import { inMunicipality } from '../platform/database.ts'
import { ed25519Verifier, parseVerifierKey } from './checkpoint.ts'
import { checkpointForWitnesses, type PublishedLedger, proveConsistency, publishedCheckpoint } from './proofs.ts'
import { keepCosignature, witnessRows } from './store.ts'
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
 * Asks a witness to cosign the checkpoint of the last full hour and keeps what it signed. Starts where the witness stands.
 *
 * @returns whether there is a checkpoint, which now bears its cosignature
 * @throws {WitnessRefuses}
 * @see C2SP tlog-witness
 */
export async function askWitness(
  published: PublishedLedger,
  municipalityId: string,
  { witness, send = fetch }: { witness: Witness; send?: typeof fetch | undefined },
): Promise<boolean> {
  const { database } = published
  const newest = await checkpointForWitnesses(published, municipalityId)
  if (newest === undefined) return false
  const signed = newest.note.split('\n').some((line) => openCosignature(line, newest.note, witness.key))
  if (signed) return true
  const submit = async (old: number) => {
    const proof =
      old === 0 || old >= newest.size
        ? []
        : await proveConsistency(database, municipalityId, { earlier: old, size: newest.size })
    const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')
    const response = await send(`${witness.url}/add-checkpoint`, {
      method: 'POST',
      body: `old ${old}\n${hashes}\n${newest.note}`,
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, text: await shortText(response) }
  }
  let answer = await submit(0)
  if (answer.status === 409) answer = await submit(Number(answer.text.trim()))
  if (answer.status !== 200) throw new WitnessRefuses(answer.status)
  const line = answer.text.split('\n').find((candidate) => openCosignature(candidate, newest.note, witness.key))
  if (line === undefined) throw new WitnessRefuses(200)
  await inMunicipality(database, municipalityId, (transaction) =>
    keepCosignature(transaction, { municipalityId, size: String(newest.size), witness: witness.key.name, line }),
  )
  return true
}

/** Bytes of a witness's answer that are read: a signature takes two hundred. */
const MOST_ANSWERED = 16_384

async function shortText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MOST_ANSWERED) throw new WitnessRefuses(200)
  }
  return text
}

/** The background work of asking a witness; its items have the witnesses' names. */
export const WITNESS = 'ledger-witness'

/** How far a witness outside the town has come. */
export interface WitnessState {
  name: string
  /** Entries in the last checkpoint that it signed, and when; nothing where it has signed none. */
  size: number | undefined
  signedAt: string | undefined
  /** There is a later checkpoint, and it was asked for it several times in vain. */
  behind: boolean
}

/** Asked so often in vain, a witness is not merely slow. */
const PATIENT = 3

/** The witnesses that are asked for a town, as far as the ledger is published. */
export async function witnessStates(published: PublishedLedger, municipalityId: string): Promise<WitnessState[]> {
  const { database } = published
  const upTo = (await publishedCheckpoint(published, municipalityId))?.size ?? 0
  const { rows } = await inMunicipality(database, municipalityId, (transaction) =>
    witnessRows(transaction, { patient: PATIENT, municipalityId, witness: WITNESS, upTo }),
  )
  return rows.map(({ name, size, signed_at, behind }) => ({
    name,
    size: size === null ? undefined : Number(size),
    signedAt: signed_at?.toISOString(),
    behind,
  }))
}
