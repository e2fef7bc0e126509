import { describe, expect, it } from 'vitest'
import { algorithmOf, isSigned, type PublicKey } from '../../src/verify/crypto.ts'
import { ProofInvalid } from '../../src/verify/errors.ts'
import { fetchKeys, fetchStatusList } from '../../src/verify/fetching.ts'

const ISSUER = 'https://city.example'
const JWKS = `${ISSUER}/.well-known/jwks.json`
const LIST = `${ISSUER}/status/1`

/** A city that answers what it is told to, and counts how often it is asked. */
function city(answers: Record<string, () => Response>) {
  const asked: string[] = []
  const fetcher: typeof globalThis.fetch = async (input, init) => {
    asked.push(String(input))
    expect(init?.redirect).toBe('error')
    expect(init?.signal).toBeInstanceOf(AbortSignal)
    return answers[String(input)]?.() ?? new Response(null, { status: 404 })
  }
  return { fetcher, asked }
}
const keys = (...kids: string[]) => new Response(JSON.stringify({ keys: kids.map((kid) => ({ kid })) }))
const list = (claims: object, more = '') =>
  new Response(`e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${more}`)
const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => (error instanceof ProofInvalid ? error.code : error),
  )

describe('the keys of a city', () => {
  const none = () => false
  const without = (kid: string) => (known: readonly PublicKey[]) => !known.some((key) => key.kid === kid)

  it('are kept for five minutes, as the same objects, and asked for again then', async () => {
    const { fetcher, asked } = city({ [JWKS]: () => keys('a') })
    const first = await fetchKeys(ISSUER, { fetcher, now: 1000, missing: none })
    expect(first.map(({ kid }) => kid)).toEqual(['a'])
    for (const now of [1000, 1100, 1299]) expect(await fetchKeys(ISSUER, { fetcher, now, missing: none })).toBe(first)
    expect(asked).toEqual([JWKS])
    await fetchKeys(ISSUER, { fetcher, now: 1300, missing: none })
    expect(asked).toHaveLength(2)
  })

  it('are asked for again where one is missing, at most every half minute', async () => {
    let known = ['a']
    const { fetcher, asked } = city({ [JWKS]: () => keys(...known) })
    const ask = (now: number) => fetchKeys(ISSUER, { fetcher, now, missing: without('b') })
    await ask(1000)
    known = ['a', 'b']
    expect((await ask(1029)).map(({ kid }) => kid)).toEqual(['a'])
    expect(asked).toHaveLength(1)
    expect((await ask(1030)).map(({ kid }) => kid)).toEqual(['a', 'b'])
    expect(asked).toHaveLength(2)
    await ask(1100)
    expect(asked).toHaveLength(2)
  })

  it('are asked for again where the clock went back: nothing is kept from the future', async () => {
    const { fetcher, asked } = city({ [JWKS]: () => keys('a') })
    await fetchKeys(ISSUER, { fetcher, now: 1000, missing: none })
    await fetchKeys(ISSUER, { fetcher, now: 999, missing: none })
    expect(asked).toHaveLength(2)
  })

  it('are of each city and of each way to fetch, and the ones longest kept make room', async () => {
    const cities = Array.from({ length: 65 }, (_, i) => `https://city-${i}.example`)
    const { fetcher, asked } = city(
      Object.fromEntries(cities.map((one) => [`${one}/.well-known/jwks.json`, () => keys(one)])),
    )
    const ask = (one = '') => fetchKeys(one, { fetcher, now: 1000, missing: none })
    for (const one of cities.slice(0, 64)) await ask(one)
    await ask(cities[0])
    expect(asked).toHaveLength(64)
    await ask(cities[64])
    expect((await ask(cities[1]))[0]?.kid).toBe(cities[1])
    expect(asked).toHaveLength(65)
    await ask(cities[0])
    expect(asked).toHaveLength(66)
    const other = city({ [JWKS]: () => keys('z') })
    await fetchKeys(ISSUER, { fetcher: other.fetcher, now: 1000, missing: none })
    expect(other.asked).toHaveLength(1)
  })

  it.each<[string, () => Response]>([
    ['an error', () => new Response('{"keys":[]}', { status: 500 })],
    ['no body', () => new Response(null, { status: 200 })],
    ['no JSON', () => new Response('keys')],
    ['no list of keys', () => new Response('{"keys":{}}')],
    ['more than eight megabytes', () => new Response(`{"keys":[],"x":"${'x'.repeat(8 * 1024 * 1024)}"}`)],
  ])('are unavailable when the answer is %s', async (_, answer) => {
    const { fetcher } = city({ [JWKS]: answer })
    expect(await codeOf(fetchKeys(ISSUER, { fetcher, now: 1000, missing: none }))).toBe('keys-unavailable')
  })

  it('are taken up to eight megabytes', async () => {
    const text = '{"keys":[],"x":"…"}'
    const { fetcher } = city({
      [JWKS]: () => new Response(text.replace('…', 'x'.repeat(8 * 1024 * 1024 - text.length + 1))),
    })
    expect(await fetchKeys(ISSUER, { fetcher, now: 1000, missing: none })).toEqual([])
  })
})

describe('a status list', () => {
  const ask = (answer: () => Response, ...times: number[]) => {
    const { fetcher, asked } = city({ [LIST]: answer })
    return (async () => {
      for (const now of times) await fetchStatusList(ISSUER, { uri: LIST, fetcher, now })
      return asked.length
    })()
  }

  it('is kept as long as it says, a minute where it does not say, and an hour at the most', async () => {
    expect(await ask(() => list({ ttl: 20 }), 1000, 1019)).toBe(1)
    expect(await ask(() => list({ ttl: 20 }), 1000, 1020)).toBe(2)
    for (const silent of [{}, { ttl: '20' }, { ttl: 0 }, { ttl: -5 }]) {
      expect(await ask(() => list(silent), 1000, 1059)).toBe(1)
      expect(await ask(() => list(silent), 1000, 1060)).toBe(2)
    }
    expect(await ask(() => list({ ttl: 10_000 }), 1000, 4599)).toBe(1)
    expect(await ask(() => list({ ttl: 10_000 }), 1000, 4600)).toBe(2)
  })

  it('is read as base64url says, and not kept where nobody can read it', async () => {
    // Claims in which both letters of base64url stand that base64 has not.
    const odd = { ttl: 20, x: '>>>???\u00ff\u00be' }
    expect(Buffer.from(JSON.stringify(odd)).toString('base64url')).toMatch(/-.*_|_.*-/)
    expect(await ask(() => list(odd), 1000, 1019)).toBe(1)
    expect(await ask(() => list(odd), 1000, 1025)).toBe(2)
    for (const unreadable of ['', 'x', 'a.b.c']) expect(await ask(() => new Response(unreadable), 1000, 1000)).toBe(2)
  })

  it('comes from the issuer alone', async () => {
    const { fetcher, asked } = city({})
    for (const uri of ['https://elsewhere.example/status/1', `${ISSUER}.evil.example/1`, ISSUER])
      expect(await codeOf(fetchStatusList(ISSUER, { uri, fetcher, now: 1000 }))).toBe('status-unavailable')
    expect(asked).toEqual([])
    expect(await codeOf(fetchStatusList(ISSUER, { uri: LIST, fetcher, now: 1000 }))).toBe('status-unavailable')
    expect(asked).toEqual([LIST])
  })

  it('says what came', async () => {
    const { fetcher } = city({ [LIST]: () => list({ ttl: 20 }, 'signature') })
    expect(await fetchStatusList(ISSUER, { uri: LIST, fetcher, now: 1000 })).toMatch(/^e30\..+\.signature$/)
  })
})

describe('what a key is for', () => {
  it.each<[PublicKey, string | undefined]>([
    [{ kty: 'EC', crv: 'P-256' }, 'ES256'],
    [{ kty: 'OKP', crv: 'Ed25519' }, 'EdDSA'],
    [{ kty: 'EC', crv: 'P-384' }, undefined],
    [{ kty: 'RSA' }, undefined],
    [{ kty: 'OKP', crv: 'P-256' }, undefined],
    [{ kty: 'OKP', crv: 'X25519' }, undefined],
    [{ kty: 'EC', crv: 'Ed25519' }, undefined],
    [{ kty: 'oct', crv: 'P-256' }, undefined],
    [{}, undefined],
  ])('follows from the key: %j', (key, algorithm) => {
    if (algorithm !== undefined) expect(algorithmOf(key).jwa).toBe(algorithm)
    else expect(() => algorithmOf(key)).toThrow(new ProofInvalid('algorithm-refused'))
  })

  it('is nothing, of a key that cannot be read; and no signature has another length', async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])
    const key = (await crypto.subtle.exportKey('jwk', publicKey)) as PublicKey
    const signed = new TextEncoder().encode('text')
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, signed))
    expect(await isSigned(key, signature, 'text')).toBe(true)
    expect(await isSigned(key, signature, signed)).toBe(true)
    expect(await isSigned(key, signature, 'other')).toBe(false)
    expect(await isSigned(key, signature.slice(0, 63), 'text')).toBe(false)
    expect(await isSigned(key, new Uint8Array([...signature, 0]), 'text')).toBe(false)
    expect(await isSigned({ ...key, x: 'AA' }, signature, 'text')).toBe(false)
  })

  it('is said in one sentence that quotes nothing', () => {
    const error = new ProofInvalid('expired')
    expect([error.name, error.code, error.message]).toEqual([
      'ProofInvalid',
      'expired',
      'The proof was not accepted: expired.',
    ])
  })
})
