import { randomBytes, randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { correction, generate } from 'lean-qr'
import { qrText, signCompact } from '../../src/proofs/compact.ts'
import { profiles } from '../../src/proofs/profiles.ts'
import { packStatusList } from '../../src/proofs/status-list.ts'
import { fromCompactText } from '../../src/verify/compact.ts'
import { type Stage, serveOn } from './stage.ts'

export interface PaperFigures {
  perSecond: number
  kilobytes: number
  page: { first: number; requests: number }
  codes: { profile: string; version: number; modules: number; letters: number; asBase64: number; asJwt: number }[]
  lists: { entries: number; revoked: number; milliseconds: number; kilobytes: number }[]
}

const ISSUER = 'https://padron.vallmar.example'
const FULL: Record<string, unknown> = {
  given_name: 'Maria del Carme',
  family_name: 'Fernández de Castro Puigdevall',
  birthdate: '1984-11-30',
  address: {
    kind: 'dwelling',
    streetType: 'avinguda',
    streetName: 'de la Mare de Déu del Carme',
    number: '128',
    floor: '3',
    door: '2',
    postcode: '99001',
  },
  district: '03',
  resident_since: '2019-03-01',
  household_size: 5,
  continuous_residence_since: '2021-06-01',
  residence_gaps: ['2020-12-01/2021-06-01'],
}

/** Papers printed over HTTP, QR codes by profile and by how they could be written, and status lists of millions. */
export async function measurePapers(stage: Stage): Promise<PaperFigures> {
  const service = await serveOn(await stage.database('papers'))
  try {
    const post = (path: string, body: object) =>
      fetch(`${service.address}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${service.token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify(body),
      })
    const { id } = (await (
      await post('/v1/neighbours', {
        name: { given: 'Ona', family: ['Puig'] },
        dateOfBirth: '1990',
        address: { kind: 'no-fixed-address' },
      })
    ).json()) as { id: string }
    const print = async () =>
      (await (await post(`/v1/neighbours/${id}/papers`, { kind: 'individual', language: 'ar' })).arrayBuffer())
        .byteLength
    for (let i = 0; i < 5; i += 1) await print()
    const [papers, lanes] = [120, 4]
    let kilobytes = 0
    const started = performance.now()
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let i = 0; i < papers / lanes; i += 1) kilobytes = (await print()) / 1024
      }),
    )
    const perSecond = papers / ((performance.now() - started) / 1000)
    const sizes = await Promise.all(
      ['/v', '/assets/styles.css', '/assets/check.js', '/v/worker.js'].map(
        async (path) => gzipSync(Buffer.from(await (await fetch(service.address + path)).arrayBuffer())).length,
      ),
    )
    const page = { first: sizes.reduce((sum, size) => sum + size, 0) / 1024, requests: sizes.length }
    return { perSecond, kilobytes, page, codes: await measureCodes(), lists: measureLists() }
  } finally {
    await service.stop()
  }
}

const versionOf = (text: string) =>
  (generate(text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M }).size - 17) / 4

async function measureCodes(): Promise<PaperFigures['codes']> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const { calculateJwkThumbprint } = await import('jose')
  const kid = await calculateJwkThumbprint(await exportJWK(pair.publicKey))
  const key = { kid, algorithm: 'ES256', privateKey: pair.privateKey } as const
  const rows: PaperFigures['codes'] = []
  for (const profile of profiles.values()) {
    const claims = Object.fromEntries(profile.claims.map((claim) => [claim, FULL[claim] ?? true]))
    const iat = 1_790_000_000
    const exp = iat + 86_400 * profile.validityDays
    const list = randomUUID()
    const compact = await signCompact(
      key,
      { iss: ISSUER, aud: profile.id, iat, exp, statusListId: list, statusIndex: 734_003 },
      claims,
    )
    const text = qrText(ISSUER, compact)
    const base64 = `${ISSUER}/v#${Buffer.from(fromCompactText(compact)).toString('base64url')}`
    const jwt = await new CompactSign(
      Buffer.from(JSON.stringify({ iss: ISSUER, aud: profile.id, iat, exp, l: [list, 734_003], ...claims })),
    )
      .setProtectedHeader({ alg: 'ES256', kid: kid.slice(0, 11) })
      .sign(pair.privateKey)
    const version = versionOf(text)
    rows.push({
      profile: profile.id,
      version,
      modules: version * 4 + 17,
      letters: text.length,
      asBase64: versionOf(base64),
      asJwt: versionOf(`${ISSUER}/v#${jwt}`),
    })
  }
  return rows
}

function measureLists(): PaperFigures['lists'] {
  return [1 << 20, 10_000_000].map((entries) => {
    const revoked = Math.round(entries * 0.02)
    const places = new Uint32Array(randomBytes(revoked * 4).buffer.slice(0, revoked * 4))
    const started = performance.now()
    const list = packStatusList(
      entries,
      1,
      [...places].map((place) => [place % entries, 1] as const),
    )
    return { entries, revoked, milliseconds: performance.now() - started, kilobytes: list.length / 1024 }
  })
}
