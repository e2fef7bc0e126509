import { createHash, createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import fc from 'fast-check'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { signSdJwt } from '../../src/proofs/sd-jwt.ts'
import { packStatusList } from '../../src/proofs/status-list.ts'
import { ProofInvalid, type PublicKey, statusAt, type VerifyOptions, verifyProof } from '../../src/verify/index.ts'

const ISSUER = 'https://vallmar.example'
const NOW = 1_800_000_000
const LIST = `${ISSUER}/status-lists/1`
const encoder = new TextEncoder()

let keys: PublicKey[]
let privateKey: CryptoKey
let edwards: CryptoKey
let stranger: CryptoKey

beforeAll(async () => {
  const [es, ed, other] = [
    await generateKeyPair('ES256', { extractable: true }),
    await generateKeyPair('EdDSA', { extractable: true }),
    await generateKeyPair('ES256', { extractable: true }),
  ]
  privateKey = es.privateKey
  edwards = ed.privateKey
  stranger = other.privateKey
  keys = [
    { ...(await exportJWK(es.publicKey)), kid: 'es' },
    { ...(await exportJWK(ed.publicKey)), kid: 'ed' },
  ] as PublicKey[]
})

const base = {
  iss: ISSUER,
  iat: NOW - 3600,
  nbf: NOW - 3600,
  exp: NOW + 3600,
  aud: 'library',
  vct: `${ISSUER}/credentials/library`,
  resident: true,
}
const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const digest = (disclosure: string) => createHash('sha256').update(disclosure).digest('base64url')

async function token(
  payload: object,
  options: { header?: object; key?: CryptoKey; disclosures?: string[]; raw?: string } = {},
): Promise<string> {
  const jwt = await new CompactSign(encoder.encode(options.raw ?? JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', typ: 'dc+sd-jwt', kid: 'es', ...options.header })
    .sign(options.key ?? privateKey)
  return `${[jwt, ...(options.disclosures ?? [])].join('~')}~`
}

const codeOf = (text: string, more: Partial<VerifyOptions> = {}) =>
  verifyProof(text, { issuer: ISSUER, keys, now: NOW, ...more }).then(
    () => 'valid',
    (error: unknown) => (error instanceof ProofInvalid ? error.code : `not ours: ${String(error)}`),
  )

async function statusList(
  bits: 1 | 2 | 4 | 8,
  statuses: [number, number][],
  more: object = {},
  key = privateKey,
  header: object = {},
): Promise<string> {
  return new CompactSign(
    encoder.encode(
      JSON.stringify({
        sub: LIST,
        iat: NOW,
        exp: NOW + 600,
        status_list: { bits, lst: packStatusList(64, bits, statuses) },
        ...more,
      }),
    ),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'statuslist+jwt', kid: 'es', ...header })
    .sign(key)
}

describe('a good proof', () => {
  it('gives back what was disclosed and nothing of the plumbing', async () => {
    const text = await signSdJwt({ kid: 'es', algorithm: 'ES256', privateKey }, base, {
      given_name: 'Ona',
      family_name: 'Puig',
    })
    expect(await verifyProof(text, { issuer: ISSUER, keys, now: NOW, service: 'library' })).toEqual({
      issuer: ISSUER,
      service: 'library',
      claims: { resident: true, given_name: 'Ona', family_name: 'Puig' },
      expiresAt: NOW + 3600,
      holderProved: false,
    })
  })

  it('may be signed with EdDSA', async () => {
    expect(await codeOf(await signSdJwt({ kid: 'ed', algorithm: 'EdDSA', privateKey: edwards }, base, {}))).toBe(
      'valid',
    )
  })

  it('may hide claims inside claims and elements of lists', async () => {
    const street = b64(['salt', 'street', 'Major'])
    const address = b64(['salt', 'address', { number: '4', _sd: [digest(street)] }])
    const second = b64(['salt', 'ar'])
    const text = await token(
      {
        ...base,
        _sd: [digest(address)],
        _sd_alg: 'sha-256',
        languages: ['ca', { '...': digest(second) }, { '...': digest('not shown') }],
      },
      { disclosures: [address, street, second] },
    )
    expect((await verifyProof(text, { issuer: ISSUER, keys, now: NOW })).claims).toEqual({
      resident: true,
      address: { number: '4', street: 'Major' },
      languages: ['ca', 'ar'],
    })
  })
})

describe('a proof that is not accepted', () => {
  const refused: [string, string, () => Promise<string>, Partial<VerifyOptions>?][] = [
    ['malformed', 'an empty text', async () => ''],
    ['malformed', 'a bare JWT', async () => (await token(base)).replace('~', '')],
    ['malformed', 'two parts', async () => 'a.b~'],
    ['malformed', 'four parts', async () => `${(await token(base)).replace('~', '')}.x~`],
    [
      'malformed',
      'characters outside base64url',
      async () => `${b64({ typ: 'dc+sd-jwt', alg: 'ES256', kid: 'es' })}.+/=.x~`,
    ],
    ['malformed', 'a header that is not JSON', async () => `${b64('nonsense')}.${b64(base)}.AA~`],
    ['malformed', 'a header that is a list', async () => `${b64([])}.${b64(base)}.AA~`],
    [
      'malformed',
      'a header that is not UTF-8',
      async () => `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${b64(base)}.AA~`,
    ],
    ['malformed', 'a payload that is a list', async () => token([])],
    ['malformed', 'no expiry', async () => token({ ...base, exp: undefined })],
    ['malformed', 'an expiry in words', async () => token({ ...base, exp: 'never' })],
    ['malformed', 'a status without an index', async () => token({ ...base, status: { status_list: { uri: LIST } } })],
    [
      'malformed',
      'a negative status index',
      async () => token({ ...base, status: { status_list: { uri: LIST, idx: -1 } } }),
    ],
    ['malformed', 'an unknown digest algorithm', async () => token({ ...base, _sd_alg: 'md5' })],
    ['malformed', 'digests that are no list', async () => token({ ...base, _sd: 'x' })],
    ['malformed', 'a digest that is no text', async () => token({ ...base, _sd: [1] })],
    [
      'malformed',
      'claims nested past any sense',
      async () => token({ ...base, deep: Array.from({ length: 40 }).reduce((inner) => ({ inner }), {}) }),
    ],
    ['malformed', 'a disclosure that is no list', async () => token(base, { disclosures: [b64({})] })],
    ['malformed', 'a disclosure of four parts', async () => token(base, { disclosures: [b64(['s', 'a', 1, 2])] })],
    ['malformed', 'a disclosure without a salt', async () => token(base, { disclosures: [b64([1, 'a', 1])] })],
    [
      'malformed',
      'a disclosed claim named _sd',
      async () => {
        const d = b64(['s', '_sd', []])
        return token({ ...base, _sd: [digest(d)] }, { disclosures: [d] })
      },
    ],
    [
      'malformed',
      'a disclosed claim named ...',
      async () => {
        const d = b64(['s', '...', 1])
        return token({ ...base, _sd: [digest(d)] }, { disclosures: [d] })
      },
    ],
    ['oversize', 'a megabyte', async () => `${'a'.repeat(1_000_000)}~`],
    ['wrong-type', 'a plain JWT type', async () => token(base, { header: { typ: 'JWT' } })],
    ['wrong-type', 'an access token', async () => token(base, { header: { typ: 'at+jwt' } })],
    ['wrong-type', 'no type', async () => token(base, { header: { typ: undefined } })],
    [
      'algorithm-refused',
      'alg none',
      async () => `${b64({ alg: 'none', typ: 'dc+sd-jwt', kid: 'es' })}.${b64(base)}.~`,
    ],
    [
      'algorithm-refused',
      'HMAC with the public key as its secret',
      async () => {
        const head = `${b64({ alg: 'HS256', typ: 'dc+sd-jwt', kid: 'es' })}.${b64(base)}`
        return `${head}.${createHmac('sha256', JSON.stringify(keys[0])).update(head).digest('base64url')}~`
      },
    ],
    [
      'algorithm-refused',
      'an algorithm that is not the key’s',
      async () => `${b64({ alg: 'EdDSA', typ: 'dc+sd-jwt', kid: 'es' })}.${b64(base)}.AA~`,
    ],
    [
      'algorithm-refused',
      'its own key in the header',
      async () =>
        token(base, {
          header: { jwk: await exportJWK(await generateKeyPair('ES256').then((pair) => pair.publicKey)) },
          key: stranger,
        }),
    ],
    [
      'algorithm-refused',
      'an address to fetch a key from',
      async () => token(base, { header: { jku: 'https://evil.example/jwks' }, key: stranger }),
    ],
    ['algorithm-refused', 'a certificate chain', async () => token(base, { header: { x5c: ['AA=='] }, key: stranger })],
    ['unknown-key', 'a key nobody published', async () => token(base, { header: { kid: 'other' }, key: stranger })],
    ['unknown-key', 'no key id', async () => token(base, { header: { kid: undefined } })],
    ['bad-signature', 'another’s signature', async () => token(base, { key: stranger })],
    [
      'bad-signature',
      'a changed payload',
      async () => {
        const [h, , s] = (await token(base)).split('.')
        return `${h}.${b64({ ...base, aud: 'bank' })}.${s}`
      },
    ],
    [
      'bad-signature',
      'no signature',
      async () => {
        const [h, p] = (await token(base)).split('.')
        return `${h}.${p}.~`
      },
    ],
    [
      'bad-signature',
      'a signature of zeros',
      async () => {
        const [h, p] = (await token(base)).split('.')
        return `${h}.${p}.${Buffer.alloc(64).toString('base64url')}~`
      },
    ],
    ['wrong-issuer', 'another town', async () => token({ ...base, iss: 'https://other.example' })],
    ['wrong-issuer', 'no issuer', async () => token({ ...base, iss: undefined })],
    ['wrong-audience', 'another service', async () => token(base), { service: 'social-housing' }],
    ['wrong-audience', 'no service at all', async () => token({ ...base, aud: undefined }), { service: 'library' }],
    ['not-yet-valid', 'nbf in the future', async () => token({ ...base, nbf: NOW + 600 })],
    ['not-yet-valid', 'iat in the future', async () => token({ ...base, iat: NOW + 600 })],
    ['expired', 'exp in the past', async () => token({ ...base, exp: NOW - 600 })],
    [
      'disclosure-unmatched',
      'a claim nobody signed',
      async () => token(base, { disclosures: [b64(['s', 'resident_since', '1990-01-01'])] }),
    ],
    [
      'digest-duplicated',
      'a disclosure given twice',
      async () => {
        const d = b64(['s', 'a', 1])
        return token({ ...base, _sd: [digest(d)] }, { disclosures: [d, d] })
      },
    ],
    [
      'digest-duplicated',
      'a digest standing twice',
      async () => {
        const d = b64(['s', 'a', 1])
        return token({ ...base, _sd: [digest(d), digest(d)] }, { disclosures: [d] })
      },
    ],
    [
      'claim-duplicated',
      'a disclosed claim that is there already',
      async () => {
        const d = b64(['s', 'resident', false])
        return token({ ...base, _sd: [digest(d)] }, { disclosures: [d] })
      },
    ],
    [
      'claim-duplicated',
      'two disclosures of one claim',
      async () => {
        const [d, e] = [b64(['s', 'a', 1]), b64(['t', 'a', 2])]
        return token({ ...base, _sd: [digest(d), digest(e)] }, { disclosures: [d, e] })
      },
    ],
    ['key-binding-invalid', 'a key binding by a stranger', async () => `${await token(base)}a.b.c`],
    [
      'status-unavailable',
      'a list at another address',
      async () => token({ ...base, status: { status_list: { uri: 'https://evil.example/list', idx: 1 } } }),
    ],
    [
      'status-unavailable',
      'a list that was not given',
      async () => token({ ...base, status: { status_list: { uri: LIST, idx: 1 } } }),
      { statusLists: {} },
    ],
  ]

  it.each(refused)('%s: %s', async (code, _, make, options) => {
    expect(await codeOf(await make(), options)).toBe(code)
  })

  it('never quotes the proof in its message', async () => {
    const d = b64(['s', 'given_name', 'Confidencial'])
    await expect(
      verifyProof(await token(base, { disclosures: [d] }), { issuer: ISSUER, keys, now: NOW }),
    ).rejects.not.toThrow(/Confidencial|eyJ/)
  })

  it('is every proof with any one character changed', async () => {
    const text = await signSdJwt({ kid: 'es', algorithm: 'ES256', privateKey }, base, { given_name: 'Ona' })
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'ABCxyz019-_.~'), async (at, letter) => {
        fc.pre(text[at] !== letter)
        const changed = `${text.slice(0, at)}${letter}${text.slice(at + 1)}`
        const code = await codeOf(changed)
        if (code === 'valid') {
          // The last character of a base64url text may carry unused bits: the same bytes, written otherwise.
          const bytes = (one: string) => one.split(/[.~]/).map((part) => Buffer.from(part, 'base64url').toString('hex'))
          expect(bytes(changed)).toEqual(bytes(text))
        } else expect(code).not.toMatch(/not ours/)
      }),
      { numRuns: 400 },
    )
  })

  it('is any nonsense, always with one of our codes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `${text}~`),
          fc.json().map((json) => `${b64(json)}.${b64(json)}.AA~`),
        ),
        async (text) => {
          expect(await codeOf(text)).toMatch(/^[a-z-]+$/)
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** A vector of the draft: a JSON object after some prose, its `lst` broken over lines. */
function vectorOf(name: string): { bits: number; lst: string } {
  const text = readFileSync(`tests/vectors/status-list/${name}.txt`, 'utf8')
  return JSON.parse(
    text
      .slice(text.indexOf('{'))
      .replace(/"lst":\s*"([^"]*)"/s, (_, list: string) => `"lst":"${list.replace(/\s/g, '')}"`),
  )
}

describe('status', () => {
  const withStatus = (idx = 5) => token({ ...base, status: { status_list: { uri: LIST, idx } } })
  const given = (list: string) => ({ statusLists: { [LIST]: list } })

  it.each([1, 2, 4, 8] as const)('is read from lists of %i bits', async (bits) => {
    expect(
      await codeOf(
        await withStatus(),
        given(
          await statusList(bits, [
            [4, 1],
            [6, 1],
          ]),
        ),
      ),
    ).toBe('valid')
    expect(await codeOf(await withStatus(), given(await statusList(bits, [[5, 1]])))).toBe('revoked')
  })

  it.each<[string, () => Promise<string>, string]>([
    ['status-unavailable', () => statusList(1, [], { sub: `${ISSUER}/status-lists/2` }), 'a list for another address'],
    ['status-unavailable', () => statusList(1, [], { exp: NOW - 1 }), 'an old list'],
    ['status-unavailable', () => statusList(1, [], { status_list: undefined }), 'a list without a list'],
    ['status-unavailable', () => statusList(1, [], { status_list: { bits: 3, lst: 'x' } }), 'bits that are none'],
    [
      'status-unavailable',
      () => statusList(1, [], { status_list: { bits: 1, lst: b64('not zlib') } }),
      'a broken list',
    ],
    ['bad-signature', () => statusList(1, [], {}, stranger), 'a forged list'],
    ['wrong-type', () => statusList(1, [], {}, privateKey, { typ: 'JWT' }), 'something that is no list'],
  ])('%s: %s', async (code, make) => {
    expect(await codeOf(await withStatus(), given(await make()))).toBe(code)
  })

  it('past the end of the list is not a yes', async () => {
    expect(await codeOf(await withStatus(64), given(await statusList(1, [])))).toBe('status-unavailable')
  })

  it('cannot be unpacked without bound', async () => {
    const bomb = packStatusList(2 ** 28, 1, [])
    expect(bomb.length).toBeLessThan(100_000)
    expect(
      await codeOf(await withStatus(), given(await statusList(1, [], { status_list: { bits: 1, lst: bomb } }))),
    ).toBe('status-unavailable')
  })

  describe('agrees with the vectors of the Token Status List draft', () => {
    it('status_list_encoding4_json', async () => {
      const list = vectorOf('status_list_encoding4_json')
      const marked = [
        [0, 1],
        [1993, 2],
        [35460, 3],
        [459495, 4],
        [595669, 5],
        [754353, 6],
        [845645, 7],
        [923232, 8],
        [924445, 9],
        [934534, 10],
        [1004534, 11],
        [1000345, 12],
        [1030203, 13],
        [1030204, 14],
        [1030205, 15],
      ] as const
      expect(list.bits).toBe(4)
      for (const [index, status] of marked) {
        expect(await statusAt(list, index)).toBe(status)
        expect(await statusAt(list, index + 100)).toBe(0)
      }
    })

    const vectors: [string, 1 | 2 | 4, number[]][] = [
      ['status_list_encoding_json', 1, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]],
      ['status_list_encoding2_json', 2, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]],
    ]
    it.each(vectors)('%s', async (name, bits, statuses) => {
      const { bits: given, lst } = vectorOf(name)
      expect(given).toBe(bits)
      for (const [index, status] of statuses.entries()) expect(await statusAt({ bits: given, lst }, index)).toBe(status)
      const ours = packStatusList(
        statuses.length,
        bits,
        statuses.map((status, index) => [index, status] as const),
      )
      for (const [index, status] of statuses.entries()) expect(await statusAt({ bits, lst: ours }, index)).toBe(status)
    })
  })
})

describe('fetching keys and lists', () => {
  const answering =
    (body: BodyInit | null, status = 200): typeof fetch =>
    async () =>
      new Response(body, { status })
  const fetched = async (fetcher: typeof fetch) =>
    codeOf(await token(base), { keys: undefined as never, fetch: fetcher })

  it('takes published keys', async () => {
    expect(await fetched(answering(JSON.stringify({ keys })))).toBe('valid')
  })

  it.each<[string, typeof fetch]>([
    ['not found', answering('', 404)],
    ['no JSON', answering('<html>')],
    ['no keys in it', answering('{}')],
    [
      'no network',
      async () => {
        throw new TypeError('fetch failed')
      },
    ],
    [
      'an endless answer',
      answering(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) })),
    ],
  ])('says keys-unavailable on %s', async (_, fetcher) => {
    expect(await fetched(fetcher)).toBe('keys-unavailable')
  })

  it('asks only the issuer, and follows no redirect', async () => {
    const asked: [string, RequestInit | undefined][] = []
    const text = await token({ ...base, status: { status_list: { uri: LIST, idx: 5 } } })
    const list = await statusList(1, [])
    await verifyProof(text, {
      issuer: ISSUER,
      now: NOW,
      fetch: async (url, init) => {
        asked.push([String(url), init])
        return new Response(String(url).endsWith('jwks.json') ? JSON.stringify({ keys }) : list)
      },
    })
    expect(asked.map(([url]) => url)).toEqual([`${ISSUER}/.well-known/jwks.json`, LIST])
    for (const [, init] of asked) expect(init).toMatchObject({ redirect: 'error', signal: expect.any(AbortSignal) })
  })
})

describe('tokens of software that is not ours', () => {
  it('are accepted: @sd-jwt/sd-jwt-vc issues, we verify', async () => {
    const library = new SDJwtVcInstance({
      hasher: async (data: string | ArrayBuffer) =>
        new Uint8Array(await crypto.subtle.digest('SHA-256', typeof data === 'string' ? encoder.encode(data) : data)),
      hashAlg: 'sha-256',
      saltGenerator: async (length: number) => randomBytes(length).toString('base64url'),
      signAlg: 'ES256',
      signer: async (data: string) =>
        Buffer.from(
          await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encoder.encode(data)),
        ).toString('base64url'),
    } as never)
    const text = await library.issue(
      {
        iss: ISSUER,
        vct: base.vct,
        iat: base.iat,
        exp: base.exp,
        aud: 'library',
        given_name: 'Ona',
        address: { street: 'Major', number: '4' },
        languages: ['ca', 'ar'],
      } as never,
      { _sd: ['given_name', 'address'], address: { _sd: ['street'] }, languages: { _sd: [1] } } as never,
      { header: { kid: 'es' } } as never,
    )
    expect((await verifyProof(text, { issuer: ISSUER, keys, now: NOW, service: 'library' })).claims).toEqual({
      given_name: 'Ona',
      address: { street: 'Major', number: '4' },
      languages: ['ca', 'ar'],
    })
  })
})
