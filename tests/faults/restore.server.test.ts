import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms, createApp, type Rooms } from '../../src/app.tsx'
import { backgroundWork } from '../../src/background.ts'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { checkLedger } from '../../src/cli/ledger.ts'
import { type RestoreReport, restoreDatabase } from '../../src/cli/restore.ts'
import { readConfig } from '../../src/config.ts'
import { startOn } from '../../src/firewall/policy-record.ts'
import { signInWithCard } from '../../src/identity/sign-in-with-card.ts'
import { readEpochFile } from '../../src/keys/epoch-file.ts'
import { type KeyCopies, keyCopies, makeKeeper } from '../../src/keys/keeper.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { storeDataKey, wrappedKey } from '../../src/keys/municipality-keys.ts'
import { newDataKey, unwrapDataKey } from '../../src/keys/seal.ts'
import { turnEpochs } from '../../src/keys/turning.ts'
import { ed25519Verifier, parseVerifierKey } from '../../src/ledger/checkpoint.ts'
import { mustBeTheNewest, openJournal } from '../../src/ledger/journal.ts'
import { latestCheckpoint } from '../../src/ledger/proofs.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { type Database, inMunicipality, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { DatabaseOlder } from '../../src/platform/installation.ts'
import { createRunner } from '../../src/platform/jobs.ts'
import { endWaysIn } from '../../src/registry/person/end-ways-in.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { LOCALES } from '../../src/web/ui/language.ts'
import { asking, openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

// A drill: a town is copied, goes on, is lost, and is put back from the copy.

const folder = mkdtempSync(join(tmpdir(), 'padron-journal-'))
const keyFolder = mkdtempSync(join(tmpdir(), 'padron-epochs-'))
const epochFile = join(keyFolder, 'epoch-keys')
const copied = join(keyFolder, 'copies')
const keeperFile = join(keyFolder, 'keeper.json')
let keeper: string
let copies: KeyCopies
const BORDER = '0192f000-0000-7000-8000-000000000007'
const LIBRARY = '0192f000-0000-7000-8000-000000000002'
const silent = { begin: () => {}, at: () => {}, end: () => {} }
const clerk = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE } as const

type Proof = { id: string; token: string; list: string; index: number }
const proofs: Record<string, Proof> = {}
let app: TestApp
let root: Database
let town: string
beforeAll(async () => {
  const { privateJwk, publicJwk } = await makeKeeper()
  writeFileSync(keeperFile, JSON.stringify(privateJwk), { mode: 0o600 })
  keeper = JSON.stringify(publicJwk)
  app = await openApp({ journal: folder, epochFile })
  copies = keyCopies({ folder: copied, keeper, days: 35, clock: app.clock })
  await copies.keep(readEpochFile(epochFile))
  root = openDatabase(postgresDialect(app.url('postgres').replace(/[^/]*$/, 'postgres'), { connections: 1 }))
  town = app.url('postgres').replace(/^.*\//, '')
})
afterAll(async () => {
  await app?.close()
  await sql.raw(`drop database if exists ${town}_copy with (force)`).execute(root)
  await root?.destroy()
  rmSync(folder, { recursive: true, force: true })
  rmSync(keyFolder, { recursive: true, force: true })
})

/** A process of the service, as it starts on what is there now. */
async function processOn() {
  const journal = openJournal(folder, app.keys)
  const database = openDatabase(
    postgresDialect(app.url('padron_app_login'), {
      connections: 4,
      role: 'padron_app',
      taken: (asks) => journal.write(asks),
    }),
  )
  const stop = async () => {
    await database.destroy()
    journal.close()
  }
  try {
    await mustBeTheNewest(journal, database)
  } catch (error) {
    await stop()
    throw error
  }
  const deps = { ...app.deps, database, journal, watch: journal.watch }
  const rooms = composeRooms(deps)
  const served = createApp(deps, rooms)
  const background = createRunner(
    deps,
    backgroundWork(rooms, { channels: {}, witnesses: [], journal }).filter(({ kind }) => kind === 'ledger-sequence'),
  )
  return { ask: asking((request) => served.fetch(request)), rooms, background, stop }
}

async function proofOf(id: string, ask = app.ask): Promise<{ id: string; token: string; list: string; index: number }> {
  const { body, status, text } = await ask<{ id: string; token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    purpose: 'counter-service',
    body: { profile: 'library' },
  })
  if (status !== 201) throw new Error(text)
  const { status_list: place } = (
    decodeJwt(body.token.split('~')[0] ?? '') as { status: { status_list: { uri: string; idx: number } } }
  ).status
  return { ...body, list: place.uri.replace('https://vallmar.example', ''), index: place.idx }
}
async function isRevoked({ list, index }: { list: string; index: number }, ask = app.ask): Promise<boolean> {
  const { text, status } = await ask('GET', list)
  expect(status).toBe(200)
  const { lst } = (decodeJwt(text) as { status_list: { lst: string } }).status_list
  const bytes = inflateSync(Buffer.from(lst, 'base64url'))
  return (((bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
}
async function cardFor(id: string, rooms: Rooms = app.rooms): Promise<string> {
  const codes: string[] = []
  const given = await giveCard(
    rooms,
    { town: app.town, by: clerk },
    { source: 'desk', neighbourId: id, word: 'una paraula' },
  )
  given.map(({ code }) => codes.push(code))
  return codes[0] ?? ''
}
const revoke = async (id: string) =>
  expect((await app.ask('POST', `/v1/proofs/${id}/revocation`, { as: 'clerk' })).status).toBeLessThan(300)
/** Whether the library is answered about somebody whose proof it was shown. */
const disclosed = async (ask: TestApp['ask']) =>
  (
    await ask('POST', '/v1/disclosures', {
      as: 'library',
      body: { subject: { proof: proofs.kept?.token }, purpose: 'service-eligibility', fields: ['resident'] },
    })
  ).status
const environment = () => ({
  DATABASE_URL: app.url('postgres'),
  DATABASE_OWNER_URL: app.url('postgres'),
  REGISTRY_KEYS: JSON.stringify(app.material.current),
  JOURNAL_DIR: folder,
  EPOCH_KEY_FILE: epochFile,
  BACKUP_KEEPER_KEY: keeper,
  BACKUP_KEYS_DIR: copied,
  DEMO: 'true',
})

describe('a town that is put back to a copy of itself', () => {
  const people: Record<string, string> = {}
  let beside = ''
  let card = ''
  let kept = ''
  let report: RestoreReport
  let lasting: Awaited<ReturnType<typeof processOn>>

  beforeAll(async () => {
    // What only grows is known to the copy, and to the journal.
    await startOn(app.rooms, app.town.id, app.policies)
    for (const name of ['revoked', 'kept', 'erased', 'hidden', 'carded'])
      people[name] = (await register(app, { name: { given: `Persona${name}` } })).id
    for (const name of ['revoked', 'kept']) proofs[name] = await proofOf(people[name] ?? '')
    card = await cardFor(people.carded ?? '')
    expect(await disclosed(app.ask)).toBe(200)
    lasting = await processOn()
    await lasting.background.once()

    // Somebody of the bucket of whoever is erased: their key is wrapped anew afterwards.
    beside = `${uuidv7().slice(0, -4)}${people.erased?.slice(-4)}`
    await inMunicipality(app.database, app.town.id, (transaction) =>
      storeDataKey(transaction, newDataKey(beside).wrap(app.keys, app.town.id, 'neighbour')),
    )
    // And a row that somebody altered, which no key opens.
    const altered = `${uuidv7().slice(0, -4)}${people.erased?.slice(-4)}`
    await inMunicipality(app.database, app.town.id, async (transaction) => {
      const key = newDataKey(altered).wrap(app.keys, app.town.id, 'neighbour')
      await storeDataKey(transaction, { ...key, wrapped: Buffer.from(key.wrapped).fill(7, 40) })
    })

    // The copy: nobody may be connected while it is made.
    await sql.raw(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${town}'`).execute(root)
    await sql.raw(`create database ${town}_copy template ${town}`).execute(root)

    // The town goes on: what is given is lost with it, what is taken away must not be.
    await revoke(proofs.revoked?.id ?? '')
    people.later = (await register(app, { name: { given: 'Personalater' } })).id
    // At a place that was made since: the copy does not know it.
    await app.peek('delete from proofs where mark is null returning 1')
    proofs.later = await proofOf(people.later)
    await revoke(proofs.later.id)
    proofs.unknown = await proofOf(people.later)
    await app.peek(`update neighbours set protected = true where id = '${people.hidden}' returning 1`)
    await endWaysIn(
      app.rooms,
      { town: app.town, by: clerk },
      { neighbourId: people.carded ?? '', ending: { what: 'card' } },
    )
    await app.peek(
      `update neighbours set departed_on = today_in('${app.town.id}')
       from (select set_config('padron.took_back', '${people.erased} ', true) as done offset 0) looked
       where id = '${people.erased}' and looked.done is not null returning 1`,
    )
    await app.peek(`select forget_neighbour('${app.town.id}', '${people.erased}')`)
    const ended = { database: app.database, keys: app.keys, file: epochFile, copies }
    const turned = await turnEpochs(ended, { patience: 5_000, grace: 0 })
    expect(turned).toMatchObject({ broken: 1, waits: 'rows' })
    expect(turned.rewrapped).toBeGreaterThan(0)
    // Somebody saw to it, and the bucket ends.
    await app.peek(`delete from data_keys where id = '${altered}' returning 1`)
    expect(await turnEpochs(ended, { patience: 5_000, grace: 0 })).toMatchObject({
      gone: expect.any(Number),
      waits: undefined,
    })
    await app.peek(`insert into organisation_links (municipality_id, organisation_id, kind, related_id)
      values ('${app.town.id}', '${LIBRARY}', 'sharesWith', '${BORDER}') returning 1`)
    await lasting.background.once()
    kept = (await latestCheckpoint(app.database, app.town.id))?.note ?? ''

    // It is lost, and the copy is put in its place, under everybody who is connected.
    await sql.raw(`drop database ${town} with (force)`).execute(root)
    await sql.raw(`create database ${town} template ${town}_copy`).execute(root)
    // Transactions do not end in the order in which they took: the copy knows of a later taking than some it lacks.
    await app.peek('update installation set journaled = 1000000 returning 1')
  }, 120_000)
  afterAll(() => lasting?.stop())

  it('is noticed by a process that runs, before it signs anything', async () => {
    const list = proofs.revoked?.list ?? ''
    expect(await lasting.ask('GET', list)).toMatchObject({ status: 503, body: { code: 'database-older' } })
    const again = await lasting.ask('GET', '/ledger/checkpoint')
    expect(again).toMatchObject({ status: 503, body: { code: 'database-older' } })
    expect(again.headers.get('retry-after')).not.toBeNull()
    expect((await lasting.ask('GET', '/health/ready')).status).toBe(503)
    expect((await lasting.ask('GET', '/health/live')).status).toBe(200)
    await expect(lasting.background.once()).rejects.toThrow(DatabaseOlder)
    expect((await latestCheckpoint(app.database, app.town.id))?.note).not.toBe(kept)
  })

  it('is noticed at a start, which says what to do', async () => {
    await expect(processOn()).rejects.toThrow(DatabaseOlder)
    await expect(processOn()).rejects.toThrow('padron restore')
  })

  it('has a journal that names nobody, and opens with the registry key alone', async () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.journal'))
    const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
    expect(text.split('\n').length).toBeGreaterThan(6)
    for (const id of [...Object.values(people), ...Object.values(proofs).map((proof) => proof.id)])
      expect(text).not.toContain(id)
    for (const word of ['proofs', 'neighbours', 'erased', 'Persona']) expect(text).not.toContain(word)
    const other = openJournal(folder, {
      ...app.keys,
      unwrap: () => {
        throw new Error('not this key')
      },
    })
    expect(() => other.read()).toThrow('not this key')
  })

  it('and is not repaired from a journal that is not there', async () => {
    const options = {
      proofs: 'lapse',
      journals: [`${folder}-mistyped`],
      otherRules: false,
      anyway: false,
      leaveOut: false,
    } as const
    await expect(restoreDatabase(readConfig(environment()), options, silent)).rejects.toThrow(/no journal in/)
  })

  it('and is not repaired without whoever keeps the backups, where epoch keys were destroyed since', async () => {
    const options = { proofs: 'lapse', journals: [], otherRules: false, anyway: false, leaveOut: false } as const
    await expect(restoreDatabase(readConfig(environment()), options, silent)).rejects.toThrow('--keeper')
  })

  it('is repaired', async () => {
    report = await restoreDatabase(
      readConfig(environment()),
      { proofs: 'lapse', journals: [], otherRules: false, anyway: false, leaveOut: false, keeper: keeperFile },
      silent,
    )
    expect(report.epoch).toBe(2)
    expect(report.doneAgain).toBeGreaterThanOrEqual(5)
    expect(report.unknown).toBeGreaterThanOrEqual(1)
    // One row that does not open, in the copy too, keeps the town from nothing.
    expect(report.closed).toBe(1)
    const again = restoreDatabase(
      readConfig(environment()),
      { proofs: 'lapse', journals: [], otherRules: false, anyway: false, leaveOut: false },
      silent,
    )
    await expect(again).rejects.toThrow('nothing to repair')
  })

  describe('and goes on,', () => {
    let after: Awaited<ReturnType<typeof processOn>>
    beforeAll(async () => {
      after = await processOn()
      await after.background.once()
    })
    afterAll(() => after?.stop())

    it('the process from before does not', async () => {
      expect(await lasting.ask('GET', '/ledger/checkpoint')).toMatchObject({ status: 503 })
    })

    it('with every proof revoked that was, known to the copy or not', async () => {
      expect(await isRevoked(proofs.revoked as Proof, after.ask)).toBe(true)
      expect(await isRevoked(proofs.later as Proof, after.ask)).toBe(true)
      expect(await isRevoked(proofs.kept as Proof, after.ask)).toBe(false)
    })

    it('and gives no place of an old list again', async () => {
      const proof = await proofOf(people.kept ?? '', after.ask)
      expect(proof.list).not.toBe(proofs.kept?.list)
      expect(await isRevoked(proof, after.ask)).toBe(false)
    })

    it('with whoever was erased, hidden, or had lost a card', async () => {
      const open = (id: string, as = 'clerk') =>
        after.ask('GET', `/v1/neighbours/${id}`, { as, purpose: 'counter-service' })
      expect((await open(people.erased ?? '')).text).not.toContain('Personaerased')
      expect((await app.peek(`select 1 from data_keys where id = '${people.erased}'`)).length).toBe(0)
      expect((await open(people.hidden ?? '')).status).not.toBe(200)
      expect((await open(people.kept ?? '')).status).toBe(200)
      await expect(
        signInWithCard(after.rooms, app.town, { typed: { code: card, word: 'una paraula' }, source: 'here' }),
      ).rejects.toMatchObject({ code: 'card-refused' })
    })

    it('with everybody else wrapped by the epoch keys that are in force, and by no other', async () => {
      expect(
        await app.peek(
          'select distinct one.closed_at is null as open from epochs one join data_keys using (bucket, epoch)',
        ),
      ).toEqual([{ open: true }])
      const [row] = await app.peek<Parameters<typeof wrappedKey>[0] & { epoch: number }>(
        `select * from data_keys where id = '${beside}'`,
      )
      expect(row?.epoch).toBeGreaterThan(1)
      expect(row && unwrapDataKey(app.keys, wrappedKey(row)).id).toBe(beside)
      await epochsMustBeHere(app.database, app.keys)
    })

    it('with the links that close the gate', async () => {
      expect(await disclosed(after.ask)).toBe(403)
      expect(
        await app.peek(
          `select 1 from organisation_links where organisation_id = '${LIBRARY}' and related_id = '${BORDER}'`,
        ),
      ).toHaveLength(1)
    })

    it('under another name of its ledger, with a signed statement of where the old one ended', async () => {
      const key = (await after.ask('GET', '/ledger/key')).text.trim()
      expect(key).toMatch(/^vallmar\.example\/ledger\/2\+/)
      expect((await after.ask('GET', '/ledger/checkpoint')).text.split('\n')[0]).toBe('vallmar.example/ledger/2')
      const { text } = await after.ask('GET', '/ledger/restores')
      const [, size, rootHash] = kept.split('\n')
      expect(text).toContain(`last vallmar.example/ledger ${size} ${rootHash}`)
      expect(text).toContain('next vallmar.example/ledger/2')
      const [body = '', signature = ''] = text.split('\n\n')
      const { publicKey } = parseVerifierKey(key) ?? { publicKey: new Uint8Array() }
      const bytes = Buffer.from(signature.trim().split(' ')[2] ?? '', 'base64').subarray(4)
      expect(ed25519Verifier(publicKey)(Buffer.from(`${body}\n`), bytes)).toBe(true)
      const owner = openDatabase(postgresDialect(app.url('postgres'), { connections: 1 }))
      const checked = await checkLedger(readConfig(environment()), {
        owner,
        town: app.town,
        options: { checkpoints: [] },
        progress: silent,
      })
      await owner.destroy()
      expect(checked.findings).toEqual([])
    })

    it('and everybody is signed out and told', async () => {
      expect(await app.peek('select 1 from sessions')).toEqual([])
      const page = await after.ask('GET', '/status', { headers: { 'accept-language': 'en' } })
      expect(page.text).toContain('put back')
    })
  })

  it('ends every proof where the operator chose that they are issued again', async () => {
    const how = { proofs: 'reissue', journals: [], otherRules: false, anyway: true, leaveOut: false } as const
    const options = { ...how, keeper: keeperFile }
    expect((await restoreDatabase(readConfig(environment()), options, silent)).epoch).toBe(3)
    const third = await processOn()
    for (const proof of Object.values(proofs)) expect(await isRevoked(proof, third.ask)).toBe(true)
    expect(await isRevoked(await proofOf(people.kept ?? '', third.ask), third.ask)).toBe(false)
    const page = await third.ask('GET', '/status', { headers: { 'accept-language': 'ar' } })
    expect(page.text).toContain(LOCALES.ar['openData.reissued'])
    await third.stop()
  })
})
