import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp } from '../../src/app.tsx'
import { retireKey, rotateRegistryKey } from '../../src/cli/keys.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { makeEpochFile } from '../../src/keys/epoch-file.ts'
import { KeyMaterialInvalid } from '../../src/keys/key-faults.ts'
import { keyFileProvider, readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts'
import { mustOpen, sayWhatIsHeld } from '../../src/keys/key-holding.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { rewrapDataKeys } from '../../src/keys/rotation.ts'
import { openDatabase, postgresDialect, type Transaction } from '../../src/platform/database.ts'
import { asking, openApp, type TestApp } from '../support/app.ts'
import { freshEpochs } from '../support/epochs.ts'
import { somebody } from '../support/people.ts'
import { run } from '../support/process.ts'
import { WHOLE } from '../support/sampled.ts'

// Two hosts, each with a copy of the key file, and a registry key that is turned while people are registered on both.

const folder = mkdtempSync(join(tmpdir(), 'padron-keys-'))
const silent = { begin: () => {}, at: () => {}, end: () => {} }
let app: TestApp
let config: Config
const closing: (() => Promise<void>)[] = []
const hosts: { file: string; ask: TestApp['ask'] }[] = []

beforeAll(async () => {
  // What they may be shown is not what is tried here.
  const wide = { people: 1e6, points: 1e8 }
  app = await openApp({ town: { budgets: { clerk: { hour: wide, day: wide, month: wide } } } })
  const first = join(folder, 'host-0', 'keys.json')
  writeKeyFile(first, app.material.current)
  makeEpochFile(join(folder, 'host-0', 'epoch-keys'), () => app.epochs.current)
  config = configOf(first)
  for (let i = 0; i < 2; i += 1) {
    const file = join(folder, `host-${i}`, 'keys.json')
    if (i > 0) bringTo(file)
    const keys = keyFileProvider(file, freshEpochs(app.epochs.current))
    const database = openDatabase(postgresDialect(app.url('padron_app_login'), { connections: 3, role: 'padron_app' }))
    const silence = await sayWhatIsHeld(database, keys, (line) => void app.log.push(line))
    closing.push(silence, () => database.destroy())
    const deps = { ...app.deps, database, keys }
    const served = createApp(deps, composeRooms(deps))
    hosts.push({ file, ask: asking((request) => served.fetch(request)) })
  }
})
afterAll(async () => {
  for (const close of closing) await close()
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

function configOf(file: string): Config {
  return readConfig({
    DATABASE_URL: app.url('postgres'),
    DATABASE_OWNER_URL: app.url('postgres'),
    REGISTRY_KEY_FILE: file,
    DEMO: 'true',
  })
}
/** As an operator does: the whole file, to its place, in one step. */
function bringTo(file: string): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  copyFileSync(config.registryKeyFile, `${file}.new`)
  chmodSync(`${file}.new`, 0o600)
  writeKeyFile(file, readKeyFile(`${file}.new`))
}
const wrappedBy = async () =>
  (await app.peek<{ id: string }>('select distinct registry_key_id as id from data_keys order by 1')).map(
    ({ id }) => id,
  )

/** Registers people on both hosts until it is stopped, and opens each. @returns those that were acknowledged */
function clerks() {
  const registered: string[] = []
  const refused: string[] = []
  let stopped = false
  const work = Promise.all(
    hosts.map(async ({ ask }, i) => {
      while (!stopped) {
        const answer = await ask<{ id: string; code: string }>('POST', '/v1/neighbours', {
          as: 'clerk',
          body: somebody(),
        })
        if (answer.status === 201) registered.push(answer.body.id)
        else refused.push(answer.body.code)
        const other = hosts[1 - i]
        const last = registered.at(-1)
        if (other && last && registered.length % 8 === 0) {
          const opened = await other.ask('GET', `/v1/neighbours/${last}`, { as: 'clerk', purpose: 'counter-service' })
          if (opened.status !== 200) refused.push(String(opened.body.code))
        }
        await pause(100)
      }
    }),
  )
  return {
    registered,
    refused,
    stop: async () => {
      stopped = true
      await work
    },
  }
}

describe('turning the registry key over two hosts', () => {
  it('switches to a key only once every process holds it, and loses and refuses nobody', async () => {
    const old = readKeyFile(config.registryKeyFile).current
    const work = clerks()
    // One host lacks it: it is announced, and nothing is wrapped by it.
    await expect(rotateRegistryKey(config, silent, 2_000)).rejects.toThrow(/running processes do not hold it/)
    expect(readKeyFile(config.registryKeyFile).current).toBe(old)
    expect(await wrappedBy()).toEqual([old])
    for (const { ask } of hosts) expect((await ask('GET', '/health/ready')).status).toBe(200)

    bringTo(hosts[1]?.file ?? '')
    const { current, rewrapped } = await rotateRegistryKey(config, silent, 20_000)
    expect(current).not.toBe(old)
    expect(rewrapped).toBeGreaterThan(0)
    // The other host still wraps with the old one: it holds both, and the old one is not let go of.
    await expect(retireKey(config, old)).rejects.toThrow(/1 running processes still wrap with/)
    bringTo(hosts[1]?.file ?? '')
    await expect
      .poll(async () => (await app.peek<{ current: string }>('select distinct current from key_holders')).length, {
        timeout: 30_000,
      })
      .toBe(1)
    await work.stop()
    // What that host wrapped meanwhile, with the key that it knew.
    if ((await wrappedBy()).includes(old)) await rotateRegistryKey(config, silent, 20_000)
    expect(work.refused).toEqual([])
    expect(work.registered.length).toBeGreaterThan(5)
  }, 120_000)

  it('a process that has only the retired key seals nobody any more, and is not ready', async () => {
    const material = readKeyFile(config.registryKeyFile)
    const [old = '', ...others] = Object.keys(material.keys).filter((id) => id !== material.current)
    for (const [at, id] of [old, ...others].entries()) {
      if (at > 0 || (await wrappedBy()).includes(id)) continue
      await retireKey(config, id)
    }
    expect(await wrappedBy()).not.toContain(old)
    const stale = localKeyProvider({ current: old, keys: material.keys }, freshEpochs(app.epochs.current))
    const database = openDatabase(postgresDialect(app.url('padron_app_login'), { connections: 2, role: 'padron_app' }))
    const deps = { ...app.deps, database, keys: stale }
    const served = createApp(deps, composeRooms(deps))
    const ask = asking((request) => served.fetch(request))
    expect((await ask('GET', '/health/ready')).status).toBe(503)
    expect(await ask('POST', '/v1/neighbours', { as: 'clerk', body: somebody() })).toMatchObject({ status: 503 })
    await expect(mustOpen(database, stale, [app.town.id])).rejects.toThrow(/is retired/)
    await database.destroy()
  })

  it('opens everybody, by the keys that are left', async () => {
    const { current } = readKeyFile(config.registryKeyFile)
    const people = await app.peek<{ id: string }>('select id from neighbours order by random() limit 40')
    for (const { id } of people) {
      const opened = await hosts[0]?.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
      expect(opened?.status).toBe(200)
    }
    expect(await wrappedBy()).toContain(current)
  })

  it('goes on where it was killed, whatever step that was', async () => {
    const work = clerks()
    const environment = {
      DATABASE_URL: app.url('postgres'),
      DATABASE_OWNER_URL: app.url('postgres'),
      REGISTRY_KEY_FILE: config.registryKeyFile,
      DEMO: 'true',
    }
    const before = readKeyFile(config.registryKeyFile).current
    const bringing = setInterval(() => bringTo(hosts[1]?.file ?? ''), 200)
    try {
      for (const moment of WHOLE ? [600, 1_200, 2_400, 4_000, 7_000] : [1_200, 2_400]) {
        const rotating = run(['node', 'dist/padron.js', 'keys', 'rotate'], environment)
        await Promise.race([pause(moment), rotating.exit])
        await rotating.kill('SIGKILL')
      }
      if (readKeyFile(config.registryKeyFile).current === before) await rotateRegistryKey(config, silent, 20_000)
    } finally {
      clearInterval(bringing)
      await work.stop()
    }
    bringTo(hosts[1]?.file ?? '')
    expect(work.refused).toEqual([])
    for (const id of work.registered.slice(-10)) {
      const opened = await hosts[1]?.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
      expect(opened?.status).toBe(200)
    }
  }, 120_000)

  it('rewraps while others refer to those keys or erase them, whatever order they do that in', async () => {
    const { keys } = readKeyFile(config.registryKeyFile)
    // Of the keys in use, the one under which the fewest data keys are: the others are to be rewrapped.
    const [least] = await app.peek<{ id: string }>(
      `select id from registry_keys where retired_at is null
        order by (select count(*) from data_keys where registry_key_id = registry_keys.id), id`,
    )
    const other = least?.id ?? ''
    const owner = openDatabase(postgresDialect(app.url('postgres'), { connections: 2 }))
    closing.push(() => owner.destroy())
    const [first, ...rest] = await app.peek<{ id: string }>(
      `select id from data_keys where registry_key_id <> '${other}' order by registry_key_id, id`,
    )
    const refers = (transaction: Transaction, id = '') =>
      sql`select from data_keys where id = ${id} for update`.execute(transaction)
    const rewrapped = await owner.transaction().execute(async (transaction) => {
      await refers(transaction, rest.at(-1)?.id)
      const rewrapping = rewrapDataKeys(owner, {
        keys: localKeyProvider({ current: other, keys }, freshEpochs(app.epochs.current)),
        municipalityId: app.town.id,
        options: {
          batch: 1e6,
        },
      })
      await Promise.race([rewrapping, pause(500)])
      await refers(transaction, first?.id)
      return { rewrapping }
    })
    expect(await rewrapped.rewrapping).toBe(rest.length + 1)
  })
})

describe('keys that cannot be used end a start with one sentence', () => {
  const database = () =>
    openDatabase(postgresDialect(app.url('padron_app_login'), { connections: 1, role: 'padron_app' }))

  it('when one is missing, or is another by the same name', async () => {
    const { current, keys } = readKeyFile(config.registryKeyFile)
    const handle = database()
    const other = withNewKey()
    await expect(
      mustOpen(handle, localKeyProvider(other, freshEpochs(app.epochs.current)), [app.town.id]),
    ).rejects.toThrow(/is not among the keys given/)
    const renamed = {
      current,
      keys: Object.fromEntries(Object.keys(keys).map((id) => [id, Object.values(other.keys)[0] ?? ''])),
    }
    await expect(
      mustOpen(handle, localKeyProvider(renamed, freshEpochs(app.epochs.current)), [app.town.id]),
    ).rejects.toThrow(/are other keys than those/)
    await handle.destroy()
  })

  it.each([
    ['absent', () => {}, /no registry key file/],
    ['not JSON', (path: string) => writeFileSync(path, 'keys', { mode: 0o600 }), /not valid JSON/],
    [
      'half of one',
      (path: string) => writeFileSync(path, readFileSync(config.registryKeyFile, 'utf8').slice(0, 40), { mode: 0o600 }),
      /not valid JSON/,
    ],
    ['empty', (path: string) => writeFileSync(path, '{}', { mode: 0o600 }), /"current" and "keys"/],
    ['read by others', (path: string) => writeFileSync(path, '{}', { mode: 0o644 }), /can be read by others/],
    ['a folder', (path: string) => mkdirSync(path, { mode: 0o700 }), /cannot be read \(EISDIR\)/],
  ])('when the file is %s', (name, make, words) => {
    const path = join(folder, `bad ${name}`)
    make(path)
    expect(() => keyFileProvider(path, freshEpochs(app.epochs.current))).toThrow(KeyMaterialInvalid)
    expect(() => keyFileProvider(path, freshEpochs(app.epochs.current))).toThrow(words)
  })
})
