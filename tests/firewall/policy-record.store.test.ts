import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordPolicies } from '../../src/firewall/policy-record.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesOf } from '../support/entries.ts'

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
  const entries = await entriesOf(app, "action like 'policies-%'")
  expect(entries.map(({ action }) => action)).toEqual([
    'policies-loaded',
    'policies-loaded',
    'policies-loaded',
    'policies-changed',
  ])
  const digests = entries.map(({ content }) => content?.occasion?.digest)
  expect(digests).toEqual([app.policies.digest, app.policies.digest, 'ab'.repeat(32), 'ab'.repeat(32)])
  const versions = await app.peek<{ digest: string }>('select digest from policy_versions order by in_force_from')
  expect(versions.map(({ digest }) => digest)).toEqual([app.policies.digest, 'ab'.repeat(32)])
})
