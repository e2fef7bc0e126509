import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  destroyEpochFile,
  epochFile,
  makeEpochFile,
  readEpochFile,
  tidyEpochFile,
  updateEpochFile,
} from '../../src/keys/epoch-file.ts'
import {
  BUCKETS,
  bucketOf,
  epochBytes,
  newEpochs,
  parseEpochs,
  withNewestCurrent,
  withNextEpochs,
  withoutOlder,
} from '../../src/keys/epochs.ts'
import { keyCopies, makeKeeper, openCopies } from '../../src/keys/keeper.ts'
import { KeyMaterialInvalid, KeyUnavailable } from '../../src/keys/key-faults.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { newDataKey, unwrapDataKey } from '../../src/keys/seal.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { freshEpochs } from '../support/epochs.ts'

const TOWN = '0192f000-0000-7000-8000-000000000001'
let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'padron-epochs-'))
  path = join(folder, 'keys', 'epoch-keys')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('epoch keys', () => {
  it('are one for each bucket, and a data key says by which it is wrapped', () => {
    const set = newEpochs()
    expect(set.epochs).toHaveLength(BUCKETS)
    expect(new Set(set.epochs.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(BUCKETS)
    const keys = localKeyProvider(withNewKey(), freshEpochs(set))
    const key = newDataKey(uuidv7()).wrap(keys, TOWN, 'neighbour')
    expect([...key.wrapped.subarray(0, 4)]).toEqual([0, 0, 0, 1])
    expect(unwrapDataKey(keys, key).id).toBe(key.id)
  })

  it('open nothing without the registry key, nor that without them', () => {
    const material = withNewKey()
    const set = newEpochs()
    const wrapped = newDataKey(uuidv7()).wrap(localKeyProvider(material, freshEpochs(set)), TOWN, 'address')
    const others = localKeyProvider(material, freshEpochs())
    const otherRoot = localKeyProvider({ current: material.current, keys: withNewKey().keys }, freshEpochs(set))
    expect(() => unwrapDataKey(others, wrapped)).toThrow()
    expect(() => unwrapDataKey(otherRoot, wrapped)).toThrow()
  })

  it('are turned in three steps, of which each may be done twice', () => {
    const first = newEpochs()
    const more = withNextEpochs(first, [3, 9])
    expect(more.generation).toBe(2)
    expect(more.epochs.filter(({ bucket }) => bucket === 3)).toMatchObject([
      { epoch: 1, current: true },
      { epoch: 2, current: false },
    ])
    // A key that was made and is not used yet is the next one.
    expect(withNextEpochs(more, [3, 9])).toEqual(more)
    const turned = withNewestCurrent(more, more)
    expect(turned.epochs.filter(({ bucket, current }) => bucket === 9 && current)).toMatchObject([{ epoch: 2 }])
    expect(withNewestCurrent(turned, more)).toEqual(turned)
    const left = withoutOlder(turned, ({ bucket }) => bucket === 9)
    expect(left.epochs).toHaveLength(BUCKETS + 1)
    expect(withoutOlder(left, () => true)).toEqual(left)
    // The one that wraps is never taken, nor one that is to come.
    expect(withoutOlder(left, () => false).epochs).toHaveLength(BUCKETS)
    expect(withoutOlder(more, () => false)).toEqual(more)
  })

  it('are made current only where they are the keys that were looked at', () => {
    const looked = withNextEpochs(newEpochs(), [3])
    // Somebody else has put another key in its place, and one of another bucket beside it.
    const other = withNextEpochs(
      { ...looked, epochs: looked.epochs.map((one) => (one.current ? one : { ...one, key: Buffer.alloc(32, 7) })) },
      [5],
    )
    const turned = withNewestCurrent(other, looked)
    expect(turned.epochs.filter(({ current }) => current).every(({ epoch }) => epoch === 1)).toBe(true)
  })

  it('are read back as they were written, and not when a byte is another or missing', () => {
    const set = withNextEpochs(newEpochs(), [1000])
    const bytes = epochBytes(set)
    expect(parseEpochs(Buffer.from(bytes))).toEqual(set)
    const altered = Buffer.from(bytes)
    altered[500] = (altered[500] ?? 0) ^ 1
    for (const wrong of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 20),
      Buffer.alloc(bytes.length),
      altered,
      Buffer.from('{}'),
    ])
      expect(() => parseEpochs(wrong)).toThrow(KeyMaterialInvalid)
    const lacking = { ...set, epochs: set.epochs.filter(({ bucket }) => bucket !== 77) }
    expect(() => parseEpochs(epochBytes(lacking))).toThrow('each of 1024 buckets needs one')
  })

  it('have the bucket that the database works out', () => {
    expect(bucketOf('0192f000-0000-7000-8000-0000000003ff')).toBe(1023)
    expect(bucketOf('0192f000-0000-7000-8000-000000000400')).toBe(0)
  })
})

describe('the key folder', () => {
  it('holds one file that only its owner may read, made once', () => {
    const made = makeEpochFile(path, newEpochs)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(makeEpochFile(path, newEpochs)).toEqual(made)
    chmodSync(path, 0o644)
    expect(() => readEpochFile(path)).toThrow('chmod 600')
    expect(() => readEpochFile(join(folder, 'nowhere'))).toThrow('There are no epoch keys at')
  })

  it('writes over what leaves it, in the file and in the process', () => {
    const before = makeEpochFile(path, newEpochs)
    const file = epochFile(path)
    const old = file.held().at(5, 1)?.key ?? new Uint8Array()
    const bytes = Buffer.from(old)
    updateEpochFile(path, (set) => {
      const more = withNextEpochs(set, [5])
      return withNewestCurrent(more, more)
    })
    updateEpochFile(path, (set) => withoutOlder(set, () => false))
    expect(file.held(true).at(5, 2)?.current).toBe(true)
    expect(file.held().at(5, 1)).toBeUndefined()
    expect([...old].every((byte) => byte === 0)).toBe(true)
    expect(readdirSync(join(folder, 'keys'))).toEqual(['epoch-keys'])
    expect(readFileSync(path).includes(bytes)).toBe(false)
    expect(before.epochs).toHaveLength(BUCKETS)
  })

  it('wraps nobody by a key that was written over, whenever the file changes', () => {
    makeEpochFile(path, newEpochs)
    const file = epochFile(path)
    // As if the file were looked at again at each question.
    const hasty = { held: () => file.held(true) }
    const keys = localKeyProvider(withNewKey(), hasty)
    const healthy = () => localKeyProvider(withNewKey(), epochFile(path))
    expect(healthy().epochs()).toHaveLength(BUCKETS)
    for (let i = 0; i < 20; i += 1) {
      const id = uuidv7()
      const wrapped = newDataKey(id).wrap(keys, TOWN, 'neighbour')
      updateEpochFile(path, (set) => {
        const more = withNextEpochs(set, [(bucketOf(id) + 1) % BUCKETS])
        return withNewestCurrent(more, more)
      })
      expect(unwrapDataKey(keys, wrapped).id).toBe(id)
    }
    const zero = newEpochs()
    for (const { key } of zero.epochs) key.fill(0)
    expect(() => newDataKey(uuidv7()).wrap(localKeyProvider(withNewKey(), freshEpochs(zero)), TOWN, 'address')).toThrow(
      KeyUnavailable,
    )
  })

  it('ends what a process left behind that was ended in the middle, and never the file itself', () => {
    const made = makeEpochFile(path, newEpochs)
    const bytes = readFileSync(path)
    const other = epochBytes(newEpochs())
    writeFileSync(`${path}.one.new`, other)
    writeFileSync(`${path}.two.old`, other)
    // The file itself under another name, and a copy of it where a name is a file of its own.
    linkSync(path, `${path}.three.old`)
    writeFileSync(`${path}.four.old`, bytes)
    tidyEpochFile(path)
    expect(readdirSync(join(folder, 'keys'))).toEqual(['epoch-keys'])
    expect(readEpochFile(path)).toEqual(made)
  })

  it('that cannot be read is none: the process says so and holds nothing', () => {
    makeEpochFile(path, newEpochs)
    const file = epochFile(path)
    const old = file.held().at(1, 1)?.key
    const bytes = readFileSync(path)
    writeFileSync(path, 'something else')
    expect(() => file.held(true)).toThrow('padron keys recover')
    expect(file.held()).toMatchObject({ generation: 0, all: [] })
    expect(old?.every((byte) => byte === 0)).toBe(true)
    writeFileSync(path, bytes)
    expect(file.held(true).generation).toBe(1)
  })

  it('is changed by one process at a time, and by another where one has ended in the middle', () => {
    makeEpochFile(path, newEpochs)
    writeFileSync(`${path}.lock`, '')
    const turn = () => updateEpochFile(path, (set) => withNextEpochs(set, [1]))
    expect(turn).toThrow('Another process changes the epoch keys')
    utimesSync(`${path}.lock`, 0, 0)
    expect(turn().generation).toBe(2)
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('without its file, opens nothing; destroyed, it holds other keys', () => {
    makeEpochFile(path, newEpochs)
    const file = epochFile(path)
    const keys = localKeyProvider(withNewKey(), file)
    const wrapped = newDataKey(uuidv7()).wrap(keys, TOWN, 'neighbour')
    const bytes = readFileSync(path)
    destroyEpochFile(path, newEpochs)
    expect(readEpochFile(path).epochs).toHaveLength(BUCKETS)
    expect(readFileSync(path).subarray(27, 59).equals(bytes.subarray(27, 59))).toBe(false)
    file.held(true)
    expect(() => unwrapDataKey(keys, wrapped)).toThrow()
    rmSync(path)
    // Whoever waits for this process to have the newest keys goes on waiting.
    expect(file.held(true)).toMatchObject({ generation: 0, all: [] })
    expect(() => unwrapDataKey(keys, wrapped)).toThrow(KeyUnavailable)
  })
})

describe('copies for whoever keeps the backups', () => {
  const clock = { now: () => Temporal.Instant.from('2026-11-29T03:00:00Z') }

  it('open with their private key alone, and never in the service', async () => {
    const { privateJwk, publicJwk } = await makeKeeper()
    const copies = keyCopies({ folder, keeper: JSON.stringify(publicJwk), days: 35, clock })
    const set = newEpochs()
    await copies.keep(set)
    await copies.keep(set)
    const [name = '', ...rest] = readdirSync(folder)
    expect(rest).toEqual([])
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect((await openCopies(folder, JSON.stringify(privateJwk))).sets).toEqual([set])
    const other = await makeKeeper()
    await expect(openCopies(folder, JSON.stringify(other.privateJwk))).rejects.toThrow('sealed to this key')
    await expect(openCopies(folder, JSON.stringify(publicJwk))).rejects.toThrow('The private one is needed')
    await expect(openCopies(join(folder, 'nowhere'), JSON.stringify(privateJwk))).rejects.toThrow('no copy')
    expect(() => keyCopies({ folder, keeper: JSON.stringify(privateJwk), days: 35, clock })).toThrow('private key')
    expect(() => keyCopies({ folder, keeper: '{"kty":"EC"}', days: 35, clock })).toThrow('padron keys keeper')
    expect(() => keyCopies({ folder, keeper: 'no json', days: 35, clock })).toThrow('padron keys keeper')
    const half = JSON.stringify({ ...publicJwk, x: 'AAAA' })
    expect(() => keyCopies({ folder, keeper: half, days: 35, clock })).toThrow('BACKUP_KEEPER_KEY')
    const file = join(folder, name)
    const nowhere = keyCopies({ folder: file, keeper: JSON.stringify(publicJwk), days: 35, clock })
    await expect(nowhere.keep(set)).rejects.toThrow('BACKUP_KEYS_DIR: no copy')
  })

  it('go on the day on which the last backup goes that needs them, and the newest never', async () => {
    const { publicJwk } = await makeKeeper()
    let now = Temporal.Instant.from('2026-11-01T03:00:00Z')
    const moving = { now: () => now }
    const copies = keyCopies({ folder, keeper: JSON.stringify(publicJwk), days: 10, clock: moving })
    const first = newEpochs()
    await copies.keep(first)
    now = now.add({ hours: 24 * 100 })
    await copies.prune(first)
    expect(readdirSync(folder)).toHaveLength(1)
    const next = withNextEpochs(first, [1])
    await copies.keep(next)
    // A backup of yesterday needs the first one for ten days more.
    now = now.add({ hours: 24 * 9 })
    await copies.prune(next)
    expect(readdirSync(folder)).toHaveLength(2)
    now = now.add({ hours: 24 })
    await copies.prune(next)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('are of the keys themselves, whatever generation they say they are of, and of whoever keeps them now', async () => {
    const one = await makeKeeper()
    let ticks = 0
    const ticking = {
      now: () => {
        ticks += 1
        return clock.now().add({ milliseconds: ticks })
      },
    }
    const copiesFor = (keeper: Awaited<ReturnType<typeof makeKeeper>>) =>
      keyCopies({ folder, keeper: JSON.stringify(keeper.publicJwk), days: 35, clock: ticking })
    const set = newEpochs()
    await copiesFor(one).keep(set)
    // A machine that was put back makes other keys of the same generation.
    const again = newEpochs()
    expect(again.generation).toBe(set.generation)
    await copiesFor(one).keep(again)
    expect(readdirSync(folder)).toHaveLength(2)
    // The private key was lost: whoever follows has a copy at once.
    const two = await makeKeeper()
    await copiesFor(two).keep(again)
    expect((await openCopies(folder, JSON.stringify(two.privateJwk))).sets).toEqual([again])
    expect((await openCopies(folder, JSON.stringify(one.privateJwk))).all).toHaveLength(2 * BUCKETS)
    // One that was cut off keeps nobody from the others.
    const [oldest = ''] = readdirSync(folder).sort()
    writeFileSync(join(folder, oldest), readFileSync(join(folder, oldest)).subarray(0, 100))
    const opened = await openCopies(folder, JSON.stringify(one.privateJwk))
    expect(opened.sets).toEqual([again])
    expect(opened.broken).toHaveLength(1)
    writeFileSync(join(folder, 'epochs-1-2026-13-45.jwe'), 'nothing of ours')
    await copiesFor(two).keep(again)
    expect(readdirSync(folder)).toHaveLength(4)
  })
})
