import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordPolicies } from '../../src/firewall/policy-record.ts'
import { type House, openHouse } from '../support/house.ts'
import { unseal } from '../support/unseal.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

it('writes down with which policies the service starts, and when they changed', async () => {
  const start = (digest: string) => recordPolicies(house.rooms.gate, house.town.id, digest)
  await start(house.policies.digest)
  await start(house.policies.digest)
  await start('ab'.repeat(32))
  const entries = await house.peek<{ id: string; action: string; details: Uint8Array }>(
    "select id, action, details from ledger_entries where action like 'policies-%' order by id",
  )
  expect(entries.map(({ action }) => action)).toEqual([
    'policies-loaded',
    'policies-loaded',
    'policies-loaded',
    'policies-changed',
  ])
  const { ledger } = await house.rooms.gate.keysOf(house.town.id)
  const digests = await Promise.all(
    entries.map(async ({ id, details }) => {
      const place = { table: 'ledger_entries', column: 'details', row: id }
      return ((await unseal(house, ledger.id, place, details)) as { occasion: { digest: string } }).occasion.digest
    }),
  )
  expect(digests).toEqual([house.policies.digest, house.policies.digest, 'ab'.repeat(32), 'ab'.repeat(32)])
  const versions = await house.peek<{ digest: string }>('select digest from policy_versions order by in_force_from')
  expect(versions.map(({ digest }) => digest)).toEqual([house.policies.digest, 'ab'.repeat(32)])
})
