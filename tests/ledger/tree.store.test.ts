import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/ledger/checkpoint.ts'
import { nodeHash, split, verifyConsistency, verifyInclusion } from '../../src/ledger/merkle.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

let app: TestApp
let key: { name: string; publicKey: Buffer }
beforeAll(async () => {
  app = await openApp()
  await register(app)
  await grow()
  const text = (await app.ask('GET', '/ledger/key')).text.trim()
  const [name = ''] = text.split('+')
  key = { name, publicKey: Buffer.from(text.slice(name.length + 10), 'base64').subarray(1) }
})
afterAll(() => app?.close())

async function grow(entries = 0): Promise<void> {
  if (entries > 0) {
    const { id } = await register(app)
    for (let i = 1; i < entries; i += 1) await openRecord(app, id)
  }
  await sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))
}

const ed25519 = (text: Uint8Array, signature: Uint8Array) =>
  verify(
    null,
    text,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') }, format: 'jwk' }),
    signature,
  )

async function checkpoint() {
  const answer = await app.ask('GET', '/ledger/checkpoint')
  const opened = openCheckpoint(answer.text, key, ed25519)
  if (opened === undefined) throw new Error('the checkpoint does not open')
  return opened
}
const leaves = () =>
  app.peek<{ leaf_hash: Uint8Array }>('select leaf_hash from ledger_sequence order by ledger_sequence.position')
const bytes = (list: string[]) => list.map((one) => Buffer.from(one, 'base64'))

describe('a checkpoint', () => {
  it('is a signed note over the whole tree, as a stranger computes it from the leaves', async () => {
    await grow(5)
    const { origin, size, root } = await checkpoint()
    expect(origin).toBe('vallmar.example/ledger')
    const hashes = (await leaves()).map((row) => row.leaf_hash)
    expect(size).toBe(hashes.length)
    const rootOf = (from: number, to: number): Uint8Array => {
      if (to - from === 1) return hashes[from] ?? new Uint8Array()
      const middle = from + split(to - from)
      return nodeHash(rootOf(from, middle), rootOf(middle, to))
    }
    expect(Buffer.from(root)).toEqual(Buffer.from(rootOf(0, size)))
  })

  it('does not open when a byte is changed, under another name or another key', async () => {
    const { text } = await app.ask('GET', '/ledger/checkpoint')
    for (const changed of [
      text.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`),
      text.replace('vallmar', 'riudor'),
      text.slice(0, -10),
      '',
      'x\n1\n\n',
    ]) {
      expect(openCheckpoint(changed, key, ed25519)).toBeUndefined()
    }
    expect(openCheckpoint(text, { ...key, name: 'riudor.example/ledger' }, ed25519)).toBeUndefined()
    expect(openCheckpoint(text, { ...key, publicKey: Buffer.alloc(32, 1) }, ed25519)).toBeUndefined()
  })

  it('may be kept, and shows later that nothing before it was changed', async () => {
    const earlier = await checkpoint()
    await grow(300)
    const later = await checkpoint()
    expect(later.size).toBeGreaterThan(earlier.size + 299)
    const { body } = await app.ask<{ proof: string[] }>(
      'GET',
      `/ledger/proofs/consistency?from=${earlier.size}&to=${later.size}`,
    )
    expect(
      verifyConsistency(earlier.size, {
        size: later.size,
        earlierRoot: earlier.root,
        root: later.root,
        proof: bytes(body.proof),
      }),
    ).toBe(true)
    expect(
      verifyConsistency(earlier.size, {
        size: later.size,
        earlierRoot: later.root,
        root: later.root,
        proof: bytes(body.proof),
      }),
    ).toBe(false)
  })
})

describe('an entry', () => {
  it('is shown to be in the ledger, whichever it is', async () => {
    const { size, root } = await checkpoint()
    const all = await leaves()
    for (const index of [0, 1, 7, 254, 255, 256, 257, size - 1]) {
      const leaf = all[index]?.leaf_hash ?? new Uint8Array()
      const { body } = await app.ask<{ index: number; proof: string[] }>(
        'GET',
        `/ledger/proofs/inclusion?leaf=${Buffer.from(leaf).toString('hex')}&size=${size}`,
      )
      expect(body.index).toBe(index)
      expect(verifyInclusion(leaf, { index, size, proof: bytes(body.proof), root })).toBe(true)
    }
  })

  it('that is not there is not found, and a tree that is not there yet neither', async () => {
    const { size } = await checkpoint()
    expect((await app.ask('GET', `/ledger/proofs/inclusion?leaf=${'0'.repeat(64)}&size=${size}`)).status).toBe(404)
    const leaf = Buffer.from((await leaves())[0]?.leaf_hash ?? '').toString('hex')
    expect((await app.ask('GET', `/ledger/proofs/inclusion?leaf=${leaf}&size=${size + 1}`)).status).toBe(404)
    expect((await app.ask('GET', `/ledger/proofs/consistency?from=1&to=${size + 1}`)).status).toBe(404)
    expect((await app.ask('GET', '/ledger/proofs/consistency?from=2&to=1')).status).toBe(422)
    expect((await app.ask('GET', '/ledger/proofs/inclusion?leaf=x&size=1')).status).toBe(422)
  })
})

describe('tiles', () => {
  const tile = async (path: string) => {
    const response = await app.fetch(new Request(`https://vallmar.example/ledger/tile/${path}`))
    return {
      status: response.status,
      bytes: Buffer.from(await response.arrayBuffer()),
      cache: response.headers.get('cache-control'),
    }
  }

  it('hold the leaves, whole and partial, and the roots above them', async () => {
    const { size } = await checkpoint()
    const hashes = (await leaves()).map((row) => Buffer.from(row.leaf_hash))
    const first = await tile('0/000')
    expect(first.bytes).toEqual(Buffer.concat(hashes.slice(0, 256)))
    expect(first.cache).toBe('public, max-age=31536000')
    const rest = size - 256
    expect((await tile(`0/001.p/${rest}`)).bytes).toEqual(Buffer.concat(hashes.slice(256, size)))
    expect((await tile('1/000.p/1')).bytes).toHaveLength(32)
    expect(await app.peek('select * from ledger_tiles')).toHaveLength(1)
  })

  it.each([
    '0/001',
    '0/005',
    '1/000',
    '0/x001/000',
    '2/000.p/1',
    '0/000.p/257',
    '0/000.p/0',
    '9/000',
    '0/1',
    '0/../key',
  ])('that are not there are not served: %s', async (path) => {
    expect([404, 422]).toContain((await tile(path)).status)
  })
})

describe('a stranger who holds a checkpoint', () => {
  it('notices a database administrator who alters, removes or inserts an entry', async () => {
    const held = await checkpoint()
    const [victim] = await app.peek<{ id: string }>(
      'select entry_id as id from ledger_sequence where ledger_sequence.position = 300',
    )
    for (const table of ['ledger_entries', 'ledger_sequence']) {
      await app.peek(`alter table ${table} disable trigger ${table}_append_only`)
      const id = table === 'ledger_entries' ? 'id' : 'entry_id'
      await app.peek(`update ${table} set leaf_hash = sha256('forged') where ${id} = '${victim?.id}'`)
    }
    await grow(3)
    const later = await checkpoint()
    const { body } = await app.ask<{ proof: string[] }>(
      'GET',
      `/ledger/proofs/consistency?from=${held.size}&to=${later.size}`,
    )
    expect(
      verifyConsistency(held.size, {
        size: later.size,
        earlierRoot: held.root,
        root: later.root,
        proof: bytes(body.proof),
      }),
    ).toBe(false)
  })
})
