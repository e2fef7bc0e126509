import { encode } from 'cborg'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCbor, writeCbor } from '../../src/verify/cbor.ts'
import { fromCompactText, isCompact, readCompact, SHORT_NAMES, toCompactText } from '../../src/verify/compact.ts'
import { ProofInvalid, type PublicKey, verifyProof } from '../../src/verify/index.ts'

// What a city with a key of its own may sign, well formed or not: a signature makes nothing true that cannot be read.

const ISSUER = 'https://vallmar.example'
const ID = Uint8Array.from({ length: 16 }, (_, i) => i)
const NOW = 1_800_000_000

let key: PublicKey
let sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>
let name: Uint8Array

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  key = { ...jwk, kid } as PublicKey
  name = Uint8Array.from(Buffer.from(kid, 'base64url').subarray(0, 8))
  sign = async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes))
})

const whole = (): Map<number | string, unknown> =>
  new Map<number | string, unknown>([
    [1, ISSUER],
    [3, 'library'],
    [4, NOW + 600],
    [6, NOW],
    ['l', [ID, 7]],
  ])
const between = (iat: number, exp: number) =>
  but((all) => {
    all.set(4, exp)
    all.set(6, iat)
  })
const but = (change: (payload: Map<number | string, unknown>) => void) => {
  const payload = whole()
  change(payload)
  return payload
}
async function signed(payload: unknown, { header, open }: { header?: unknown; open?: unknown } = {}): Promise<string> {
  const head = encode(
    header ??
      new Map<number, unknown>([
        [1, -8],
        [4, name],
      ]),
  )
  const body = encode(payload)
  const toSign = Uint8Array.from([0x84, ...writeCbor('Signature1'), ...writeCbor(head), 0x40, ...writeCbor(body)])
  return toCompactText(encode([head, open ?? new Map(), body, await sign(toSign)]))
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'valid',
    (error: unknown) => (error instanceof ProofInvalid ? error.code : `not ours: ${String(error)}`),
  )
const read = async (payload: unknown, parts: object = {}, keys = [key]) =>
  readCompact(await signed(payload, parts), keys)

describe('what a compact proof says', () => {
  it('is read as it was signed', async () => {
    const claims = Object.values(SHORT_NAMES).map((short, i): [string, unknown] => [short, `claim ${i}`])
    const payload = but((all) => {
      for (const [short, value] of claims) all.set(short, value)
      all.set('x', ['a', ['b', null]])
      all.set(
        'y',
        new Map([
          [1, true],
          [2, false],
        ]),
      )
      all.set('o', new Map([[18, true]]))
    })
    expect(await read(payload)).toEqual({
      iss: ISSUER,
      aud: 'library',
      exp: NOW + 600,
      iat: NOW,
      status: { uri: `${ISSUER}/status-lists/00010203-0405-0607-0809-0a0b0c0d0e0f`, index: 7 },
      claims: {
        resident: true,
        given_name: 'claim 0',
        family_name: 'claim 1',
        birthdate: 'claim 2',
        address: 'claim 3',
        district: 'claim 4',
        resident_since: 'claim 5',
        household_size: 'claim 6',
        continuous_residence_since: 'claim 7',
        residence_gaps: ['a', ['b', null]],
        resident_at_least_1_year: true,
        resident_at_least_2_years: false,
        age_over_18: true,
      },
    })
    expect((await read(whole())).claims).toEqual({ resident: true })
    expect((await read(but((all) => all.set('l', [ID, 0])))).status.index).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['no map', () => [1, 2]],
    ['no issuer', () => but((all) => all.delete(1))],
    ['an issuer that is a number', () => but((all) => all.set(1, 5))],
    ['no service', () => but((all) => all.delete(3))],
    ['a service that is a list', () => but((all) => all.set(3, ['library']))],
    ['no end', () => but((all) => all.delete(4))],
    ['an end in words', () => but((all) => all.set(4, 'tomorrow'))],
    ['no beginning', () => but((all) => all.delete(6))],
    ['a beginning in words', () => but((all) => all.set(6, 'now'))],
    ['no place in a list', () => but((all) => all.delete('l'))],
    ['a place that is text', () => but((all) => all.set('l', 'ab'))],
    ['a place of one part', () => but((all) => all.set('l', [ID]))],
    ['a place of three parts', () => but((all) => all.set('l', [ID, 7, 7]))],
    ['a list named in text', () => but((all) => all.set('l', ['0102030405060708', 7]))],
    ['a list of fifteen bytes', () => but((all) => all.set('l', [ID.slice(1), 7]))],
    ['a place in words', () => but((all) => all.set('l', [ID, 'seven']))],
    ['a place before the first', () => but((all) => all.set('l', [ID, -1]))],
    ['years that are a list', () => but((all) => all.set('y', [[2, true]]))],
    ['years in words', () => but((all) => all.set('y', new Map([['two', true]])))],
    ['years that are neither yes nor no', () => but((all) => all.set('y', new Map([[2, 1]])))],
    ['an age in words', () => but((all) => all.set('o', new Map([[18, 'yes']])))],
    ['a name that is a map', () => but((all) => all.set('g', new Map()))],
    ['a name that is bytes', () => but((all) => all.set('g', ID))],
    ['bytes in a list', () => but((all) => all.set('x', [ID]))],
  ])('is malformed with %s, whoever signed it', async (_, payload) => {
    expect(await codeOf(read(payload()))).toBe('malformed')
  })

  it.each<[string, () => unknown, string]>([
    ['no map', () => [1, 2], 'malformed'],
    ['an algorithm alone', () => new Map([[1, -8]]), 'malformed'],
    [
      'three entries',
      () =>
        new Map<number, unknown>([
          [1, -8],
          [4, name],
          [5, 1],
        ]),
      'malformed',
    ],
    [
      'a key named in text',
      () =>
        new Map<number, unknown>([
          [1, -8],
          [4, '01234567'],
        ]),
      'malformed',
    ],
    [
      'a key named in seven bytes',
      () =>
        new Map<number, unknown>([
          [1, -8],
          [4, name.slice(1)],
        ]),
      'malformed',
    ],
    [
      'another algorithm',
      () =>
        new Map<number, unknown>([
          [1, -37],
          [4, name],
        ]),
      'algorithm-refused',
    ],
    [
      'an algorithm in words',
      () =>
        new Map<number, unknown>([
          [1, 'EdDSA'],
          [4, name],
        ]),
      'algorithm-refused',
    ],
    [
      'the algorithm of another key',
      () =>
        new Map<number, unknown>([
          [1, -7],
          [4, name],
        ]),
      'algorithm-refused',
    ],
    [
      'a key nobody knows',
      () =>
        new Map<number, unknown>([
          [1, -8],
          [4, ID.slice(8)],
        ]),
      'unknown-key',
    ],
  ])('is not looked at under a header with %s', async (_, header, code) => {
    expect(await codeOf(read(whole(), { header: header() }))).toBe(code)
  })

  it('is not looked at beside anything that is not signed', async () => {
    expect(await codeOf(read(whole(), { open: new Map([[1, -8]]) }))).toBe('malformed')
    expect(await codeOf(read(whole(), { open: [] }))).toBe('malformed')
    for (const parts of [
      ['a', new Map(), ID, ID],
      [ID, new Map(), 'a', ID],
      [ID, new Map(), ID, 'a'],
      [ID, ID],
      'text',
    ])
      expect(await codeOf(readCompact(toCompactText(encode(parts)), [key]))).toBe('malformed')
  })

  it('is of the key that its name begins, to the last bit, and of no key without a name', async () => {
    const bytes = Buffer.from(key.kid ?? '', 'base64url')
    const near = Buffer.from(bytes)
    near[7] = (near[7] ?? 0) ^ 1
    const nearby = { ...key, kid: near.toString('base64url') }
    const { kid: _, ...unnamed } = key
    expect(await codeOf(read(whole(), {}, [nearby]))).toBe('unknown-key')
    expect(await codeOf(read(whole(), {}, [unnamed, nearby, key]))).toBe('valid')
  })
})

describe('the times of a proof', () => {
  const statusLists = {}
  const verify = async (terms: { exp?: number; iat?: number }, tolerance?: number) =>
    codeOf(
      verifyProof(await signed(between(terms.iat ?? NOW - 600, terms.exp ?? NOW + 600)), {
        issuer: ISSUER,
        service: 'library',
        keys: [key],
        statusLists,
        fetch: async () => new Response(null, { status: 404 }),
        now: NOW,
        ...(tolerance === undefined ? {} : { tolerance }),
      }),
    )
  // Without a list at hand every proof whose times are good ends there.
  const GOOD = 'status-unavailable'

  it('end with the tolerance, and not a second later', async () => {
    expect(await verify({ exp: NOW - 59 })).toBe(GOOD)
    expect(await verify({ exp: NOW - 60 })).toBe('expired')
    expect(await verify({ exp: NOW + 1 }, 0)).toBe(GOOD)
    expect(await verify({ exp: NOW }, 0)).toBe('expired')
  })

  it('begin with the tolerance, and not a second before', async () => {
    expect(await verify({ iat: NOW + 60 })).toBe(GOOD)
    expect(await verify({ iat: NOW + 61 })).toBe('not-yet-valid')
    expect(await verify({ iat: NOW }, 0)).toBe(GOOD)
    expect(await verify({ iat: NOW + 1 }, 0)).toBe('not-yet-valid')
  })

  it('are measured by the clock where nobody says what time it is', async () => {
    const second = Math.floor(Date.now() / 1000)
    const text = await signed(between(second - 600, second + 600))
    const none = async () => new Response(null, { status: 404 })
    expect(await codeOf(verifyProof(text, { issuer: ISSUER, keys: [key], statusLists, fetch: none }))).toBe(GOOD)
  })
})

describe('a key that is not among those kept', () => {
  const jwks = (...keys: PublicKey[]) => new Response(JSON.stringify({ keys }))

  it('is asked for once more, of a city that has just begun to sign with it', async () => {
    let published: PublicKey[] = []
    const asked: string[] = []
    const fetcher: typeof fetch = async (input) => {
      asked.push(String(input))
      return String(input).endsWith('jwks.json') ? jwks(...published) : new Response(null, { status: 404 })
    }
    const verify = async (now: number) =>
      codeOf(verifyProof(await signed(whole()), { issuer: ISSUER, service: 'library', fetch: fetcher, now }))
    expect(await verify(NOW)).toBe('unknown-key')
    expect(asked).toHaveLength(1)
    published = [key]
    expect(await verify(NOW + 10)).toBe('unknown-key')
    expect(asked).toHaveLength(1)
    expect(await verify(NOW + 30)).toBe('status-unavailable')
    expect(asked.filter((address) => address.endsWith('jwks.json'))).toHaveLength(2)
    expect(await verify(NOW + 40)).toBe('status-unavailable')
    expect(asked.filter((address) => address.endsWith('jwks.json'))).toHaveLength(2)
  })

  it('is asked for only where it is a key that is missing', async () => {
    const asked: string[] = []
    const fetcher: typeof fetch = async (input) => {
      asked.push(String(input))
      return jwks(key)
    }
    const broken = await signed(whole(), { open: new Map([[1, 1]]) })
    for (const now of [NOW, NOW + 100])
      expect(await codeOf(verifyProof(broken, { issuer: ISSUER, fetch: fetcher, now }))).toBe('malformed')
    expect(asked).toHaveLength(1)
  })
})

describe('the letters of a compact proof', () => {
  it('are whole groups of values that fit into their bytes', () => {
    expect([...fromCompactText(toCompactText(Uint8Array.from([0, 255, 16])))]).toEqual([0, 255, 16])
    expect([...fromCompactText(toCompactText(Uint8Array.from([255, 255])))]).toEqual([255, 255])
    expect([...fromCompactText(toCompactText(Uint8Array.from([255])))]).toEqual([255])
    const [most, one] = [toCompactText(Uint8Array.from([255, 255])), toCompactText(Uint8Array.from([255]))]
    for (const text of ['', 'A', `${most}A`, ':::', '::', 'ab', 'A B', `${most}\n`, `${most.slice(0, 2)}z`])
      expect(() => fromCompactText(text), text).toThrow(new ProofInvalid('malformed'))
    expect(one).toHaveLength(2)
    expect(isCompact(most)).toBe(true)
    expect(isCompact(`${most}~`)).toBe(false)
  })
})

describe('the binary form, byte by byte', () => {
  const refused = (...bytes: number[]) =>
    expect(() => readCbor(Uint8Array.from(bytes)), bytes.join(' ')).toThrow(new ProofInvalid('malformed'))

  it('takes the shortest length alone', () => {
    expect(readCbor(Uint8Array.from([23]))).toBe(23)
    expect(readCbor(Uint8Array.from([24, 24]))).toBe(24)
    refused(24, 23)
    expect(readCbor(Uint8Array.from([25, 1, 0]))).toBe(256)
    refused(25, 0, 255)
    expect(readCbor(Uint8Array.from([26, 0, 1, 0, 0]))).toBe(65_536)
    refused(26, 0, 0, 255, 255)
    expect(readCbor(Uint8Array.from([27, 0, 0, 0, 1, 0, 0, 0, 0]))).toBe(4_294_967_296)
    refused(27, 0, 0, 0, 0, 255, 255, 255, 255)
    refused(27, 0, 0x20, 0, 0, 0, 0, 0, 0)
    for (const open of [28, 29, 30, 31]) refused(open, 0, 0, 0, 0, 0, 0, 0, 0)
  })

  it('takes yes, no and nothing, and no other simple value', () => {
    expect([0xf4, 0xf5, 0xf6].map((byte) => readCbor(Uint8Array.from([byte])))).toEqual([false, true, null])
    for (const byte of [0xe0, 0xf3, 0xf7, 0xf8, 0xf9, 0xff]) refused(byte, 0, 0)
    refused(0xc0, 0)
  })

  it('takes no more than there is, and nothing after it', () => {
    refused()
    refused(0x42, 1)
    refused(0x62, 0x61)
    refused(0x82, 1)
    refused(0x9a, 0xff, 0xff, 0xff, 0xff)
    refused(1, 1)
    refused(0x61, 0xff)
  })

  it('takes texts as they are, a mark of byte order too', () => {
    expect(readCbor(Uint8Array.from([0x63, 0xef, 0xbb, 0xbf]))).toBe('\ufeff')
  })

  it('takes keys that are numbers or texts, each once', () => {
    expect(readCbor(Uint8Array.from([0xa2, 1, 2, 0x61, 0x61, 3]))).toEqual(
      new Map<number | string, number>([
        [1, 2],
        ['a', 3],
      ]),
    )
    for (const odd of [0xf5, 0xf6, 0x40, 0x80, 0xa0]) refused(0xa1, odd, 1)
    refused(0xa2, 1, 2, 1, 3)
  })

  it('goes eight levels deep and no further, in lists and in maps', () => {
    const lists = (n: number) => Uint8Array.from([...Array.from({ length: n }, () => 0x81), 1])
    expect(() => readCbor(lists(8))).not.toThrow()
    expect(() => readCbor(lists(9))).toThrow(new ProofInvalid('malformed'))
    const maps = (n: number) => Uint8Array.from([...Array.from({ length: n }, () => [0xa1, 1]).flat(), 1])
    expect(() => readCbor(maps(8))).not.toThrow()
    expect(() => readCbor(maps(9))).toThrow(new ProofInvalid('malformed'))
  })

  it('writes what it reads, at each length of a head', () => {
    for (const length of [0, 23, 24, 255, 256, 300]) {
      const bytes = new Uint8Array(length).fill(7)
      expect(writeCbor(bytes)).toEqual(Uint8Array.from(encode(bytes)))
      expect(writeCbor('x'.repeat(length))).toEqual(Uint8Array.from(encode('x'.repeat(length))))
    }
  })
})
