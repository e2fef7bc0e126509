import { createHash, createHmac } from 'node:crypto'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { ProofInvalid, type PublicKey, verifyProof } from '../../src/verify/index.ts'

// A corpus of tokens that mean harm, each with the one code it must be refused with. RFC 8725; RFC 9901 section 9.

const ISSUER = 'https://vallmar.example'
const NOW = 1_800_000_000
const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
const base = { iss: ISSUER, iat: NOW - 60, nbf: NOW - 60, exp: NOW + 3600, aud: 'library', resident: true }

let city: CryptoKeyPair
let stranger: CryptoKeyPair
let keys: PublicKey[]
let pem: string
beforeAll(async () => {
  city = await generateKeyPair('ES256', { extractable: true })
  stranger = await generateKeyPair('ES256', { extractable: true })
  keys = [{ ...(await exportJWK(city.publicKey)), kid: 'es' } as PublicKey]
  pem = await exportSPKI(city.publicKey)
})

async function sign(payload: unknown, header: object = {}, key = city.privateKey): Promise<string> {
  return new CompactSign(new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', typ: 'dc+sd-jwt', kid: 'es', ...header })
    .sign(key)
}
/** Parts put together by hand, for headers no library would write. */
const raw = (header: unknown, payload: unknown = base, signature = 'A'.repeat(86)) =>
  `${b64(header)}.${b64(payload)}.${signature}~`
const good = { alg: 'ES256', typ: 'dc+sd-jwt', kid: 'es' }

type Case = [code: string, what: string, make: () => string | Promise<string>]
const cases: Case[] = []
const add = (code: string, what: string, make: Case[2]) => cases.push([code, what, make])

// Algorithm confusion.
for (const alg of [
  'none',
  'None',
  'NONE',
  'nOnE',
  '',
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES384',
  'ES512',
  'ES256K',
  'es256',
  'ES256 ',
  ' ES256',
  'ES-256',
  'dir',
  'A128KW',
  'ECDH-ES',
  'Ed448',
  '__proto__',
  'constructor',
  'toString',
  null,
  true,
  7,
  -7,
  ['ES256'],
  { alg: 'ES256' },
])
  add('algorithm-refused', `alg ${JSON.stringify(alg)}`, () => raw({ ...good, alg }))
add('algorithm-refused', 'no alg at all', () => raw({ typ: 'dc+sd-jwt', kid: 'es' }))
add('algorithm-refused', 'EdDSA for a key that is for ES256', () => raw({ ...good, alg: 'EdDSA' }))
for (const secret of ['pem', 'jwk', 'x', 'empty'])
  add('algorithm-refused', `HMAC with the public key as secret (${secret})`, async () => {
    const text =
      secret === 'pem' ? pem : secret === 'jwk' ? JSON.stringify(keys[0]) : secret === 'x' ? (keys[0]?.x ?? '') : ''
    const input = `${b64({ ...good, alg: 'HS256' })}.${b64(base)}`
    return `${input}.${createHmac('sha256', text).update(input).digest('base64url')}~`
  })

// Keys a token brings along.
for (const [name, value] of [
  ['jwk', {}],
  ['jwk', { kty: 'EC' }],
  ['jku', `${ISSUER}/keys`],
  ['jku', 'http://169.254.169.254/'],
  ['x5u', 'https://evil.example/x'],
  ['x5c', []],
  ['x5c', ['MIIB']],
  ['crit', []],
  ['crit', ['exp']],
  ['crit', ['b64']],
] as [string, unknown][])
  add('algorithm-refused', `${name} in the header: ${JSON.stringify(value)}`, () =>
    sign(base, { [name]: value } as object)
      .catch(() => raw({ ...good, [name]: value }))
      .then((jwt) => (jwt.endsWith('~') ? jwt : `${jwt}~`)),
  )
add(
  'algorithm-refused',
  'its own key, signed with it',
  async () => `${await sign(base, { jwk: await exportJWK(stranger.publicKey) }, stranger.privateKey)}~`,
)
for (const kid of [
  '',
  'ES',
  'es ',
  'es\u0000',
  'ｅｓ',
  '../es',
  "es' or '1'='1",
  '*',
  'constructor',
  '__proto__',
  'x'.repeat(5000),
])
  add('unknown-key', `kid ${JSON.stringify(kid.slice(0, 20))}`, async () => `${await sign(base, { kid })}~`)
for (const kid of [null, 1, true, ['es'], { kid: 'es' }])
  add('unknown-key', `kid of another kind: ${JSON.stringify(kid)}`, () => raw({ ...good, kid }))
add('unknown-key', 'no kid', () => raw({ alg: 'ES256', typ: 'dc+sd-jwt' }))

// Types of other tokens.
for (const typ of [
  'JWT',
  'jwt',
  'at+jwt',
  'kb+jwt',
  'statuslist+jwt',
  'vc+sd-jwt',
  'DC+SD-JWT',
  'dc+sd-jwt ',
  'application/dc+sd-jwt',
  'secevent+jwt',
  'dpop+jwt',
  '',
])
  add('wrong-type', `typ ${JSON.stringify(typ)}`, async () => `${await sign(base, { typ })}~`)
for (const typ of [null, 1, ['dc+sd-jwt'], {}])
  add('wrong-type', `typ of another kind: ${JSON.stringify(typ)}`, () => raw({ ...good, typ }))
add('wrong-type', 'no typ', () => raw({ alg: 'ES256', kid: 'es' }))

// Signatures.
add('bad-signature', 'a stranger’s', async () => `${await sign(base, {}, stranger.privateKey)}~`)
for (const [what, signature] of [
  ['zeros', 'A'.repeat(86)],
  ['ones', `${'_'.repeat(85)}w`],
  ['too short', 'A'.repeat(80)],
  ['too long', 'A'.repeat(88)],
  ['none', ''],
  ['DER', b64(Buffer.from('3006020101020101', 'hex').toString('latin1'))],
] as const)
  add('bad-signature', `made of ${what}`, () => raw(good, base, signature))
add('bad-signature', 'of another payload', async () => {
  const [head, , signature] = (await sign(base)).split('.')
  return `${head}.${b64({ ...base, resident: 'and more' })}.${signature}~`
})
add('bad-signature', 'of another header', async () => {
  const [, body, signature] = (await sign(base)).split('.')
  return `${b64({ ...good, x: 1 })}.${body}.${signature}~`
})

// Forms.
for (const text of [
  '',
  '~',
  '~~',
  '.',
  '..',
  '..~',
  '...~',
  'a',
  'a~',
  'a.b~',
  'a.b.c',
  'a.b.c.d~',
  ' ~',
  '\u0000~',
  '{}~',
  'null~',
  'e30.e30~',
  'eyJ',
  '🙂.🙂.🙂~',
  'ＡＢＣ.ＡＢＣ.ＡＢＣ~',
  '.\u202e.~',
])
  add('malformed', `just ${JSON.stringify(text)}`, () => text)
for (const part of ['=', 'AA=', 'A', '+/+/', 'a b', 'a\nb', 'é', '%41', 'AAAAA'])
  add('malformed', `a header of ${JSON.stringify(part)}`, () => `${part}.${b64(base)}.${'A'.repeat(86)}~`)
for (const value of ['[]', 'null', '1', '"x"', 'true', '', '{', '{"a":1}{', '{"alg":"ES256",}', '\ufeff{}', 'NaN'])
  add('malformed', `a header that is ${JSON.stringify(value)}`, () => `${b64(value)}.${b64(base)}.${'A'.repeat(86)}~`)
for (const value of ['[]', 'null', '1', '"x"', 'true', '', '{', '\ufeff{}'])
  add('malformed', `a signed payload that is ${JSON.stringify(value)}`, async () => `${await sign(value || ' ')}~`)
add('malformed', 'a payload that is not UTF-8', async () => {
  const input = await new CompactSign(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))
    .setProtectedHeader(good)
    .sign(city.privateKey)
  return `${input}~`
})
add('oversize', 'a token of a megabyte', () => `${'A'.repeat(1_000_000)}~`)
add('oversize', 'ten thousand disclosures', async () => `${await sign(base)}~${'WyJhIl0~'.repeat(10_000)}`)

// Terms.
for (const exp of [undefined, null, 'soon', `${NOW + 3600}`, [NOW + 3600], {}, true])
  add('malformed', `exp ${JSON.stringify(exp) ?? 'missing'}`, async () => `${await sign({ ...base, exp })}~`)
for (const exp of [0, -1, 1, NOW - 61, NOW - 3600, -(2 ** 53)])
  add('expired', `exp ${exp}`, async () => `${await sign({ ...base, exp })}~`)
for (const iss of [
  undefined,
  null,
  '',
  'https://vallmar.example/',
  'https://VALLMAR.example',
  'http://vallmar.example',
  'https://vallmar.example.evil.example',
  'https://vallmar.example@evil.example',
  'https://vаllmar.example',
  [ISSUER],
  { iss: ISSUER },
])
  add('wrong-issuer', `iss ${JSON.stringify(iss) ?? 'missing'}`, async () => `${await sign({ ...base, iss })}~`)
for (const aud of [undefined, 'bank', 'LIBRARY', 'library ', '', ['bank'], [], [['library']], { library: true }, 1])
  add('wrong-audience', `aud ${JSON.stringify(aud) ?? 'missing'}`, async () => `${await sign({ ...base, aud })}~`)
for (const [name, value] of [
  ['nbf', NOW + 3600],
  ['iat', NOW + 3600],
  ['nbf', Number.MAX_SAFE_INTEGER],
] as const)
  add('not-yet-valid', `${name} ${value}`, async () => `${await sign({ ...base, [name]: value })}~`)

// Statuses.
for (const status of [
  null,
  {},
  'x',
  1,
  { status_list: null },
  { status_list: {} },
  { status_list: { idx: 0 } },
  { status_list: { uri: 'x' } },
  { status_list: { idx: -1, uri: 'x' } },
  { status_list: { idx: 1.5, uri: 'x' } },
  { status_list: { idx: '0', uri: 'x' } },
  { status_list: { idx: 2 ** 60, uri: 'x' } },
])
  add('malformed', `status ${JSON.stringify(status)}`, async () => `${await sign({ ...base, status })}~`)
for (const uri of [
  'https://evil.example/list',
  'http://127.0.0.1/',
  'file:///etc/passwd',
  'https://vallmar.example.evil.example/x',
  'https://vallmar.example',
  '//evil.example',
  'javascript:1',
])
  add(
    'status-unavailable',
    `a status list at ${uri}`,
    async () => `${await sign({ ...base, status: { status_list: { idx: 0, uri } } })}~`,
  )

// Disclosures and digests. RFC 9901 section 9.
const disclose = (parts: unknown) => b64(JSON.stringify(parts))
const given = disclose(['salt', 'given_name', 'Ona'])
const sealedWith = (sd: unknown, more: object = {}) => sign({ ...base, _sd: sd, _sd_alg: 'sha-256', ...more })
add('disclosure-unmatched', 'one that no digest stands for', async () => `${await sign(base)}~${given}~`)
add(
  'disclosure-unmatched',
  'a claim nobody signed beside one that was',
  async () => `${await sealedWith([digest(given)])}~${given}~${disclose(['s', 'role', 'mayor'])}~`,
)
add('disclosure-unmatched', 'one re-encoded with padding', async () =>
  `${await sealedWith([digest(given)])}~${disclose(['salt', 'given_name', 'Ona', ''])}~`.replace(
    /~[^~]+~$/,
    `~${b64(' ["salt", "given_name", "Ona"]')}~`,
  ),
)
add(
  'digest-duplicated',
  'the same disclosure twice',
  async () => `${await sealedWith([digest(given)])}~${given}~${given}~`,
)
add(
  'digest-duplicated',
  'the same digest twice in one list',
  async () => `${await sealedWith([digest(given), digest(given)])}~${given}~`,
)
add(
  'digest-duplicated',
  'the same digest at two depths',
  async () => `${await sealedWith([digest(given)], { inner: { _sd: [digest(given)] } })}~${given}~`,
)
add('claim-duplicated', 'a disclosed claim over an open one', async () => {
  const resident = disclose(['s', 'resident', false])
  return `${await sealedWith([digest(resident)])}~${resident}~`
})
add('claim-duplicated', 'two disclosures of one name', async () => {
  const other = disclose(['t', 'given_name', 'Una altra'])
  return `${await sealedWith([digest(given), digest(other)])}~${given}~${other}~`
})
for (const name of ['iss', 'exp', 'aud', 'iat', 'nbf'])
  add('claim-duplicated', `a disclosed ${name}`, async () => {
    const one = disclose(['s', name, 'x'])
    return `${await sealedWith([digest(one)])}~${one}~`
  })
for (const name of ['_sd', '...'])
  add('malformed', `a disclosure named ${name}`, async () => {
    const one = disclose(['s', name, ['x']])
    return `${await sealedWith([digest(one)])}~${one}~`
  })
for (const parts of [
  [],
  ['s'],
  ['s', 'n', 'v', 'more'],
  {},
  'x',
  null,
  1,
  [1, 'n', 'v'],
  ['s', 1, 'v'],
  ['s', null, 'v'],
  [null, 'n', 'v'],
])
  add('malformed', `a disclosure that is ${JSON.stringify(parts)}`, async () => {
    const one = disclose(parts)
    return `${await sealedWith([digest(one)])}~${one}~`
  })
add('malformed', 'a disclosure for a list where a claim stands', async () => {
  const one = disclose(['s', 'value'])
  return `${await sealedWith([digest(one)])}~${one}~`
})
add(
  'malformed',
  'a claim’s disclosure where a list stands',
  async () => `${await sign({ ...base, list: [{ '...': digest(given) }] })}~${given}~`,
)
for (const algorithm of ['sha-512', 'SHA-256', 'md5', '', null, 1, ['sha-256']])
  add(
    'malformed',
    `_sd_alg ${JSON.stringify(algorithm)}`,
    async () => `${await sign({ ...base, _sd_alg: algorithm })}~`,
  )
for (const sd of ['x', 1, {}, [1], [null], [{}], [['x']]])
  add('malformed', `_sd ${JSON.stringify(sd)}`, async () => `${await sealedWith(sd)}~`)
for (const element of [{ '...': 1 }, { '...': null }, { '...': 'x', more: 1 }])
  add('malformed', `a list with ${JSON.stringify(element)}`, async () => `${await sign({ ...base, list: [element] })}~`)
add('malformed', 'claims nested without end', async () => {
  let deep: unknown = 1
  for (let depth = 0; depth < 200; depth += 1) deep = { deep }
  return `${await sign({ ...base, deep })}~`
})
add(
  'malformed',
  'lists nested without end',
  async () => `${await sign(`${JSON.stringify(base).slice(0, -1)},"deep":${'['.repeat(200)}${']'.repeat(200)}}`)}~`,
)

// Holders.
for (const binding of ['a', 'a.b.c', 'e30.e30.', '🙂'])
  add(
    'key-binding-invalid',
    `a holder’s signature that is ${JSON.stringify(binding)}`,
    async () => `${await sign(base)}~${binding}`,
  )
for (const cnf of [
  {},
  { jwk: null },
  { jwk: 'x' },
  { jwk: {} },
  { jwk: { kty: 'oct', k: 'AAAA' } },
  { jwk: { kty: 'RSA' } },
  { kid: 'es' },
])
  add(
    'key-binding-invalid',
    `cnf ${JSON.stringify(cnf)}`,
    async () => `${await sign({ ...base, cnf })}~${await sign({ nonce: 'n' }, { typ: 'kb+jwt' })}`,
  )

describe('the corpus of hostile tokens', () => {
  it('holds at least two hundred', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200)
    expect(new Set(cases.map(([code, what]) => code + what)).size).toBe(cases.length)
  })

  it('is refused token by token, each with the code it should be', async () => {
    const wrong: string[] = []
    for (const [code, what, make] of cases) {
      const got = await verifyProof(await make(), {
        issuer: ISSUER,
        keys,
        now: NOW,
        service: 'library',
        fetch: () => Promise.reject(new Error('asked')),
      }).then(
        () => 'valid',
        (error: unknown) => (error instanceof ProofInvalid ? error.code : String(error)),
      )
      if (got !== code) wrong.push(`${what}: ${got}, not ${code}`)
    }
    expect(wrong).toEqual([])
  })
})
