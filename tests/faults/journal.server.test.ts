import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../src/ledger/journal.ts'
import { type Known, watchInstallation } from '../../src/platform/installation.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

const folder = join(mkdtempSync(join(tmpdir(), 'padron-journal-')), 'journal')
let app: TestApp
beforeAll(async () => {
  app = await openApp({ journal: folder })
})
afterAll(async () => {
  await app?.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

const prove = async (id: string) =>
  (
    await app.ask<{ id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      purpose: 'counter-service',
      body: { profile: 'library' },
    })
  ).body.id
const revoke = (proof: string) => app.ask('POST', `/v1/proofs/${proof}/revocation`, { as: 'clerk' })
const waiting = async () => (await app.peek('select 1 from takings')).length

it('what was taken away and cannot be written down is not said to be done, until it can', async () => {
  const { id } = await register(app)
  const [first, second] = [await prove(id), await prove(id)]
  rmSync(folder, { recursive: true })
  const refused = await revoke(first)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect((await app.ask('GET', '/health/ready')).status).toBe(503)
  expect(await waiting()).toBeGreaterThan(0)
  // Whatever takes nothing goes on.
  expect((await register(app)).id).not.toBe(id)

  mkdirSync(folder)
  expect((await revoke(second)).status).toBe(200)
  expect((await revoke(first)).status).toBe(200)
  expect(await waiting()).toBe(0)
  expect(existsSync(folder)).toBe(true)
  expect((await app.ask('GET', '/health/ready')).status).toBe(200)
})

it('an answer that is late says nothing of a copy; one that was asked for later does', () => {
  const watch = watchInstallation()
  const at = (mark: number, epoch = 1) => ({ id: 'town', epoch, mark, journaled: 0 })
  watch.see(at(5))
  const since = watch.known
  watch.see(at(6))
  watch.see(at(5), since)
  expect(watch.fallen).toBeUndefined()
  expect(() => watch.see(at(5))).toThrow(/a copy was put in its place/)
  expect(() => watch.see(at(7))).toThrow()
})

it('a host that knew the database before it was restored watches what it is since', () => {
  const kept: Known[] = []
  const known = { id: 'town', epoch: 1, mark: 500, journaled: 70 }
  const watch = watchInstallation({ read: () => kept.at(-1) ?? known, keep: (one) => void kept.push(one) })
  watch.see({ id: 'town', epoch: 2, mark: 300, journaled: 60 })
  expect(kept).toEqual([{ id: 'town', epoch: 2, mark: 300, journaled: 60 }])
  expect(() => watch.see({ id: 'town', epoch: 2, mark: 299, journaled: 60 })).toThrow(/a copy/)
})

it('a database that lacks the last act of taking away is a copy, for whoever wrote that down and for every process beside', () => {
  const file: { known?: Known } = {}
  const kept = { read: () => file.known, keep: (known: Known) => void Object.assign(file, { known }) }
  const at = (journaled: number, epoch = 1) => ({ id: 'town', epoch, mark: 5, journaled })
  const [first, second, third] = [watchInstallation(kept), watchInstallation(kept), watchInstallation(kept)]
  for (const watch of [first, second, third]) watch.see(at(7))
  // Whoever wrote it may be gone with the database.
  first.gaveOut({ epoch: 1, journaled: 8 })
  second.recall()
  expect(second.held()).toEqual([1, 8, 5])
  expect(() => second.see(at(7))).toThrow(/a copy/)
  expect(() => first.see(at(7))).toThrow(/a copy/)

  // One that could not reach it while it was restored is told by the others, and does not go on with what it has in memory.
  kept.keep(at(9, 2))
  third.recall()
  expect(() => third.see(at(9, 2))).toThrow(/started anew/)
  const anew = watchInstallation(kept)
  anew.see(at(9, 2))
  expect(anew.fallen).toBeUndefined()
})

it('an act of taking away is refused by a copy, before it could hide that an earlier one is lost', async () => {
  const { id } = await register(app)
  const [first, second] = [await prove(id), await prove(id)]
  expect((await revoke(first)).status).toBe(200)
  await app.peek('update installation set journaled = journaled - 1 returning epoch')
  const refused = await revoke(second)
  expect(refused).toMatchObject({ status: 503, body: { code: 'database-older' } })
  const [row] = await app.peek<{ journaled: string }>('select journaled::text from installation')
  const newest = openJournal(folder, app.keys).newest()
  expect(Number(row?.journaled)).toBe((newest?.id ?? 0) - 1)
})
