import type { AuthorizationServerMetadata } from '@openid4vc/oauth2'
import type { CredentialIssuerMetadata, IssuerMetadataResult } from '@openid4vc/openid4vci'
import { inEveryLanguage } from '../../platform/languages.ts'
import { type Municipality, townName } from '../../town/model.ts'
import { claimName } from '../claim-names.ts'
import { MOST_COPIES } from '../issue.ts'
import { PAPER_LANGUAGES } from '../paper/paper-words.ts'
import { type Profile, profiles } from '../profiles.ts'

/** What wallets need to know of a city that issues. @see OpenID4VCI 1.0, section 12.2.4 */
export function credentialIssuer(town: Municipality): CredentialIssuerMetadata {
  const { issuer } = town
  return {
    credential_issuer: issuer,
    credential_endpoint: `${issuer}/wallet/credential`,
    nonce_endpoint: `${issuer}/wallet/nonce`,
    notification_endpoint: `${issuer}/wallet/notification`,
    batch_credential_issuance: { batch_size: MOST_COPIES },
    display: Object.entries(town.name).map(([locale, name]) => ({ locale, name })),
    credential_configurations_supported: Object.fromEntries(
      [...profiles.values()].map((profile) => [
        profile.id,
        {
          format: 'dc+sd-jwt',
          vct: typeOf(town, profile),
          cryptographic_binding_methods_supported: ['jwk'],
          credential_signing_alg_values_supported: ['ES256'],
          proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } },
          credential_metadata: {
            display: Object.entries(profile.title).map(([locale, name]) => ({
              locale,
              name,
              background_color: '#0b5d63',
              text_color: '#ffffff',
            })),
            claims: profile.claims.map((claim) => ({ path: [claim] as [string], display: claimDisplay(claim) })),
          },
        },
      ]),
    ),
  }
}

/** @see RFC 8414; OpenID4VCI 1.0, section 12.3 */
export function authorizationServer(town: Municipality): AuthorizationServerMetadata {
  return {
    issuer: town.issuer,
    token_endpoint: `${town.issuer}/wallet/token`,
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:pre-authorized_code'],
    token_endpoint_auth_methods_supported: ['none'],
    'pre-authorized_grant_anonymous_access_supported': true,
  }
}

export function issuerMetadata(town: Municipality): IssuerMetadataResult {
  return {
    originalDraftVersion: 'V1',
    credentialIssuer: credentialIssuer(town),
    authorizationServers: [authorizationServer(town)],
    knownCredentialConfigurations: {},
  } as unknown as IssuerMetadataResult
}

export const typeOf = (town: Municipality, profile: Profile) => `${town.issuer}/credentials/${profile.id}`

/** A claim's name in every language. */
export const claimDisplay = (claim: string): { locale: string; name: string }[] =>
  PAPER_LANGUAGES.map((locale) => ({ locale, name: claimName(claim, locale) }))

/** What a kind of proof is, for whoever holds or checks one. @see draft-ietf-oauth-sd-jwt-vc, section 6 */
export function typeMetadata(town: Municipality, profile: Profile): object {
  return {
    vct: typeOf(town, profile),
    name: titleIn(town, profile.title),
    description: titleIn(town, profile.purpose),
    display: Object.entries(profile.title).map(([locale, name]) => ({
      locale,
      name,
      description: profile.purpose[locale as keyof Profile['purpose']],
      rendering: {
        simple: { background_color: '#0b5d63', text_color: '#ffffff' },
        svg_templates: [{ uri: `${town.issuer}/credentials/${profile.id}/card.svg` }],
      },
    })),
    claims: [
      {
        path: ['resident'],
        sd: 'never',
        display: Object.entries(RESIDENT).map(([locale, label]) => ({ locale, label })),
      },
      ...profile.claims.map((claim) => ({
        path: [claim],
        sd: 'always',
        svg_id: claim,
        display: claimDisplay(claim).map(({ locale, name }) => ({ locale, label: name })),
      })),
    ],
  }
}

const RESIDENT = inEveryLanguage((file) => file.ui.livesHere ?? '')

/** In the first language of the town that there is. */
const titleIn = (town: Municipality, texts: Readonly<Record<string, string>>): string =>
  town.languages.map((language) => texts[language]).find((text) => text !== undefined) ?? texts.en ?? ''

/** A picture of the proof, as a card, in which wallets put the claims. */
export function cardTemplate(town: Municipality, profile: Profile): string {
  const city = escaped(townName(town, town.languages[0] ?? '') || town.slug)
  const shown = profile.claims.filter((claim) => !/^(resident_at|age_)/.test(claim)).slice(0, 4)
  const title = escaped(titleIn(town, profile.title))
  const lines = shown.map((claim, line) => `<text x="24" y="${118 + line * 28}" font-size="17">{{${claim}}}</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 250" role="img" font-family="sans-serif" fill="#ffffff"><title>${title}</title><rect width="400" height="250" rx="16" fill="#0b5d63"/><text x="24" y="44" font-size="20" font-weight="700">Padrón · ${city}</text><text x="24" y="74" font-size="16">${title}</text>${lines.join('')}</svg>`
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
