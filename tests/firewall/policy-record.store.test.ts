import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordPolicies } from '../../src/firewall/policy-record.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { unseal } from '../support/unseal.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

it('writes down with which policies the service starts, and when they changed', async () => {
  const start = (digest: string) => recordPolicies(app.rooms.gate, app.town.id, digest)
  await start(app.policies.digest)
  await start(app.policies.digest)
  await start('ab'.repeat(32))
  const entries = await app.peek<{ id: string; action: string; details: Uint8Array }>(
    "select id, action, details from ledger_entries where action like 'policies-%' order by id",
  )
  expect(entries.map(({ action }) => action)).toEqual([
    'policies-loaded',
    'policies-loaded',
    'policies-loaded',
    'policies-changed',
  ])
  const { ledger } = await app.rooms.gate.keysOf(app.town.id)
  const digests = await Promise.all(
    entries.map(async ({ id, details }) => {
      const place = { table: 'ledger_entries', column: 'details', row: id }
      return ((await unseal(app, ledger.id, place, details)) as { occasion: { digest: string } }).occasion.digest
    }),
  )
  expect(digests).toEqual([app.policies.digest, app.policies.digest, 'ab'.repeat(32), 'ab'.repeat(32)])
  const versions = await app.peek<{ digest: string }>('select digest from policy_versions order by in_force_from')
  expect(versions.map(({ digest }) => digest)).toEqual([app.policies.digest, 'ab'.repeat(32)])
})
