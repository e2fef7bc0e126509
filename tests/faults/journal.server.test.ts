import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { watchInstallation } from '../../src/platform/installation.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'

const folder = join(mkdtempSync(join(tmpdir(), 'padron-journal-')), 'journal')
let house: House
beforeAll(async () => {
  house = await openHouse({ journal: folder })
})
afterAll(async () => {
  await house?.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

const prove = async (id: string) =>
  (
    await house.ask<{ id: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      purpose: 'counter-service',
      body: { profile: 'library' },
    })
  ).body.id
const revoke = (proof: string) => house.ask('POST', `/v1/proofs/${proof}/revocation`, { as: 'clerk' })
const waiting = async () => (await house.peek('select 1 from takings')).length

it('what was taken away and cannot be written down is not said to be done, until it can', async () => {
  const { id } = await register(house)
  const [first, second] = [await prove(id), await prove(id)]
  rmSync(folder, { recursive: true })
  const refused = await revoke(first)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect((await house.ask('GET', '/health/ready')).status).toBe(503)
  expect(await waiting()).toBeGreaterThan(0)
  // Whatever takes nothing goes on.
  expect((await register(house)).id).not.toBe(id)

  mkdirSync(folder)
  expect((await revoke(second)).status).toBe(200)
  expect((await revoke(first)).status).toBe(200)
  expect(await waiting()).toBe(0)
  expect(existsSync(folder)).toBe(true)
  expect((await house.ask('GET', '/health/ready')).status).toBe(200)
})

it('an answer that is late says nothing of a copy; one that was asked for later does', () => {
  const watch = watchInstallation()
  const at = (mark: number, epoch = 1) => ({ id: 'town', epoch, mark })
  watch.see(at(5))
  const since = watch.known
  watch.see(at(6))
  watch.see(at(5), since)
  expect(watch.fallen).toBeUndefined()
  expect(() => watch.see(at(5))).toThrow(/a copy was put in its place/)
  expect(() => watch.see(at(7))).toThrow()
})

it('a host that knew the database before it was restored watches what it is since', () => {
  const kept: unknown[] = []
  const known = { id: 'town', epoch: 1, mark: 500 }
  const watch = watchInstallation({ known, keep: (one) => kept.push(one) })
  watch.see({ id: 'town', epoch: 2, mark: 300 })
  expect(kept).toEqual([{ id: 'town', epoch: 2, mark: 300 }])
  expect(() => watch.see({ id: 'town', epoch: 2, mark: 299 })).toThrow(/a copy/)
})
