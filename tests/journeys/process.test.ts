import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { embeddedFolder } from '../support/migrated.ts'
import { inventedWord } from '../support/people.ts'
import { type Folder, outputOf, type Running, run, scratchFolder, start } from '../support/process.ts'
import { WHOLE } from '../support/sampled.ts'

// Each test starts the whole service, some several times.
vi.setConfig({ testTimeout: 300_000 })

let folder: Folder
const running: Running[] = []
/** A folder in which the service has been before, for whatever is not about a first start. */
const migrated = async () => scratchFolder(await embeddedFolder())
const begin = async (more?: Record<string, string>) => {
  const service = await start(folder, more)
  running.push(service)
  return service
}
afterEach(async () => {
  for (const service of running.splice(0)) await service.kill('SIGKILL')
  folder?.remove()
})

const tokenFrom = (service: Running, client = 'clerk') =>
  outputOf(['node', 'dist/padron.js', 'token', client], service.environment)

async function register(service: Running, token: string, i: number) {
  return fetch(`${service.address}/v1/neighbours`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': `kill-test-${i}`,
    },
    body: JSON.stringify({
      name: { given: inventedWord(60_000 + i), family: [inventedWord(70_000 + i)] },
      dateOfBirth: `19${50 + (i % 50)}`,
      address: { kind: 'no-fixed-address' },
    }),
  })
}

const errorless = (output: string) =>
  output.split('\n').filter((line) => line.startsWith('{') && JSON.parse(line).level === 'error')

describe('padron lockdown', () => {
  it('is voted by legal officers at a command line, and says how it stands', async () => {
    folder = await migrated()
    const service = await begin()
    const token = await tokenFrom(service, 'legal')
    const padron = (...words: string[]) =>
      outputOf(
        ['node', 'dist/padron.js', '--json', 'lockdown', ...words, '--address', service.address, '--token', token],
        service.environment,
      )
    expect(JSON.parse(await padron('status'))).toEqual({ closed: false, votes: 0, needed: 2 })
    expect(JSON.parse(await padron('close'))).toEqual({ closed: false, votes: 1, needed: 2 })
    expect(JSON.parse(await padron('close'))).toEqual({ closed: false, votes: 1, needed: 2 })
    await expect(
      outputOf(
        [
          'node',
          'dist/padron.js',
          'lockdown',
          'close',
          '--address',
          service.address,
          '--token',
          await tokenFrom(service),
        ],
        service.environment,
      ),
    ).rejects.toThrow('refused')
  })
})

describe('starting on a bare machine', () => {
  it('serves invented neighbours, says what the embedded database is worth, and keeps everything to itself', async () => {
    folder = scratchFolder()
    const service = await begin()
    expect(service.output()).toContain(`Padrón is ready at ${service.address}`)
    expect(service.output()).toMatch(/survives a crash of this process but not a power cut/)
    expect(service.output()).toContain('npm run --silent token -- clerk')
    // What takes long is said before, and nothing that a library says gets through.
    expect(service.output()).toMatch(
      /^(Checking the policies…\n)?Making the database…\nInventing 20 neighbours…\nPadrón is ready at /,
    )
    expect(await (await fetch(`${service.address}/health/live`)).text()).toBe('alive')
    expect((await fetch(`${service.address}/health/ready`)).status).toBe(200)
    const found = await fetch(`${service.address}/v1/neighbours/search`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenFrom(service)}`,
        'content-type': 'application/json',
        'padron-purpose': 'counter-service',
      },
      body: JSON.stringify({ street: 'Major', number: '1' }),
    })
    expect(found.status).toBe(200)
    expect(statSync(join(folder.path, 'registry-keys.json')).mode & 0o777).toBe(0o600)
    expect(Object.keys(JSON.parse(readFileSync(join(folder.path, 'registry-keys.json'), 'utf8')).keys)[0]).toMatch(
      /^demo-/,
    )
    expect(errorless(service.output())).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains on %s: what was asked is answered, then it exits with 0',
    async (signal) => {
      folder = await migrated()
      const service = await begin()
      const token = await tokenFrom(service)
      const asked = Array.from({ length: 20 }, (_, i) => register(service, token, i))
      await asked[0]
      const code = service.kill(signal)
      const answers = await Promise.allSettled(asked)
      for (const answer of answers) if (answer.status === 'fulfilled') expect(answer.value.status).toBe(201)
      expect(await code).toBe(0)
      expect(existsSync(join(folder.path, 'lock'))).toBe(false)
    },
  )

  it('drains under npm start too: the signal reaches the service, and nothing is left running', async () => {
    folder = await migrated()
    const service = await begin({ COMMAND: 'npm start --ignore-scripts' })
    const { pid } = JSON.parse(readFileSync(join(folder.path, 'lock'), 'utf8')) as { pid: number }
    await service.kill('SIGTERM')
    await expect.poll(() => existsSync(join(folder.path, 'lock')), { timeout: 20_000 }).toBe(false)
    await expect
      .poll(
        () => {
          try {
            return process.kill(pid, 0)
          } catch {
            return false
          }
        },
        { timeout: 20_000 },
      )
      .toBe(false)
  })

  it('refuses a second start on the same data, and leaves the first alone', async () => {
    folder = await migrated()
    const service = await begin()
    const second = run(['node', 'dist/main.js'], { ...service.environment, PORT: '0', DEMO_PORT: '0' })
    expect(await second.exit).toBe(1)
    expect(second.output()).toMatch(/Another Padrón \(process \d+\) is using/)
    expect((await fetch(`${service.address}/health/ready`)).status).toBe(200)
  })

  it('says so when the port is taken', async () => {
    folder = await migrated()
    const service = await begin()
    const other = scratchFolder()
    const second = run(['node', 'dist/main.js'], { ...service.environment, DATA_DIR: other.path })
    expect(await second.exit).toBe(1)
    expect(second.output()).toMatch(/PORT: \d+ is in use/)
    other.remove()
  })
})

describe('kill -9', () => {
  it('at any moment loses nobody who was acknowledged', async () => {
    folder = await migrated()
    const acknowledged = new Map<number, string>()
    let next = 0
    for (const moment of WHOLE ? [0, 30, 120, 250] : [0, 120]) {
      const service = await begin()
      const token = await tokenFrom(service)
      let alive = true
      const clerks = Array.from({ length: 4 }, async () => {
        while (alive) {
          const i = next
          next += 1
          const answer = await register(service, token, i).catch(() => undefined)
          if (answer === undefined) return
          const body = (await answer.json().catch(() => undefined)) as { id?: string } | undefined
          if (answer.status === 201 && body?.id) acknowledged.set(i, body.id)
        }
      })
      const before = acknowledged.size
      while (acknowledged.size < before + 10) await new Promise((resolve) => setTimeout(resolve, 5))
      await new Promise((resolve) => setTimeout(resolve, moment))
      await service.kill('SIGKILL')
      alive = false
      await Promise.all(clerks)
    }
    const service = await begin()
    const token = await tokenFrom(service)
    expect(acknowledged.size).toBeGreaterThanOrEqual(WHOLE ? 40 : 20)
    for (const [i, id] of acknowledged) {
      const again = await register(service, token, i)
      expect(again.status).toBe(201)
      expect(((await again.json()) as { id: string }).id).toBe(id)
    }
    expect(errorless(service.output())).toEqual([])
  })

  it('during the very first start leaves nothing that stops the next', async () => {
    folder = scratchFolder()
    for (const moment of WHOLE ? [600, 1500, 2500] : [1500]) {
      const service = run(['node', 'dist/main.js'], {
        DATA_DIR: folder.path,
        PORT: '0',
        DEMO_PORT: '0',
        DEMO_NEIGHBOURS: '60',
      })
      await new Promise((resolve) => setTimeout(resolve, moment))
      await service.kill('SIGKILL')
    }
    const service = await begin({ DEMO_NEIGHBOURS: '60' })
    expect((await fetch(`${service.address}/health/ready`)).status).toBe(200)
  })
})

describe('production', () => {
  const refusal = async (environment: Record<string, string>) => {
    folder = scratchFolder()
    const service = run(['node', 'dist/main.js'], {
      NODE_ENV: 'production',
      DATA_DIR: folder.path,
      JOURNAL_DIR: join(folder.path, 'journal'),
      PORT: '0',
      ...environment,
    })
    expect(await service.exit).toBe(1)
    return service.output()
  }
  const whole = {
    DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x',
    TOKEN_ISSUERS:
      '[{"issuer":"https://id.example","jwksUri":"https://id.example/jwks","towns":["vallmar"],"roles":["clerk"],"clients":true}]',
    TOKEN_AUDIENCE: 'urn:x',
  }

  it('does not start on the embedded database, without keys or issuers, and names each', async () => {
    const output = await refusal({})
    for (const name of ['DATABASE_URL', 'REGISTRY_KEY_FILE', 'TOKEN_ISSUERS', 'TOKEN_AUDIENCE'])
      expect(output).toContain(name)
  })

  it.each<[string, Record<string, string>]>([
    ['DEMO: production never runs with demo', { DEMO: 'true' }],
    [
      'every issuer, key set and token endpoint must use https',
      {
        TOKEN_ISSUERS:
          '[{"issuer":"http://id.example","jwksUri":"http://id.example/jwks","towns":["vallmar"],"roles":["clerk"],"clients":true}]',
      },
    ],
    ['There is no registry key file', { REGISTRY_KEY_FILE: '/nowhere/keys.json' }],
    [
      'keys of a demonstration',
      {
        REGISTRY_KEYS: JSON.stringify({
          current: 'demo-1',
          keys: { 'demo-1': Buffer.alloc(32, 1).toString('base64') },
        }),
      },
    ],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://x/y' }],
    ['BACKUP_KEYS_DIR: name a folder on another disk', { BACKUP_KEEPER_KEY: '{}', BACKUP_KEYS_DIR: '.' }],
    ['35 at most', { BACKUP_RETENTION_DAYS: '90' }],
    ['DATABASE_URL: the server is on another machine', { DATABASE_URL: 'postgres://u:p@db.example:5432/x' }],
    ['DATABASE_URL: the server is', { DATABASE_URL: 'postgres://u:p@127.0.0.1:1,db.example:5/x?sslmode=require' }],
    ['DATABASE_OWNER_URL: the server is', { DATABASE_OWNER_URL: 'postgres://u:p@10.0.0.2/x' }],
    ['TOKEN_ISSUERS', { TOKEN_ISSUERS: 'not json' }],
  ])('does not start: %s', async (words, change) => {
    expect(
      await refusal({ ...whole, ...(change.REGISTRY_KEYS ? {} : { REGISTRY_KEY_FILE: 'keys.json' }), ...change }),
    ).toContain(words)
  })
})
