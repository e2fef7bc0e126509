import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import {
  announceRegistryKey,
  awaitedKeys,
  dataKeysToRewrap,
  KeyInUse,
  retireRegistryKey,
  rewrapDataKeys,
  switchRegistryKey,
} from '../../src/keys/rotation.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { freshEpochs } from '../support/epochs.ts'
import { openRecord, register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

describe('rotating the registry key', () => {
  it('rewraps every data key while clerks go on, may be interrupted, and lets the old key go', async () => {
    const before: string[] = []
    for (let i = 0; i < 12; i += 1) before.push((await register(app)).id)
    const old = app.material.current
    const next = withNewKey(old, 'next')
    await announceRegistryKey(app.database, app.town.id, next.current)
    app.material.current = next
    const keys = localKeyProvider(next, freshEpochs(app.epochs.current))
    const total = await dataKeysToRewrap(app.database, keys, app.town.id)
    expect(total).toBeGreaterThan(24)

    // Stopped after the first batch: what is done stays done.
    const interrupted = new Error('stopped')
    await expect(
      rewrapDataKeys(app.database, {
        keys,
        municipalityId: app.town.id,
        options: {
          batch: 5,
          progress: () => {
            throw interrupted
          },
        },
      }),
    ).rejects.toBe(interrupted)
    expect(await dataKeysToRewrap(app.database, keys, app.town.id)).toBe(total - 5)
    expect((await openRecord(app, before[0] ?? '')).status).toBe(200)
    await expect(retireRegistryKey(app.database, app.town.id, old.current)).rejects.toBeInstanceOf(KeyInUse)

    const during = await register(app)
    expect(await rewrapDataKeys(app.database, { keys, municipalityId: app.town.id, options: { batch: 7 } })).toBe(
      total - 5,
    )
    expect(await dataKeysToRewrap(app.database, keys, app.town.id)).toBe(0)
    await retireRegistryKey(app.database, app.town.id, old.current)

    // The old key is gone from every process.
    app.material.current = { current: next.current, keys: { [next.current]: next.keys[next.current] ?? '' } }
    for (const id of [...before, during.id]) expect((await openRecord(app, id)).status).toBe(200)
    expect(
      (await app.ask('POST', `/v1/neighbours/${during.id}/proofs`, { as: 'clerk', body: { profile: 'library' } }))
        .status,
    ).toBe(201)
  })
})

describe('a registry key that turns in the middle of a registration', () => {
  it('leaves each data key under the one that wrapped it', async () => {
    const one = app.material.current
    const other = withNewKey(one, 'turn')
    await announceRegistryKey(app.database, app.town.id, other.current)
    let reads = 0
    // Which key it is is read, then the key: after each such pair it is the other's turn.
    Object.defineProperty(app.material, 'current', {
      configurable: true,
      get: () => ({ ...other, current: Math.floor(reads++ / 2) % 2 === 0 ? one.current : other.current }),
    })
    const registered: string[] = []
    for (let i = 0; i < 8; i += 1) registered.push((await register(app)).id)
    Object.defineProperty(app.material, 'current', { configurable: true, writable: true, value: other })
    expect(reads).toBeGreaterThanOrEqual(8 * 4)
    for (const id of registered) {
      const { status, body } = await openRecord(app, id)
      expect(status).toBe(200)
      expect(body).toHaveProperty('address')
    }
    const keys = localKeyProvider(other, freshEpochs(app.epochs.current))
    expect(await rewrapDataKeys(app.database, { keys, municipalityId: app.town.id })).toBeGreaterThan(0)
    await retireRegistryKey(app.database, app.town.id, one.current)
  })
})

describe('without the registry key', () => {
  it('nothing opens, and the error says so', async () => {
    const { id } = await register(app)
    const kept = app.material.current
    app.material.current = withNewKey(undefined, 'wrong')
    try {
      expect(await openRecord(app, id)).toMatchObject({ status: 503, body: { code: 'key-unavailable' } })
    } finally {
      app.material.current = kept
    }
    expect((await openRecord(app, id)).status).toBe(200)
  })
})

describe('a row that somebody moved or changed', () => {
  it('does not open', async () => {
    const [one, two] = [await register(app), await register(app)]
    await app.peek('alter table particulars disable trigger particulars_append_only')
    await app.peek(
      `update particulars set identity = (select identity from particulars where neighbour_id = '${two.id}') where neighbour_id = '${one.id}'`,
    )
    await app.peek('alter table particulars enable trigger particulars_append_only')
    expect(await openRecord(app, one.id)).toMatchObject({ status: 500, body: { code: 'seal-broken' } })
    expect((await openRecord(app, two.id)).status).toBe(200)
  })
})

describe('a registry key that was announced', () => {
  it('is awaited until it is switched to, which every process then has to hold', async () => {
    const awaited = () => awaitedKeys(app.database, app.town.id)
    const [before] = await app.peek<{ keys: number }>('select count(*)::integer as keys from registry_keys')
    await announceRegistryKey(app.database, app.town.id, 'to-come')
    expect(await awaited()).toContain('to-come')
    await switchRegistryKey(app.database, app.town.id, 'to-come')
    expect(await awaited()).not.toContain('to-come')
    // One that nobody announced is written down as it is switched to, and again changes nothing.
    await switchRegistryKey(app.database, app.town.id, 'unannounced')
    await switchRegistryKey(app.database, app.town.id, 'to-come')
    expect(await awaited()).not.toContain('unannounced')
    const [after] = await app.peek<{ keys: number }>('select count(*)::integer as keys from registry_keys')
    expect((after?.keys ?? 0) - (before?.keys ?? 0)).toBe(2)
  })

  it('that is still in use says so with a code, and by how many data keys', async () => {
    const current = app.keys.currentKeyId()
    const count = await app.peek<{ n: number }>(
      `select count(*)::integer as n from data_keys where registry_key_id = '${current}'`,
    )
    await expect(retireRegistryKey(app.database, app.town.id, current)).rejects.toMatchObject({
      code: 'key-in-use',
      message: `${count[0]?.n} data keys are still wrapped by ${current}. Run padron keys rotate until none is left.`,
    })
  })
})
