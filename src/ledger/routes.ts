import { z } from '@hono/zod-openapi'
import { endpoint } from '../http/endpoint.ts'
import { cacheable } from '../http/headers.ts'
import { publicData } from '../http/public-data.ts'
import { Reply } from '../http/reply.ts'
import type { App, World } from '../http/route.ts'
import { inMunicipality } from '../platform/database.ts'
import { InvalidInput, NotFound } from '../platform/problem.ts'
import { verifierKey } from './checkpoint.ts'
import { type PublishedLedger, proveConsistency, proveInclusion, publishedCheckpoint, readTile } from './proofs.ts'
import type { LedgerSigners } from './signer.ts'
import { restoreStatements } from './store.ts'
import { TILE } from './tree.ts'

const tag = 'Ledger'
const FOREVER = 31_536_000
const Size = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/)
  .transform(Number)
const Hashes = z.array(z.string())
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** What outsiders need to hold the ledger to its word. Leaves are salted hashes: they say nothing about anyone. */
export function ledgerRoutes<W extends World & { town: { issuer: string } }>(
  app: App<W>,
  deps: PublishedLedger & { signers: LedgerSigners },
): void {
  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/checkpoint',
      summary: 'The signed checkpoint of this morning (C2SP tlog-checkpoint)',
      tag,
      auth: 'public',
      answers: { 200: { description: 'A signed note', type: 'text/plain' } },
      refuses: [404],
    },
    async ({ town }) => {
      const checkpoint = await publishedCheckpoint(deps, town.id)
      if (checkpoint === undefined) throw new NotFound()
      return Reply.material(publicData(checkpoint.note), 'text/plain; charset=utf-8', cacheable(5))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/key',
      summary: 'The key that checkpoints are signed with (C2SP signed-note verifier key)',
      tag,
      auth: 'public',
      answers: { 200: { description: 'Name, hash and key', type: 'text/plain' } },
    },
    async ({ town }) =>
      Reply.material(
        publicData(`${verifierKey(await deps.signers.of(town))}\n`),
        'text/plain; charset=utf-8',
        cacheable(300),
      ),
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/restores',
      summary: 'Where ledgers of this town ended because its database was put back, as notes signed by the key of each',
      tag,
      auth: 'public',
      answers: { 200: { description: 'Signed notes, one after the other, an empty line between', type: 'text/plain' } },
    },
    async ({ town }) => {
      const statements = await inMunicipality(deps.database, town.id, (transaction) => restoreStatements(transaction))
      const text = statements.map(({ statement }) => statement).join('\n')
      return Reply.material(publicData(text), 'text/plain; charset=utf-8', cacheable(60))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/tile/{level}/{rest}',
      summary: 'A tile of the tree (C2SP tlog-tiles)',
      tag,
      auth: 'public',
      description:
        'The path is the level and the index in groups of three digits (`x001/x234/067`), with `.p/` and a width for a partial tile.',
      params: z.object({
        level: z
          .string()
          .regex(/^[0-7]$/)
          .transform(Number),
        rest: z.string().regex(/^(x\d{3}\/)*\d{3}(\.p\/([1-9]\d{0,2}))?$/),
      }),
      answers: { 200: { description: 'Up to 256 hashes of 32 bytes', type: 'application/octet-stream' } },
      refuses: [404],
    },
    async ({ town, params: { level, rest } }) => {
      const [path = '', width] = rest.split('.p/')
      const index = Number(path.replace(/[x/]/g, ''))
      const tile = await readTile(deps, town.id, {
        level,
        index,
        width: width === undefined ? TILE : Number(width),
      })
      if (tile === undefined) throw new NotFound()
      return Reply.bytes(publicData(tile), 'application/octet-stream', cacheable(FOREVER))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/proofs/inclusion',
      summary: 'That an entry is in the ledger (RFC 9162 section 2.1.3)',
      tag,
      auth: 'public',
      query: z.object({ leaf: z.string().regex(/^[0-9a-f]{64}$/), size: Size }),
      answers: {
        200: {
          description: 'Index, size and hashes',
          schema: z.object({ index: z.int(), size: z.int(), proof: Hashes }),
        },
      },
      refuses: [404],
    },
    async ({ town, query: { leaf, size } }) => {
      if (size > ((await publishedCheckpoint(deps, town.id))?.size ?? 0)) throw new NotFound()
      const found = await proveInclusion(deps.database, town.id, { leafHash: Buffer.from(leaf, 'hex'), size })
      if (found === undefined) throw new NotFound()
      return Reply.open(publicData({ ...found, proof: found.proof.map(base64) }), 200, cacheable(FOREVER))
    },
  )

  endpoint(
    app,
    {
      method: 'get',
      path: '/ledger/proofs/consistency',
      summary: 'That the ledger only grew (RFC 9162 section 2.1.4)',
      tag,
      auth: 'public',
      query: z.object({ from: Size, to: Size }),
      answers: { 200: { description: 'Hashes', schema: z.object({ from: z.int(), to: z.int(), proof: Hashes }) } },
      refuses: [404],
    },
    async ({ town, query: { from, to } }) => {
      if (from > to) throw new InvalidInput([{ pointer: 'query:from', detail: 'Give the smaller tree first.' }])
      if (to > ((await publishedCheckpoint(deps, town.id))?.size ?? 0)) throw new NotFound()
      const proof = await proveConsistency(deps.database, town.id, { earlier: from, size: to })
      return Reply.open(publicData({ from, to, proof: proof.map(base64) }), 200, cacheable(FOREVER))
    },
  )
}
