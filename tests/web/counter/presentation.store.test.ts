import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { CompactSign } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { type WalletKey, walletCallbacks, walletKey } from '../../support/wallet.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const fetcher: typeof fetch = (input, init) => {
  const request = new Request(input, init)
  request.headers.set('host', 'vallmar.example')
  return app.fetch(request)
}
const browse = (path: string, more: RequestInit & { cookie?: string } = {}) => {
  const { cookie, ...init } = more
  return fetcher(`https://vallmar.example${path}`, {
    ...init,
    headers: { ...(cookie ? { cookie } : {}), 'accept-language': 'en' },
  })
}

/** A desk asks: the page to watch, the cookie that opens the answer, and what the QR code shows. */
async function ask(service: string) {
  const response = await browse(`/counter/${service}`, { method: 'POST' })
  const [cookie = '', ...attributes] = (response.headers.get('set-cookie') ?? '').split('; ')
  const cookiePath = attributes.find((one) => one.startsWith('Path='))?.slice('Path='.length)
  const path = (response.headers.get('location') ?? '').split('?')[0] ?? ''
  const { link } = JSON.parse(Buffer.from(cookie.split('=')[1] ?? '', 'base64url').toString()) as { link: string }
  return {
    cookie,
    cookiePath,
    path,
    link,
    look: async (with_ = cookie) => (await browse(path, { cookie: with_ })).text(),
  }
}

async function hold(profile: string, given: string): Promise<{ key: WalletKey; token: string }> {
  const { id } = await register(app, { name: { given } })
  const key = await walletKey()
  const { kty, crv, x, y } = key.jwk
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile, holderKeys: [{ kty, crv, x, y }] },
    idempotencyKey: randomUUID(),
  })
  return { key, token: body.token }
}

/** A wallet of somebody else's making reads the request and answers it. */
async function answer(
  link: string,
  { key, token }: { key: WalletKey; token: string },
  more: { nonce?: string; aud?: string } = {},
) {
  const callbacks = {
    ...walletCallbacks([key], fetcher),
    getX509CertificateMetadata: (certificate: string) => {
      new X509Certificate(Buffer.from(certificate, 'base64'))
      return { sanDnsNames: [], sanUriNames: [] }
    },
  }
  const wallet = new Openid4vpClient({ callbacks })
  const parsed = wallet.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link })
  const resolved = await wallet.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: parsed.params as never,
  })
  const payload = resolved.authorizationRequestPayload as {
    nonce: string
    client_id: string
    dcql_query: { credentials: { claims?: { path: string[] }[] }[] }
  }
  const binding = await new CompactSign(
    new TextEncoder().encode(
      JSON.stringify({
        nonce: more.nonce ?? payload.nonce,
        aud: more.aud ?? payload.client_id,
        iat: Math.floor(app.clock.now().epochMilliseconds / 1000),
        sd_hash: createHash('sha256').update(token).digest('base64url'),
      }),
    ),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'kb+jwt' })
    .sign(key.privateKey)
  const { authorizationResponsePayload, jarm } = await wallet.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: resolved.authorizationRequestPayload,
    authorizationResponsePayload: { vp_token: { proof: [token + binding] } },
    jarm: {
      encryption: { nonce: 'mdoc-none' },
      serverMetadata: {
        authorization_signing_alg_values_supported: [],
        authorization_encryption_alg_values_supported: ['ECDH-ES'],
        authorization_encryption_enc_values_supported: ['A256GCM'],
      },
    },
  })
  const submitted = await wallet.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: resolved.authorizationRequestPayload as never,
    authorizationResponsePayload,
    ...(jarm ? { jarm: { responseJwt: jarm.responseJwt } } : {}),
  })
  return { payload, status: submitted.response.status }
}

describe('a service desk', () => {
  it('sees what a wallet of somebody else’s making shows, once, and the city keeps nothing of it', async () => {
    const held = await hold('library', 'Presentada')
    const { link, look } = await ask('library')
    expect(await look()).toContain(LOCALES.en['counter.waiting'])
    const { payload, status } = await answer(link, held)
    expect(status).toBe(200)
    expect(payload.client_id).toMatch(/^x509_hash:/)
    expect(payload.dcql_query.credentials[0]?.claims).toEqual([{ path: ['given_name'] }, { path: ['family_name'] }])
    const [row] = await app.peek<{ answer: string }>(
      'select answers[1] as answer from presentation_requests where cardinality(answers) > 0',
    )
    expect(row?.answer).toMatch(/^eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/)
    const seen = await look()
    expect(seen).toContain(LOCALES.en['check.valid'])
    expect(seen).toContain('Presentada')
    expect(await app.peek('select from presentation_requests where cardinality(answers) > 0')).toEqual([])
    expect(await look()).toContain(LOCALES.en['counter.gone'])
  })

  it.each<[string, { nonce?: string; aud?: string }]>([
    ['an answer to another question', { nonce: 'another' }],
    ['an answer to another desk', { aud: 'x509_hash:another' }],
  ])('does not take %s', async (_, more) => {
    const { link, look } = await ask('library')
    await answer(link, await hold('library', 'Aliena'), more)
    const seen = await look()
    expect(seen).toContain(LOCALES.en['check.notValid'])
    expect(seen).not.toContain('Aliena')
  })

  it('does not take a proof made for another service, nor one held by somebody else', async () => {
    const elsewhere = await ask('library')
    await answer(elsewhere.link, await hold('health-card', 'Aliena'))
    expect(await elsewhere.look()).not.toContain('Aliena')
    const stolen = await ask('library')
    await answer(stolen.link, { ...(await hold('library', 'Aliena')), key: await walletKey() })
    expect(await stolen.look()).toContain(LOCALES.en['counter.whyHolder'])
  })

  it('alone can open the answer: another browser that knows the address cannot', async () => {
    const { link, look } = await ask('library')
    await answer(link, await hold('library', 'Sola'))
    const other = await ask('library')
    expect(await look('')).toContain(LOCALES.en['counter.gone'])
    expect(await look(other.cookie)).not.toContain('Sola')
    expect(await look()).toContain('Sola')
  })

  it('gets no second answer, and none after five minutes', async () => {
    const { link, look } = await ask('library')
    const held = await hold('library', 'Primera')
    expect((await answer(link, held)).status).toBe(200)
    // The first that holds is it, whatever else comes; then the question is over.
    expect((await answer(link, await hold('library', 'Segona'))).status).toBe(200)
    const seen = await look()
    expect([seen.includes('Primera'), seen.includes('Segona')]).toEqual([true, false])
    await expect(answer(link, held)).rejects.toThrow()
    expect(await look()).toContain(LOCALES.en['counter.gone'])
    const late = await ask('library')
    app.clock.advance({ minutes: 6 })
    await expect(answer(late.link, held)).rejects.toThrow()
  })

  it('is told a wallet\u2019s no at once, and noise uses up nothing: the one who was asked still answers', async () => {
    const { link, look, path } = await ask('library')
    const id = path.split('/').at(-1) ?? ''
    const send = (fields: Record<string, string>) =>
      app.fetch(
        new Request(`https://vallmar.example/counter/requests/${id}`, {
          method: 'POST',
          headers: { host: 'vallmar.example', 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(fields),
        }),
      )
    // From somebody who stands by and has seen the code: made for no desk's key, or nothing at all.
    for (let i = 0; i < 3; i += 1) expect((await send({ response: `eyJhbGciOiJ4In0..${i}.x.x` })).status).toBe(200)
    expect((await send({ response: 'anything' })).status).toBe(400)
    expect(await look()).toContain(LOCALES.en['counter.waiting'])
    expect((await send({ error: 'access_denied' })).status).toBe(200)
    const no = await look()
    for (const words of [LOCALES.en['counter.walletNo'], LOCALES.en['counter.waiting']]) expect(no).toContain(words)
    expect((await answer(link, await hold('library', 'Cridada'))).status).toBe(200)
    expect(await look()).toContain('Cridada')
  })

  it('asks two questions in two tabs of one browser', async () => {
    const [one, two] = [await ask('library'), await ask('library')]
    expect(new Set([one.path, two.path]).size).toBe(2)
    expect(one.cookiePath).toBe(one.path)
    await answer(one.link, await hold('library', 'Primerenca'))
    await answer(two.link, await hold('library', 'Segonenca'))
    expect(await one.look()).toContain('Primerenca')
    expect(await two.look()).toContain('Segonenca')
  })

  it('of a service there is not is not there', async () => {
    expect((await browse('/counter/immigration')).status).toBe(404)
  })
})
