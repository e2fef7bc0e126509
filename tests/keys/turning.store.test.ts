import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readEpochFile, updateEpochFile } from '../../src/keys/epoch-file.ts'
import { bucketOf, type EpochSet, newEpochs, withNextEpochs } from '../../src/keys/epochs.ts'
import { epochsMustBeHere, keyHolders, sayWhatIsHeld } from '../../src/keys/key-holding.ts'
import { localKeyProvider } from '../../src/keys/key-provider.ts'
import { makeKnown } from '../../src/keys/known-epochs.ts'
import { storeDataKey, wrappedKey } from '../../src/keys/municipality-keys.ts'
import { newDataKey, unwrapDataKey } from '../../src/keys/seal.ts'
import { holdKeys, letGoOfKeys } from '../../src/keys/store.ts'
import { type Turning, turnEpochs } from '../../src/keys/turning.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { inMunicipality } from '../../src/platform/database.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { freshEpochs } from '../support/epochs.ts'
import { register } from '../support/people.ts'

const folder = mkdtempSync(join(tmpdir(), 'padron-turning-'))
const file = join(folder, 'epoch-keys')
const NOW = { patience: 5_000, grace: 0 }
let app: TestApp
let turning: Turning
let lost: string
let beside: string
beforeAll(async () => {
  app = await openApp({ epochFile: file })
  turning = { database: app.database, keys: app.keys, file, copies: undefined }
})
afterAll(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

const keep = (id: string, keys = app.keys) =>
  inMunicipality(app.database, app.town.id, (transaction) =>
    storeDataKey(transaction, newDataKey(id).wrap(keys, app.town.id, 'address')),
  )
const epochOf = async (id: string) =>
  (await app.peek<{ epoch: number }>(`select epoch from data_keys where id = '${id}'`))[0]?.epoch
const states = () =>
  app.peek<{ epoch: number; lost: boolean; closed: boolean; gone: boolean }>(
    `select epoch, lost, closed_at is not null as closed, gone_at is not null as gone from epochs
     where bucket = ${bucketOf(lost)} order by epoch`,
  )
const inFile = () => readEpochFile(file).epochs.filter(({ bucket }) => bucket === bucketOf(lost))

/** A bucket with somebody who is gone and somebody who stays. */
beforeEach(async () => {
  const taken = new Set(
    (await app.peek<{ bucket: number }>('select bucket from data_keys')).map(({ bucket }) => bucket),
  )
  // A bucket in which nobody else is, so that it is known how many are wrapped anew.
  do lost = uuidv7()
  while (taken.has(bucketOf(lost)) || taken.has(bucketOf(lost) - 1))
  beside = `${uuidv7().slice(0, -4)}${lost.slice(-4)}`
  await keep(lost)
  await keep(beside)
  await app.peek(`delete from data_keys where id = '${lost}' returning 1`)
})

describe('turning an epoch', () => {
  it('wraps who stays by another key and destroys the old one', async () => {
    const [before] = inFile()
    expect(await states()).toMatchObject([{ lost: true, closed: false }])
    expect(await turnEpochs(turning, NOW)).toEqual({ rewrapped: 1, broken: 0, gone: 1, waits: undefined })
    const next = (before?.epoch ?? 0) + 1
    expect(await epochOf(beside)).toBe(next)
    expect(inFile()).toMatchObject([{ epoch: next, current: true }])
    expect(await states()).toMatchObject([
      { lost: true, closed: true, gone: true },
      { epoch: next, lost: false, closed: false },
    ])
    const [row] = await app.peek<Parameters<typeof wrappedKey>[0]>(`select * from data_keys where id = '${beside}'`)
    expect(row && unwrapDataKey(app.keys, wrappedKey(row)).id).toBe(beside)
    // Nothing is left to do.
    expect(await turnEpochs(turning, NOW)).toEqual({ rewrapped: 0, broken: 0, gone: 0, waits: undefined })
  })

  it('waits for a process that has not read the new key, and goes on once it has', async () => {
    const other = '0192f000-0000-7000-8000-00000000aaaa'
    const says = (generation: number) =>
      holdKeys(app.database, {
        process: other,
        held: [...app.keys.keyIds()],
        current: app.keys.currentKeyId(),
        generation,
      })
    await says(readEpochFile(file).generation)
    const before = await epochOf(beside)
    expect(await turnEpochs(turning, { patience: 300, grace: 0 })).toMatchObject({ rewrapped: 0, waits: 'processes' })
    expect(await epochOf(beside)).toBe(before)
    // The key is made and not used: what is registered meanwhile is wrapped by the old one, which everybody has.
    expect(inFile().map(({ current }) => current)).toEqual([true, false])
    await says(1e6)
    expect(await turnEpochs(turning, NOW)).toMatchObject({ rewrapped: 1, gone: 1, waits: undefined })
    await letGoOfKeys(app.database, other)
  })

  it('leaves whoever has read a wrapped key their time, and destroys nothing before', async () => {
    expect(await turnEpochs(turning, { patience: 5_000, grace: 3_600_000 })).toMatchObject({
      rewrapped: 1,
      gone: 0,
      waits: 'grace',
    })
    expect(inFile()).toHaveLength(2)
    expect(await turnEpochs(turning, NOW)).toMatchObject({ rewrapped: 0, gone: 1, waits: undefined })
    expect(inFile()).toHaveLength(1)
  })

  it('goes on where it stopped, after each step', async () => {
    // Keys were made and nobody knows of them.
    updateEpochFile(file, (set) => withNextEpochs(set, [bucketOf(lost)]))
    const made = inFile().find(({ current }) => !current)
    // They are known, and nothing is wrapped by them.
    await makeKnown(app.database, readEpochFile(file))
    expect(await turnEpochs(turning, NOW)).toMatchObject({ rewrapped: 1, gone: 1, waits: undefined })
    expect(inFile()).toMatchObject([{ epoch: made?.epoch, current: true }])
    expect(Buffer.from(inFile()[0]?.key ?? [])).toEqual(Buffer.from(made?.key ?? []))
  })

  it('by two processes at once comes to the same', async () => {
    const both = await Promise.all([turnEpochs(turning, NOW), turnEpochs(turning, NOW)])
    expect(both.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBeGreaterThanOrEqual(1)
    await turnEpochs(turning, NOW)
    expect(inFile()).toHaveLength(1)
    expect(await epochOf(beside)).toBe(inFile()[0]?.epoch)
  })

  it('goes on while people are registered, and loses none of them', async () => {
    const people: Promise<{ id: string }>[] = []
    const turned = turnEpochs(turning, NOW)
    for (let i = 0; i < 20; i += 1) people.push(register(app, { name: { given: `Turned${i}` } }))
    const ids = (await Promise.all(people)).map(({ id }) => id)
    await turned
    expect((await app.peek(`select from data_keys where id in ('${ids.join("','")}')`)).length).toBe(20)
    for (const row of await app.peek<Parameters<typeof wrappedKey>[0]>('select * from data_keys'))
      expect(unwrapDataKey(app.keys, wrappedKey(row)).id).toBe(row.id)
  })
})

describe('what does not open', () => {
  it('keeps no other bucket from its end, and is said', async () => {
    // A row that somebody altered, in the bucket of this one.
    await app.peek(
      `update data_keys set wrapped = overlay(wrapped placing '\\x00000000' from 40) where id = '${beside}' returning 1`,
    )
    const mine = bucketOf(lost)
    const another = `${uuidv7().slice(0, -4)}${(mine === 0 ? 1 : mine - 1).toString(16).padStart(4, '0')}`
    await keep(another)
    await app.peek(`delete from data_keys where id = '${another}' returning 1`)
    expect(await turnEpochs(turning, NOW)).toMatchObject({ broken: 1, gone: 1, waits: 'rows' })
    expect(await turnEpochs(turning, NOW)).toMatchObject({ broken: 1, gone: 0, waits: 'rows' })
    await app.peek(`delete from data_keys where id = '${beside}' returning 1`)
    expect(await turnEpochs(turning, NOW)).toMatchObject({ broken: 0, waits: undefined })
  })
})

describe('a process with old epoch keys', () => {
  it('is refused by the database where it would seal somebody by a key that is gone', async () => {
    const stale: EpochSet = readEpochFile(file)
    await turnEpochs(turning, NOW)
    const another = `${uuidv7().slice(0, -4)}${lost.slice(-4)}`
    const old = localKeyProvider(() => app.material.current, freshEpochs(stale))
    await expect(keep(another, old)).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    expect(await epochOf(another)).toBeUndefined()
  })

  it('and where it has another key by the same name', async () => {
    const present = readEpochFile(file)
    const another = `${uuidv7().slice(0, -4)}${lost.slice(-4)}`
    const epochs = present.epochs.map((one) =>
      one.bucket === bucketOf(another) ? { ...one, key: Buffer.alloc(32, 9) } : one,
    )
    const wrong = localKeyProvider(() => app.material.current, freshEpochs({ ...present, epochs }))
    await expect(keep(another, wrong)).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    expect(await epochOf(another)).toBeUndefined()
  })

  it('does not start, nor does one with those of another registry', async () => {
    const stale: EpochSet = readEpochFile(file)
    await turnEpochs(turning, NOW)
    const with_ = (set: EpochSet) => localKeyProvider(() => app.material.current, freshEpochs(set))
    await expect(epochsMustBeHere(app.database, with_(stale))).rejects.toThrow('are not among those given')
    await expect(makeKnown(app.database, newEpochs())).rejects.toThrow('belong to another registry')
    const present = readEpochFile(file)
    const others = {
      ...present,
      epochs: present.epochs.map((one, i) => (i === 7 ? { ...one, key: Buffer.alloc(32, 1) } : one)),
    }
    await expect(epochsMustBeHere(app.database, with_(others))).rejects.toThrow('those of another registry')
    await expect(epochsMustBeHere(app.database, with_(present))).resolves.toBeUndefined()
  })
})

describe('a process that cannot read its keys', () => {
  it('says that it holds none, and is waited for as long as it is there', async () => {
    const away = {
      ...app.keys,
      generation: () => {
        throw new Error('the folder is away')
      },
    }
    const silence = await sayWhatIsHeld(app.database, away, () => {})
    const [holder] = await keyHolders(app.database)
    expect(holder).toMatchObject({ keys: [], generation: 0 })
    expect(await turnEpochs(turning, { patience: 300, grace: 0 })).toMatchObject({ waits: 'processes' })
    await silence()
    expect(await turnEpochs(turning, NOW)).toMatchObject({ waits: undefined })
  })
})

describe('an epoch is lost', () => {
  it('by whatever destroys a key, and a night is set for it', async () => {
    await turnEpochs(turning, NOW)
    const id = uuidv7()
    await keep(id)
    await app.peek("delete from jobs where kind = 'epochs' returning 1")
    await app.peek(`delete from data_keys where id = '${id}' returning 1`)
    const [row] = await app.peek<{ lost: boolean; night: boolean }>(
      `select lost, (select due_at > now() and due_at <= now() + interval '29 hours' from jobs where kind = 'epochs') as night
       from epochs where bucket = ${bucketOf(id)} and closed_at is null`,
    )
    expect(row).toEqual({ lost: true, night: true })
  })
})
