import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { exportJWK, generateKeyPair } from 'jose'
import type { Position } from '../../src/firewall/organisations.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import { signSdJwt } from '../../src/proofs/sd-jwt.ts'
import { type PublicKey, verifyProof } from '../../src/verify/index.ts'
import { percentile } from './people.ts'

export interface ProofFigures {
  issue: { ours: number; library: number; raw: number }
  verify: { ours: number; library: number; raw: number }
}

const encoder = new TextEncoder()
const NOW = Math.floor(Date.now() / 1000)
const OPEN = {
  iss: 'https://vallmar.example',
  iat: NOW - 60,
  exp: NOW + 3600,
  vct: 'https://vallmar.example/credentials/residence',
  aud: 'residence',
  resident: true,
}
const HIDDEN = {
  given_name: 'Ona',
  family_name: 'Puig Soler',
  birthdate: '1990-05-17',
  address: { kind: 'dwelling', streetName: 'Major', number: '4' },
  resident_since: '2019-04-01',
  district: '03',
  resident_at_least_1_year: true,
  resident_at_least_2_years: true,
  resident_at_least_3_years: true,
  resident_at_least_5_years: true,
}

/** Operations a second, one at a time; the contenders take turns so that the machine treats them alike. */
async function race(contenders: Record<string, () => Promise<unknown> | unknown>): Promise<Record<string, number>> {
  const totals: Record<string, { count: number; time: number }> = {}
  for (let round = 0; round < 6; round += 1) {
    for (const [name, work] of Object.entries(contenders)) {
      const start = performance.now()
      let count = 0
      while (performance.now() - start < 700) {
        await work()
        count += 1
      }
      if (round === 0) continue
      const total = totals[name] ?? { count: 0, time: 0 }
      totals[name] = total
      total.count += count
      total.time += performance.now() - start
    }
  }
  return Object.fromEntries(Object.entries(totals).map(([name, { count, time }]) => [name, count / (time / 1000)]))
}

export async function measureProofs(): Promise<ProofFigures> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k' } as PublicKey
  const raw = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const message = randomBytes(700)
  const signature = sign('sha256', message, { key: raw.privateKey, dsaEncoding: 'ieee-p1363' })
  const library = new SDJwtVcInstance({
    hasher: (data: string | ArrayBuffer) =>
      new Uint8Array(
        createHash('sha256')
          .update(typeof data === 'string' ? data : new Uint8Array(data))
          .digest(),
      ),
    hashAlg: 'sha-256',
    saltGenerator: () => randomBytes(16).toString('base64url'),
    signAlg: 'ES256',
    signer: async (data: string) =>
      Buffer.from(
        await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encoder.encode(data)),
      ).toString('base64url'),
    verifier: (data: string, given: string) =>
      crypto.subtle.verify(
        { name: 'ECDSA', hash: 'SHA-256' },
        publicKey,
        Buffer.from(given, 'base64url'),
        encoder.encode(data),
      ),
  } as never)
  const key = { kid: 'k', algorithm: 'ES256' as const, privateKey }
  const issue = await race({
    ours: () => signSdJwt(key, OPEN, HIDDEN),
    library: () =>
      library.issue(
        { ...OPEN, ...HIDDEN } as never,
        { _sd: Object.keys(HIDDEN) } as never,
        { header: { kid: 'k' } } as never,
      ),
    raw: () => sign('sha256', message, { key: raw.privateKey, dsaEncoding: 'ieee-p1363' }),
  })
  const token = await signSdJwt(key, OPEN, HIDDEN)
  const verified = await race({
    ours: () => verifyProof(token, { issuer: OPEN.iss, keys: [jwk], service: 'residence' }),
    library: () => library.verify(token),
    raw: () => verify('sha256', message, { key: raw.publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  })
  return { issue: issue as ProofFigures['issue'], verify: verified as ProofFigures['verify'] }
}

/** Microseconds of a policy decision. */
export interface DecisionFigures {
  p50: number
  p99: number
}

/** For a clerk and for a provider three links deep, each asked anew; and asked again within the second. */
export function measureDecisions(): { clerk: DecisionFigures; provider: DecisionFigures; again: DecisionFigures } {
  const engine = loadPolicies(cedar)
  const now = Temporal.Now.instant()
  const deep: Position = {
    organisationId: 'own',
    attestedUntil: now.add({ hours: 24 }),
    organisations: new Map(
      ['own', 'a', 'b', 'c'].map((id, i, all) => [id, { related: all.slice(i + 1, i + 2), functions: ['library'] }]),
    ),
  }
  const office: Position = {
    ...deep,
    organisations: new Map([['own', { related: [], functions: ['citizenship-office'] }]]),
  }
  type Question = Parameters<typeof engine.decide>[0]
  const time = (question: Omit<Question, 'now'>, seconds: number) => {
    const taken: number[] = []
    for (let i = 0; i < 6_000; i += 1) {
      const asked = { ...question, now: now.add({ seconds: i * seconds }) }
      const start = performance.now()
      if (!engine.decide(asked).permitted) throw new Error('refused')
      if (i >= 1_000) taken.push((performance.now() - start) * 1000)
    }
    return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) }
  }
  const record = { id: 'r', protected: false }
  const clerk: Omit<Question, 'now'> = {
    requester: { kind: 'staff', id: 's', role: 'clerk', organisationId: 'own' },
    position: office,
    action: 'register',
    purpose: 'registration',
    fields: ['name', 'dateOfBirth', 'address'],
    subjects: 1,
    record,
  }
  const provider: Omit<Question, 'now'> = {
    requester: { kind: 'client', id: 'c', organisationId: 'own' },
    position: deep,
    action: 'disclose',
    purpose: 'service-eligibility',
    fields: ['resident'],
    subjects: 1,
    record,
  }
  return { clerk: time(clerk, 1), provider: time(provider, 1), again: time(clerk, 0) }
}
