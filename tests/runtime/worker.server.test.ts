import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { unstable_startWorker } from 'wrangler'
import { demoToken, demoTrust, dpopProof, newProofKey } from '../../src/identity/demo-token.ts'
import { epochBytes } from '../../src/keys/epochs.ts'
import { verifyProof } from '../../src/verify/index.ts'
import { AUDIENCE, openApp, type TestApp, tokenOf } from '../support/app.ts'
import { freePort } from '../support/postgres-server.ts'
import { run } from '../support/process.ts'

const TEST_CONFIG = 'wrangler.test.toml'

const state = mkdtempSync(join(tmpdir(), 'padron-worker-'))
let app: TestApp
let worker: Awaited<ReturnType<typeof unstable_startWorker>>
let origin: string

beforeAll(async () => {
  process.env.WRANGLER_SEND_METRICS = 'false'
  process.env.CI = '1'
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  app = await openApp({ town: { issuer: origin }, connections: 1 })
  const issuer = inject('tokenIssuer')
  // The deployed configuration, with this machine's database and sign-in in it.
  const vars = {
    NODE_ENV: 'test',
    TOKEN_AUDIENCE: AUDIENCE,
    TOKEN_ISSUERS: JSON.stringify([demoTrust(issuer)]),
    REGISTRY_KEYS: JSON.stringify(app.material.current),
  }
  const config = readFileSync('wrangler.toml', 'utf8')
    .replace(
      /\[vars\][\s\S]*?(?=\n\[\[)/,
      `[vars]\n${Object.entries(vars)
        .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
        .join('\n')}\n\n`,
    )
    .replace(/(binding = "HYPERDRIVE"\n)/, `$1localConnectionString = ${JSON.stringify(app.url('padron_app_login'))}\n`)
  writeFileSync(TEST_CONFIG, config)
  const epochs = join(state, 'epoch-keys')
  writeFileSync(epochs, epochBytes(app.epochs.current), { mode: 0o600 })
  const put = ['kv', 'key', 'put', 'epoch-keys', '--path', epochs, '--binding', 'EPOCHS', '--local']
  const kept = run(
    ['npx', 'wrangler', ...put, '--config', TEST_CONFIG, '--persist-to', state],
    {},
    { within: process.cwd() },
  )
  expect(await kept.exit, kept.output()).toBe(0)
  worker = await unstable_startWorker({
    config: join(process.cwd(), TEST_CONFIG),
    dev: {
      persist: state,
      server: { hostname: '127.0.0.1', port },
      inspector: false,
      logLevel: 'warn',
      watch: false,
    },
  })
  await worker.ready
})

afterAll(async () => {
  await worker?.dispose()
  await app?.close()
  rmSync(TEST_CONFIG, { force: true })
  rmSync(state, { recursive: true, force: true })
})

/** Staff bear their token; a provider's machine proves with each request that the token is its own. */
async function credentials(client: string, method: string, path: string): Promise<Record<string, string>> {
  if (client === 'clerk') return { authorization: `Bearer ${await tokenOf(client)}` }
  const key = await newProofKey()
  const token = await demoToken(inject('tokenIssuer'), { audience: AUDIENCE, clientId: client, key })
  return {
    authorization: `DPoP ${token}`,
    dpop: await dpopProof(key, { method, url: `${origin}${path}`, accessToken: token }),
  }
}

async function call(
  method: string,
  path: string,
  client?: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(client ? await credentials(client, method, path) : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text,
  }
}

describe('the Worker, under workerd against PostgreSQL', () => {
  it('runs the main job: registers, proves, verifies, and refuses enforcement', async () => {
    expect(await call('GET', '/health/ready')).toMatchObject({ status: 200 })
    const registered = await call('POST', '/v1/neighbours', 'clerk', {
      name: { given: 'Fatou', family: ['Ndiaye'] },
      dateOfBirth: '1990',
      address: { kind: 'no-fixed-address' },
    })
    expect(registered).toMatchObject({ status: 201 })
    const found = await call(
      'POST',
      '/v1/neighbours/search',
      'clerk',
      { name: 'fatu ndiaye' },
      { 'padron-purpose': 'counter-service' },
    )
    expect(found).toMatchObject({ status: 200 })
    expect(found.body.matches).toMatchObject([{ id: registered.body.id }])
    const issued = await call('POST', `/v1/neighbours/${registered.body.id}/proofs`, 'clerk', { profile: 'residence' })
    expect(issued).toMatchObject({ status: 201 })
    const proof = await verifyProof(issued.body.token, { issuer: origin, service: 'residence' })
    expect(proof.claims).toMatchObject({ resident: true, given_name: 'Fatou' })
    expect(await call('POST', '/v1/verifications', undefined, { token: issued.body.token })).toMatchObject({
      status: 200,
      body: { valid: true },
    })
    const request = { subject: { proof: issued.body.token }, purpose: 'service-eligibility', fields: ['resident'] }
    expect(await call('POST', '/v1/disclosures', 'library', request)).toMatchObject({
      status: 200,
      body: { resident: true },
    })
    expect(await call('POST', '/v1/disclosures', 'border-agency', request)).toMatchObject({
      status: 403,
      body: { code: 'refused' },
    })
  })

  it('gives practice proofs with the answers they promise', async () => {
    const { body } = await call('GET', '/practice/proofs')
    const answers = await Promise.all(
      body.proofs.map(({ token }: { token: string }) =>
        verifyProof(token, { issuer: body.issuer, service: body.service }).then(
          () => 'valid',
          (error) => error.code,
        ),
      ),
    )
    expect(answers).toEqual(body.proofs.map(({ expect: promised }: { expect: string }) => promised))
  })

  it('serves the front page', async () => {
    expect(await call('GET', '/')).toMatchObject({ status: 200, body: expect.stringContaining('Vallmar') })
  })
})
