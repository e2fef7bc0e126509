import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp } from '../../src/app.tsx'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { checkpointForWitnesses, latestCheckpoint } from '../../src/ledger/proofs.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { asking, openApp, type TestApp } from '../support/app.ts'
import { openRecord, register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// Somebody watches a counter, and the ledger beside it: every look-up makes its tree larger by one.

let app: TestApp
let ask: TestApp['ask']
let served: ReturnType<typeof createApp>
let fetched: (path: string) => Promise<string>
beforeAll(async () => {
  app = await openApp()
  const deps = { ...app.deps, ledgerAtOnce: false }
  served = createApp(deps, composeRooms(deps))
  ask = asking((request) => served.fetch(request))
  fetched = async (path) =>
    (
      await served.fetch(
        new Request(`https://vallmar.example${path}`, {
          headers: { host: 'vallmar.example', 'accept-language': 'en' },
        }),
      )
    ).text()
})
afterAll(() => app?.close())

const place = async () => {
  await sequencer(app.database).place(app.town.id, await app.rooms.signers.of(app.town))
}
const published = async () => Number((await ask('GET', '/ledger/checkpoint')).text.split('\n')[1])
const signed = async () => (await latestCheckpoint(app.database, app.town.id))?.size ?? 0
/** What was signed until now was signed yesterday. */
const aNightPasses = async () => {
  await app.peek('alter table ledger_checkpoints disable trigger all')
  await app.peek("update ledger_checkpoints set signed_at = signed_at - interval '1 day' returning 1")
  await app.peek('alter table ledger_checkpoints enable trigger all')
}

describe('what everybody sees of the ledger', () => {
  it('grows in daily steps: nobody sees when a record was opened, nor how many were today', async () => {
    await register(app)
    await place()
    const first = await published()
    expect(first).toBe(await signed())
    const { id } = await register(app)
    for (let i = 0; i < 5; i += 1) {
      await openRecord(app, id)
      await place()
      expect(await published()).toBe(first)
    }
    const now = await signed()
    expect(now).toBeGreaterThan(first + 4)
    await aNightPasses()
    expect(await published()).toBe(now)
    await openRecord(app, id)
    await place()
    expect(await published()).toBe(now)
  })

  it('at no other door either: tiles, proofs, numbers, pages', async () => {
    const shown = await published()
    const { id } = await register(app)
    for (let i = 0; i < 3; i += 1) await openRecord(app, id)
    await place()
    const size = await signed()
    expect(size).toBeGreaterThan(shown)
    // Whoever asks for ever larger ones learns where it ends: in the morning.
    for (const [wide, status] of [
      [shown, 200],
      [shown + 1, 404],
      [size, 404],
    ] as const)
      expect((await ask('GET', `/ledger/tile/0/000.p/${wide}`)).status, String(wide)).toBe(status)
    const [newest] = await app.peek<{ leaf: string }>(
      "select encode(leaf_hash, 'hex') as leaf from ledger_sequence order by position desc limit 1",
    )
    for (const asked of [shown, size])
      expect((await ask('GET', `/ledger/proofs/inclusion?leaf=${newest?.leaf}&size=${asked}`)).status).toBe(404)
    expect((await ask('GET', `/ledger/proofs/consistency?from=1&to=${shown}`)).status).toBe(200)
    expect((await ask('GET', `/ledger/proofs/consistency?from=1&to=${size}`)).status).toBe(404)
    const numbers = await ask<{ size: number; checkpoint: string }>('GET', '/v1/transparency')
    expect(numbers.body.size).toBe(shown)
    for (const path of ['/status', '/transparency']) {
      const text = await fetched(path)
      expect(text, path).toContain(String(shown))
      expect(text, path).not.toMatch(new RegExp(`\\b${size}\\b`))
    }
  })

  it('is not what watches over it: the newest checkpoint stands before auditors, each line proved from the next morning on', async () => {
    const daily = { ...app, fetch: (request: Request) => Promise.resolve(served.fetch(request)) }
    const auditor = await signedIn(daily, { kind: 'staff', subject: 'auditor-1', role: 'auditor', office: DEMO_OFFICE })
    const html = await (await auditor.open('/desk/ledger')).text()
    const newest = await signed()
    const open = await published()
    expect(newest).toBeGreaterThan(open)
    expect(html).toMatch(new RegExp(`<pre[^>]*>[^<]*\\n${newest}\\n`))
    // The lines are proved by what everybody can ask for: by another none of them would be.
    expect(/data-checkpoint="[^"]*\n(\d+)\n/.exec(html)?.[1]).toBe(String(open))
  })

  it('nor what a witness is asked, who tells anybody: that is of the last full hour', async () => {
    const daily = { database: app.database }
    const asked = async () => (await checkpointForWitnesses(daily, app.town.id))?.size
    const hours = (count: number) =>
      app.peek(`update ledger_checkpoints set signed_at = signed_at - interval '${count} hours' returning 1`)
    const before = await asked()
    const { id } = await register(app)
    await openRecord(app, id)
    await place()
    expect(await asked()).toBe(before)
    await app.peek('alter table ledger_checkpoints disable trigger all')
    await hours(1)
    await app.peek('alter table ledger_checkpoints enable trigger all')
    expect(await asked()).toBe(await signed())
  })

  it('begins anew with a ledger that goes on under another name after a restore', async () => {
    await aNightPasses()
    expect(await published()).toBe(await signed())
    await app.peek(`insert into restores (municipality_id, epoch, restored_at, known_until, reissue, statement)
      values ('${app.town.id}', 2, clock_timestamp(), clock_timestamp(), false, 'it was put back') returning 1`)
    // Nothing of the old name: its key is another one's.
    expect((await ask('GET', '/ledger/checkpoint')).status).toBe(404)
    await openRecord(app, (await register(app)).id)
    await place()
    const first = await signed()
    expect(await published()).toBe(first)
    await openRecord(app, (await register(app)).id)
    await place()
    expect(await published()).toBe(first)
  })
})
