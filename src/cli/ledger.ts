import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { type Config, ConfigInvalid } from '../config.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import { ed25519Verifier, type NoteSigner, parseVerifierKey, verifierKey } from '../ledger/checkpoint.ts'
import { leafRecounter } from '../ledger/recount.ts'
import { ledgerName } from '../ledger/signer.ts'
import { type LedgerReport, verifyLedger } from '../ledger/verify.ts'
import { addCheckpoint, type WitnessMemory } from '../ledger/witness.ts'
import type { Database } from '../platform/database.ts'
import { installationOf } from '../platform/installation.ts'
import type { Municipality } from '../town/model.ts'
import type { Progress } from './output.ts'
import { configuredKeys } from './stores.ts'

/** Holds a town's ledger against its checkpoints. @param options.key the verifier key an outsider holds, instead of the stored one */
export async function checkLedger(
  config: Config,
  {
    owner,
    town,
    options,
    progress,
  }: {
    owner: Database
    town: Municipality
    /** The keys of the configuration, unless a copy of the database is looked at. */
    options: { key?: string; checkpoints: readonly string[]; keys?: KeyProvider }
    progress: Progress
  },
): Promise<LedgerReport> {
  const key = options.key === undefined ? await storedKey(owner, town) : parseVerifierKey(options.key)
  if (key === undefined) throw new ConfigInvalid('There is no such verifier key. It looks like: name+hash+key')
  return verifyLedger(owner, town.id, {
    key,
    anyName: options.key === undefined,
    verifySignature: ed25519Verifier(key.publicKey),
    recount: leafRecounter(options.keys ?? configuredKeys(config)),
    kept: options.checkpoints.map((file) => readFileSync(file, 'utf8')),
    progress,
  })
}

async function storedKey(owner: Database, town: Municipality) {
  const row = await owner
    .selectFrom('ledger_keys')
    .select('public_key')
    .where('municipality_id', '=', town.id)
    .executeTakeFirst()
  if (row === undefined) throw new ConfigInvalid('This ledger has no key yet: nothing has been signed.')
  const { epoch } = await installationOf(owner)
  return { name: ledgerName(town.issuer, epoch), publicKey: row.public_key }
}

/** What `ledger verify` found, one line each. */
export function findingLine(finding: LedgerReport['findings'][number]): string {
  switch (finding.kind) {
    case 'altered':
      return `ALTERED    entry ${finding.entry}, place ${finding.position}`
    case 'inserted':
      return `INSERTED   entry ${finding.entry}, place ${finding.position}`
    case 'removed':
      return `REMOVED    the entry of place ${finding.position}`
    case 'reordered':
      return `REORDERED  entry ${finding.entry}, at place ${finding.position} instead of ${finding.belongs}`
    case 'false-checkpoint':
      return `FALSE      the checkpoint of size ${finding.size} is not signed by this ledger, or contradicts another`
    case 'unsigned-change':
      return `CHANGED    after size ${finding.after} and before size ${finding.before}, the leaves stop agreeing with signed checkpoints`
  }
}

/**
 * Runs a witness on loopback; whoever wants it reachable puts a proxy in front. Key and memory are files in
 * `folder`; losing the memory would let the witness cosign a second history, so it then must get a new key.
 */
export async function serveWitness(options: {
  name: string
  folder: string
  port: number
  logs: readonly string[]
}): Promise<{ server: Server; key: string; port: number }> {
  const logs = options.logs.map((text) => {
    const key = parseVerifierKey(text)
    if (key === undefined) throw new ConfigInvalid('--log: this is no verifier key. Fetch it from /ledger/key')
    return { ...key, verify: ed25519Verifier(key.publicKey) }
  })
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  const signer = witnessKey(options.name, join(options.folder, 'witness-key.pem'))
  const memory = fileMemory(join(options.folder, 'witness-memory.json'))
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
      if (text.length > 64 * 1024) request.destroy()
    })
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/add-checkpoint') return void response.writeHead(404).end()
      const answer = addCheckpoint(text, { logs, memory, signer, now: Temporal.Now.instant() })
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  return { server, key: verifierKey(signer, 'cosignature'), port }
}

function witnessKey(name: string, file: string): NoteSigner {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' })
  }
  const privateKey = createPrivateKey(readFileSync(file))
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { name, publicKey: Buffer.from(String(x), 'base64url'), sign: (text) => sign(null, text, privateKey) }
}

function fileMemory(file: string): WitnessMemory {
  type Kept = Record<string, { size: number; root: string }>
  const kept: Kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  return {
    latest: (origin) => {
      const known = kept[origin]
      return known && { size: known.size, root: Buffer.from(known.root, 'base64') }
    },
    remember: (origin, { size, root }) => {
      kept[origin] = { size, root: Buffer.from(root).toString('base64') }
      writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600, flush: true })
      renameSync(`${file}.new`, file)
    },
  }
}
