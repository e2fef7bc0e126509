import { encode } from 'cborg'
import fc from 'fast-check'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLAIMS } from '../../src/proofs/claims.ts'
import { signCompact } from '../../src/proofs/compact.ts'
import type { SigningKey } from '../../src/proofs/sd-jwt.ts'
import { packStatusList } from '../../src/proofs/status-list.ts'
import { readCbor } from '../../src/verify/cbor.ts'
import { fromCompactText, toCompactText } from '../../src/verify/compact.ts'
import { ProofInvalid, type PublicKey, type VerifyOptions, verifyProof } from '../../src/verify/index.ts'

const ISSUER = 'https://vallmar.example'
const NOW = 1_800_000_000
const LIST_ID = '0192f000-0000-7000-8000-0000000000aa'
const LIST = `${ISSUER}/status-lists/${LIST_ID}`

let key: SigningKey
let edwards: SigningKey
let keys: PublicKey[]
let lists: Record<string, string>

beforeAll(async () => {
  const made = await Promise.all(
    (['ES256', 'EdDSA'] as const).map(async (algorithm) => {
      const pair = await generateKeyPair(algorithm, { extractable: true })
      const jwk = await exportJWK(pair.publicKey)
      const kid = await calculateJwkThumbprint(jwk)
      return { signing: { kid, algorithm, privateKey: pair.privateKey }, published: { ...jwk, kid } as PublicKey }
    }),
  )
  const [es, ed] = made
  if (!es || !ed) throw new Error('no keys')
  key = es.signing
  edwards = ed.signing
  keys = [es.published, ed.published]
  const { CompactSign } = await import('jose')
  const payload = { sub: LIST, exp: NOW + 600, ttl: 60, status_list: { bits: 1, lst: packStatusList(64, 1, [[7, 1]]) } }
  const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', typ: 'statuslist+jwt', kid: key.kid })
    .sign(key.privateKey)
  lists = { [LIST]: token }
})

const terms = { iss: ISSUER, aud: 'residence', iat: NOW - 60, exp: NOW + 3600, statusListId: LIST_ID, statusIndex: 3 }
const compact = (claims: object = {}, more: object = {}, signer = key) =>
  signCompact(signer, { ...terms, ...more }, claims as Record<string, unknown>)
const verify = (text: string, more: Partial<VerifyOptions> = {}) =>
  verifyProof(text, { issuer: ISSUER, keys, statusLists: lists, now: NOW, ...more })
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'valid',
    (error: unknown) => (error instanceof ProofInvalid ? error.code : `not ours: ${String(error)}`),
  )

describe('a compact proof', () => {
  it('says every claim a profile can hold, with its own name', async () => {
    const claims = Object.fromEntries(
      CLAIMS.map((claim) => [
        claim,
        /^(resident_at|age_)/.test(claim)
          ? claim.endsWith('8')
          : claim === 'residence_gaps'
            ? ['2019-01-01/2019-02-01']
            : claim === 'household_size'
              ? 3
              : `a ${claim}`,
      ]),
    )
    const shown = { ...claims, address: 'carrer Major 1, 99001' }
    const address = { kind: 'dwelling', streetType: 'carrer', streetName: 'Major', number: '1', postcode: '99001' }
    const proof = await verify(await compact({ ...claims, address }))
    expect(proof).toEqual({
      issuer: ISSUER,
      service: 'residence',
      claims: { resident: true, ...shown },
      expiresAt: NOW + 3600,
      holderProved: false,
    })
  })

  it('is accepted as the text of its square, and signed with either kind of key', async () => {
    expect(await codeOf(verify(`HTTPS://VALLMAR.EXAMPLE/V#${await compact()}`))).toBe('valid')
    expect(await codeOf(verify(await compact({}, {}, edwards)))).toBe('valid')
  })

  it.each<[string, () => Promise<string>, Partial<VerifyOptions>]>([
    ['expired', () => compact({}, { exp: NOW - 100 }), {}],
    ['not-yet-valid', () => compact({}, { iat: NOW + 1000 }), {}],
    ['wrong-issuer', () => compact({}, { iss: 'https://elsewhere.example' }), {}],
    ['wrong-audience', () => compact(), { service: 'library' }],
    ['revoked', () => compact({}, { statusIndex: 7 }), {}],
    ['status-unavailable', () => compact({}, { statusIndex: 5000 }), {}],
    ['status-unavailable', () => compact({}, { statusListId: LIST_ID.replace('aa', 'ab') }), {}],
    ['unknown-key', () => compact(), { keys: [] }],
    ['key-binding-missing', () => compact(), { nonce: 'n' }],
    ['status-unavailable', () => compact(), { now: NOW + 700 }],
    ['valid', () => compact(), { now: NOW + 700, staleness: 600 }],
  ])('is %s when it should be', async (code, make, more) => {
    expect(await codeOf(verify(await make(), more))).toBe(code)
  })

  it('with any one letter changed is refused', async () => {
    const text = await compact({ given_name: 'Ona' })
    const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:'
    for (let at = 0; at < text.length; at += 1) {
      const other = letters[(letters.indexOf(text[at] ?? '') + 1) % letters.length] ?? ''
      expect(await codeOf(verify(text.slice(0, at) + other + text.slice(at + 1))), `letter ${at}`).not.toBe('valid')
    }
  })

  it('made by hand with a header of the maker’s own is refused', async () => {
    const [head, , body, signature] = readCbor(fromCompactText(await compact())) as [
      Uint8Array,
      object,
      Uint8Array,
      Uint8Array,
    ]
    const kid = new Uint8Array(Buffer.from(key.kid, 'base64url').subarray(0, 8))
    const forged: [string, unknown][] = [
      [
        'algorithm-refused',
        [
          encode(
            new Map<number, unknown>([
              [1, -257],
              [4, kid],
            ]),
          ),
          new Map(),
          body,
          signature,
        ],
      ],
      [
        'algorithm-refused',
        [
          encode(
            new Map<number, unknown>([
              [1, -8],
              [4, kid],
            ]),
          ),
          new Map(),
          body,
          signature,
        ],
      ],
      [
        'malformed',
        [
          encode(
            new Map<number, unknown>([
              [1, -7],
              [4, kid],
              [33, 'x5chain'],
            ]),
          ),
          new Map(),
          body,
          signature,
        ],
      ],
      ['malformed', [head, new Map([[4, kid]]), body, signature]],
      ['malformed', [head, new Map(), body]],
      ['malformed', [head, new Map(), body, signature, 1]],
      ['malformed', 'a proof'],
      ['bad-signature', [head, new Map(), encode(new Map([[1, ISSUER]])), signature]],
      ['bad-signature', [head, new Map(), body, new Uint8Array(64)]],
      ['bad-signature', [head, new Map(), body, new Uint8Array(63)]],
      [
        'unknown-key',
        [
          encode(
            new Map<number, unknown>([
              [1, -7],
              [4, new Uint8Array(8)],
            ]),
          ),
          new Map(),
          body,
          signature,
        ],
      ],
    ]
    for (const [code, message] of forged) expect(await codeOf(verify(toCompactText(encode(message))))).toBe(code)
  })

  it('of nonsense is always refused with a code of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await codeOf(verify(toCompactText(bytes)))).toMatch(/^(malformed|unknown-key|algorithm-refused)$/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('its letters', () => {
  it('give back the bytes they were made from', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400, minLength: 1 }), (bytes) => {
        expect([...fromCompactText(toCompactText(bytes))]).toEqual([...bytes])
      }),
    )
  })

  it('stand in a URL as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100, minLength: 1 }), (bytes) => {
        const text = toCompactText(bytes)
        expect(new URL(`https://vallmar.example/v#${text}`).hash).toBe(`#${text}`)
      }),
    )
  })
})

describe('its binary form', () => {
  it.each<[string, number[]]>([
    ['a length that is longer than the rest', [0x5a, 0xff, 0xff, 0xff, 0xff]],
    ['a list that says it is endless', [0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a length left open', [0x9f, 0x01, 0xff]],
    ['a number written longer than it need be', [0x18, 0x01]],
    ['a fraction', [0xf9, 0x3c, 0x00]],
    ['a tag', [0xd2, 0x80]],
    ['a key twice', [0xa2, 0x01, 0x01, 0x01, 0x02]],
    ['something after the end', [0x01, 0x01]],
    ['text that is not UTF-8', [0x62, 0xff, 0xfe]],
    ['nesting without end', Array.from({ length: 60 }, () => 0x81)],
    ['nothing', []],
  ])('is refused with %s', (_, bytes) => {
    expect(() => readCbor(Uint8Array.from(bytes))).toThrow(ProofInvalid)
  })

  it('agrees with an encoder that is not ours', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)),
      node: fc.oneof({ depthSize: 'small' }, tie('leaf'), fc.array(tie('leaf'), { maxLength: 5 })),
    })).node
    fc.assert(
      fc.property(value, (one) => {
        expect(readCbor(Uint8Array.from(encode(one)))).toEqual(one)
      }),
    )
  })
})
