import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveWitness } from '../../src/cli/ledger.ts'
import { verifierKey } from '../../src/ledger/checkpoint.ts'
import { askWitness, WITNESS, type Witness, witnessAt, witnessStates } from '../../src/ledger/cosigning.ts'
import { proveConsistency } from '../../src/ledger/proofs.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { openCosignature } from '../../src/ledger/witness.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'

let app: TestApp
let running: Awaited<ReturnType<typeof serveWitness>>
let witness: Witness
const folder = mkdtempSync(join(tmpdir(), 'padron-witness-'))

async function start(port = 0) {
  const log = verifierKey(await app.rooms.signers.of(app.town))
  running = await serveWitness({ name: 'witness.example', folder, port, logs: [log] })
  witness = witnessAt(`http://127.0.0.1:${running.port}`, running.key)
}
const stop = () => new Promise((resolve) => running.server.close(resolve))
async function grow(entries: number) {
  const { id } = await register(app)
  for (let i = 1; i < entries; i += 1) await openRecord(app, id)
  await sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))
}
const checkpoint = async () => (await app.ask('GET', '/ledger/checkpoint')).text
const submit = async (body: string) => {
  const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

beforeAll(async () => {
  app = await openApp()
  await start()
})
afterAll(async () => {
  await stop()
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

it('cosigns a ledger that only grows, again after a restart, and the checkpoint bears it', async () => {
  await grow(5)
  expect(await askWitness(app.deps, app.town.id, { witness })).toBe(true)
  await grow(300)
  expect(await checkpoint()).not.toContain('witness.example')
  await stop()
  await start()
  expect(await askWitness(app.deps, app.town.id, { witness })).toBe(true)
  const note = await checkpoint()
  const line = note.split('\n').find((text) => text.startsWith('\u2014 witness.example')) ?? ''
  const seen = openCosignature(line, note, witness.key)
  expect(
    Math.abs(
      Temporal.Now.instant()
        .since(seen ?? Temporal.Instant.fromEpochMilliseconds(0))
        .total('minutes'),
    ),
  ).toBeLessThan(5)
  expect(openCosignature(line, note.replace(/\n\d+\n/, '\n7\n'), witness.key)).toBeUndefined()
})

it('says where it stands, and cosigns no other history', async () => {
  const note = await checkpoint()
  const size = Number(note.split('\n')[1])
  expect(await submit(`old 0\n\n${note}`)).toMatchObject({ status: 409, type: 'text/x.tlog.size', text: `${size}\n` })
  await grow(3)
  const later = await checkpoint()
  const laterSize = Number(later.split('\n')[1])
  const proof = await proveConsistency(app.database, app.town.id, { earlier: size, size: laterSize })
  const lines = proof.map((hash) => Buffer.from(hash).toString('base64'))
  expect((await submit(`old ${size}\n\n${later}`)).status).toBe(422)
  expect((await submit(`old ${size}\n${[...lines].reverse().join('\n')}\n\n${later}`)).status).toBe(422)
  expect((await submit(`old ${laterSize + 1}\n\n${later}`)).status).toBe(400)
  expect((await submit(`old ${size}\n\n${later.replace('vallmar', 'riudor')}`)).status).toBe(404)
  expect((await submit(`old ${size}\n\n${later.replace(/\n\d+\n/, '\n999999\n')}`)).status).toBe(403)
  expect((await submit('nonsense')).status).toBe(400)
  expect(await submit(`old ${size}\n${lines.join('\n')}\n\n${later}`)).toMatchObject({ status: 200 })
})

it('that refuses again and again is named on the page of how the register is, and one that signs is there with how far it came', async () => {
  const status = async () => (await app.ask('GET', '/status?lang=en')).text
  const asked = (tries: number) =>
    app.peek(`insert into jobs (municipality_id, kind, item, due_at, tries)
      values ('${app.town.id}', '${WITNESS}', 'witness.example', clock_timestamp(), ${tries})
      on conflict (municipality_id, kind, item) do update set tries = excluded.tries returning item`)
  await asked(0)
  await askWitness(app.deps, app.town.id, { witness })
  const [signed] = await witnessStates(app.deps, app.town.id)
  expect(signed).toMatchObject({ name: 'witness.example', behind: false })
  expect(await status()).toContain('witness.example')
  await grow(2)
  // Asked once or twice in vain it may be slow, or restarted.
  await asked(2)
  expect(await status()).not.toContain('has not signed')
  await asked(3)
  expect(await status()).toContain('witness.example has not signed')
  await askWitness(app.deps, app.town.id, { witness })
  expect(await status()).not.toContain('has not signed')
})

it('that refuses is told from one that has nothing to sign', async () => {
  await grow(1)
  const stranger = { ...witness, key: { ...witness.key, name: 'other.example' } }
  await expect(askWitness(app.deps, app.town.id, { witness: stranger })).rejects.toMatchObject({
    code: 'witness-signed-nothing',
  })
  await stop()
  const empty = mkdtempSync(join(tmpdir(), 'padron-witness-'))
  const other = verifierKey({ name: 'another.example/ledger', publicKey: witness.key.publicKey })
  running = await serveWitness({ name: 'witness.example', folder: empty, port: 0, logs: [other] })
  const unknown = witnessAt(`http://127.0.0.1:${running.port}`, running.key)
  await expect(askWitness(app.deps, app.town.id, { witness: unknown })).rejects.toMatchObject({
    code: 'witness-refused-404',
  })
  rmSync(empty, { recursive: true, force: true })
})

it('keeps its key from others', () => {
  expect(readFileSync(join(folder, 'witness-key.pem'), 'utf8')).toContain('PRIVATE KEY')
  expect(() => writeFileSync(join(folder, 'witness-key.pem'), '', { flag: 'wx' })).toThrow()
})
