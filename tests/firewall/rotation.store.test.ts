import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import {
  announceRegistryKey,
  dataKeysToRewrap,
  KeyInUse,
  retireRegistryKey,
  rewrapDataKeys,
} from '../../src/keys/rotation.ts'
import { type House, openHouse } from '../support/house.ts'
import { openRecord, register } from '../support/people.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

describe('rotating the registry key', () => {
  it('rewraps every data key while clerks go on, may be interrupted, and lets the old key go', async () => {
    const before: string[] = []
    for (let i = 0; i < 12; i += 1) before.push((await register(house)).id)
    const old = house.material.current
    const next = withNewKey(old, 'next')
    await announceRegistryKey(house.database, house.town.id, next.current)
    house.material.current = next
    const keys = localKeyProvider(next)
    const total = await dataKeysToRewrap(house.database, keys, house.town.id)
    expect(total).toBeGreaterThan(24)

    // Stopped after the first batch: what is done stays done.
    const interrupted = new Error('stopped')
    await expect(
      rewrapDataKeys(house.database, keys, house.town.id, {
        batch: 5,
        progress: () => {
          throw interrupted
        },
      }),
    ).rejects.toBe(interrupted)
    expect(await dataKeysToRewrap(house.database, keys, house.town.id)).toBe(total - 5)
    expect((await openRecord(house, before[0] ?? '')).status).toBe(200)
    await expect(retireRegistryKey(house.database, house.town.id, old.current)).rejects.toBeInstanceOf(KeyInUse)

    const during = await register(house)
    expect(await rewrapDataKeys(house.database, keys, house.town.id, { batch: 7 })).toBe(total - 5)
    expect(await dataKeysToRewrap(house.database, keys, house.town.id)).toBe(0)
    await retireRegistryKey(house.database, house.town.id, old.current)

    // The old key is gone from every process.
    house.material.current = { current: next.current, keys: { [next.current]: next.keys[next.current] ?? '' } }
    for (const id of [...before, during.id]) expect((await openRecord(house, id)).status).toBe(200)
    expect(
      (await house.ask('POST', `/v1/neighbours/${during.id}/proofs`, { as: 'clerk', body: { profile: 'library' } }))
        .status,
    ).toBe(201)
  })
})

describe('without the registry key', () => {
  it('nothing opens, and the error says so', async () => {
    const { id } = await register(house)
    const kept = house.material.current
    house.material.current = withNewKey(undefined, 'wrong')
    try {
      expect(await openRecord(house, id)).toMatchObject({ status: 503, body: { code: 'key-unavailable' } })
    } finally {
      house.material.current = kept
    }
    expect((await openRecord(house, id)).status).toBe(200)
  })
})

describe('a row that somebody moved or changed', () => {
  it('does not open', async () => {
    const [one, two] = [await register(house), await register(house)]
    await house.peek('alter table particulars disable trigger particulars_append_only')
    await house.peek(
      `update particulars set identity = (select identity from particulars where neighbour_id = '${two.id}') where neighbour_id = '${one.id}'`,
    )
    await house.peek('alter table particulars enable trigger particulars_append_only')
    expect(await openRecord(house, one.id)).toMatchObject({ status: 500, body: { code: 'seal-broken' } })
    expect((await openRecord(house, two.id)).status).toBe(200)
  })
})
