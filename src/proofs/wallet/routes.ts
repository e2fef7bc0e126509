import { z } from '@hono/zod-openapi'
import { FREE_TEXT } from '../../firewall/free-text.ts'
import { endpoint } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import type { App } from '../../identity/app.ts'
import { OAuthProblem } from '../../platform/problem.ts'
import type { ProofDeps } from '../issue.ts'
import { issueToWallet, Notification, newNonce, noteOutcome, OfferOrder, offerToWallet, redeemOffer } from './offer.ts'

const tag = 'Wallets'
const PRE_AUTHORIZED = 'urn:ietf:params:oauth:grant-type:pre-authorized_code'
const object = z.record(z.string(), z.unknown())
/** What a wallet asks with: codes and proofs, none of which is kept. */
const asked = z.record(z.string(), z.unknown().register(FREE_TEXT, { holds: 'passing' }))

/** Proofs into wallets, by OpenID for Verifiable Credential Issuance 1.0. */
export function walletRoutes(app: App, deps: ProofDeps): void {
  endpoint(
    app,
    {
      method: 'post',
      path: '/v1/neighbours/{id}/wallet-offers',
      summary: 'Offer a proof to a neighbour’s wallet',
      description: 'Show `offer` as a QR code and hand over the six digits apart from it.',
      tag,
      auth: 'staff',
      params: z.object({ id: z.uuid() }),
      body: OfferOrder,
      answers: {
        201: {
          description: 'The offer, for ten minutes',
          schema: z.object({ id: z.uuid(), offer: z.string(), transactionCode: z.string(), expiresAt: z.string() }),
        },
      },
      refuses: [403, 404, 409],
    },
    async ({ town, requester, params: { id }, body }) =>
      Reply.disclose(await offerToWallet(deps, { town, by: requester }, { neighbourId: id, order: body }), 201),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/wallet/token',
      summary: 'Exchange an offer’s code for a token',
      tag,
      auth: 'public',
      form: true,
      body: asked,
      answers: { 200: { description: 'A token for ten minutes', schema: object } },
    },
    async ({ town, body, sent }) => {
      if (body.grant_type !== PRE_AUTHORIZED)
        throw new OAuthProblem('unsupported_grant_type', 400, 'Only offers are exchanged here.')
      const code = String(body['pre-authorized_code'] ?? '')
      const answer = await sent.mapAsync(async () => {
        const asking = { code, transactionCode: String(body.tx_code ?? '') }
        const { token, expiresIn } = await redeemOffer(deps, town, asking)
        return { access_token: token, token_type: 'Bearer', expires_in: expiresIn }
      })
      return Reply.giveBack(answer)
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/wallet/nonce',
      summary: 'A number to sign',
      tag,
      auth: 'public',
      answers: { 200: { description: 'Good once', schema: object } },
    },
    async ({ town, sent }) => {
      const answer = await sent.mapAsync(async () => {
        const { nonce, expiresIn } = await newNonce(deps, town)
        return { c_nonce: nonce, c_nonce_expires_in: expiresIn }
      })
      return Reply.giveBack(answer)
    },
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/wallet/credential',
      summary: 'Take what was offered',
      tag,
      auth: 'public',
      body: asked,
      answers: { 200: { description: 'One copy for each key proved', schema: object } },
      refuses: [400, 401, 409],
    },
    async ({ town, authorization, body }) =>
      Reply.disclose(await issueToWallet(deps, town, { authorization, request: body })),
  )

  endpoint(
    app,
    {
      method: 'post',
      path: '/wallet/notification',
      summary: 'Say what became of it',
      tag,
      auth: 'public',
      body: Notification,
      answers: { 204: { description: 'Noted' } },
      refuses: [400, 401],
    },
    async ({ town, authorization, body }) => {
      await noteOutcome(deps, town, { authorization, notification: body })
      return Reply.empty()
    },
  )
}
