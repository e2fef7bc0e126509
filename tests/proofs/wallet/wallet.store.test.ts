import { Openid4vciClient } from '@openid4vc/openid4vci'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profiles } from '../../../src/proofs/profiles.ts'
import { verifyProof } from '../../../src/verify/index.ts'
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

interface Offer {
  id: string
  offer: string
  transactionCode: string
}
const offer = async (id: string, profile = 'library', handedTo = 'neighbour') =>
  (await app.ask<Offer>('POST', `/v1/neighbours/${id}/wallet-offers`, { as: 'clerk', body: { profile, handedTo } }))
    .body

/** A wallet of somebody else's making takes an offer, with a key for each copy. */
async function take({ offer, transactionCode }: Offer, keys: WalletKey[], more: { txCode?: string } = {}) {
  const wallet = new Openid4vciClient({ callbacks: walletCallbacks(keys, fetcher) })
  const credentialOffer = await wallet.resolveCredentialOffer(offer)
  const issuerMetadata = await wallet.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const [credentialConfigurationId = ''] = credentialOffer.credential_configuration_ids
  const { accessTokenResponse } = await wallet.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer,
    issuerMetadata,
    txCode: more.txCode ?? transactionCode,
  })
  const accessToken = accessTokenResponse.access_token
  const { c_nonce: nonce } = await wallet.requestNonce({ issuerMetadata })
  const jwt: string[] = []
  for (const { jwk } of keys) {
    const signer = { method: 'jwk', alg: 'ES256', publicJwk: jwk } as const
    jwt.push(
      (await wallet.createCredentialRequestJwtProof({ issuerMetadata, credentialConfigurationId, signer, nonce })).jwt,
    )
  }
  const retrieve = (proofs: string[]) =>
    wallet.retrieveCredentials({
      issuerMetadata,
      credentialConfigurationId,
      accessToken,
      proofs: { jwt: proofs as [string, ...string[]] },
    })
  const { credentialResponse } = await retrieve(jwt)
  const tokens = (credentialResponse.credentials ?? []).map((one) => (one as { credential: string }).credential)
  return {
    wallet,
    issuerMetadata,
    accessToken,
    tokens,
    retrieve,
    jwt,
    notificationId: credentialResponse.notification_id ?? '',
  }
}

const check = (token: string) =>
  verifyProof(token, {
    issuer: app.town.issuer,
    fetch: (input, init) => fetcher(input, { ...init, redirect: 'manual' }),
    now: Math.floor(app.clock.now().epochMilliseconds / 1000),
  })
const cnfOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).cnf.jwk.x

describe('a wallet of somebody else’s making', () => {
  it('takes single-use copies, each bound to a key of its own and alike in nothing that would link them', async () => {
    const { id } = await register(app, { name: { given: 'Aminata' } })
    const keys = await Promise.all([walletKey(), walletKey(), walletKey()])
    const { tokens } = await take(await offer(id), keys)
    expect(tokens.map(cnfOf)).toEqual(keys.map(({ jwk }) => jwk.x))
    for (const token of tokens) {
      expect(token).not.toContain(id)
      expect(await check(token)).toMatchObject({
        service: 'library',
        claims: { given_name: 'Aminata', resident: true },
      })
    }
    const payloads = tokens.map((token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
    expect(new Set(payloads.map(({ status }) => status.status_list.idx)).size).toBe(3)
    expect(new Set(payloads.flatMap(({ _sd }) => _sd)).size).toBe(payloads.flatMap(({ _sd }) => _sd).length)
  })

  it('says what became of it', async () => {
    const { id } = await register(app)
    const { wallet, issuerMetadata, accessToken, notificationId } = await take(await offer(id), [await walletKey()])
    await wallet.sendNotification({
      issuerMetadata,
      accessToken,
      notification: { notificationId, event: 'credential_accepted' },
    })
    const [row] = await app.peek<{ outcome: string }>(
      `select outcome from wallet_offers where id = '${notificationId}'`,
    )
    expect(row?.outcome).toBe('credential_accepted')
  })

  it('gets nothing with the wrong digits, and no more after five tries', async () => {
    const { id } = await register(app)
    const offered = await offer(id)
    const wrong = offered.transactionCode === '000000' ? '000001' : '000000'
    for (let attempt = 0; attempt < 5; attempt += 1)
      await expect(take(offered, [await walletKey()], { txCode: wrong })).rejects.toThrow(/invalid_grant|400/)
    await expect(take(offered, [await walletKey()])).rejects.toThrow()
  })

  it('cannot take an offer twice, nor sign one number twice, nor take it too late', async () => {
    const { id } = await register(app)
    const offered = await offer(id)
    const { retrieve, jwt } = await take(offered, [await walletKey()])
    await expect(take(offered, [await walletKey()])).rejects.toThrow()
    await expect(retrieve(jwt)).rejects.toThrow()
    const late = await offer(id)
    app.clock.advance({ minutes: 11 })
    await expect(take(late, [await walletKey()])).rejects.toThrow()
  })

  it('gets nothing without its key, or with one key for two copies', async () => {
    const { id } = await register(app)
    const [mine, other] = [await walletKey(), await walletKey()]
    await expect(take(await offer(id), [{ privateKey: other.privateKey, jwk: mine.jwk }])).rejects.toThrow()
    await expect(take(await offer(id), [mine, mine])).rejects.toThrow()
  })

  it('is offered nothing that the neighbour alone, or a representative, must ask for', async () => {
    const { id } = await register(app)
    const ask = (profile: string, handedTo: string) =>
      app.ask('POST', `/v1/neighbours/${id}/wallet-offers`, { as: 'clerk', body: { profile, handedTo } })
    expect((await ask('residence-history', 'representative')).status).toBe(409)
    expect((await ask('school-enrolment', 'neighbour')).status).toBe(409)
    expect((await ask('residence-history', 'neighbour')).status).toBe(201)
  })

  it('is told what a proof is in every language, and how to draw it', async () => {
    for (const profile of profiles.values()) {
      const { body } = await app.ask<{ display: { locale: string; name: string }[]; claims: { path: string[] }[] }>(
        'GET',
        `/credentials/${profile.id}`,
      )
      expect(body.display.map(({ locale }) => locale).sort()).toEqual(Object.keys(LOCALES).sort())
      expect(body.claims.map(({ path }) => path[0])).toEqual(['resident', ...profile.claims])
      const card = await app.ask('GET', `/credentials/${profile.id}/card.svg`)
      expect(card.headers.get('content-type')).toBe('image/svg+xml')
      expect(card.text).toMatch(/^<svg /)
    }
  })
})

describe('what the neighbour sees of it', () => {
  it('is an entry of their own asking, not of a clerk’s', async () => {
    const { id } = await register(app)
    await take(await offer(id), [await walletKey()])
    const kinds = await app.peek<{ requester_kind: string }>(
      "select requester_kind from ledger_entries where action = 'prove' order by id desc limit 1",
    )
    expect(kinds[0]?.requester_kind).toBe('resident')
  })
})
