/** What a machine has to know to get a token and ask. */
export interface Access {
  client: string
  /** The city's authorisation server, as its tokens name it (`iss`). */
  issuer: string
  tokenEndpoint: string
  /** The `aud` of its tokens for this service. */
  audience: string
  /** Where this service is reached: `https://city.example`. */
  origin: string
}

const quoted = (text: string) => `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

/**
 * A whole program that asks how the organisation stands: for Node, without libraries, with the private half of the named key in
 * `key.json`. A token is got with a signed statement and bound to the key; the request proves possession of the same.
 *
 * @see RFC 7523 section 2.2 (client authentication), RFC 9449 (proof of possession), RFC 8707 (resource)
 */
export const firstRequest = ({
  client,
  issuer,
  tokenEndpoint,
  audience,
  origin,
}: Access): string => `// first-request.mjs
import { constants, createHash, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const client = ${quoted(client)}
const issuer = ${quoted(issuer)}
const tokenEndpoint = ${quoted(tokenEndpoint)}
const audience = ${quoted(audience)}
const url = ${quoted(`${origin}/v1/provider`)}

const key = createPrivateKey({ key: JSON.parse(readFileSync('key.json', 'utf8')), format: 'jwk' })
const jwk = createPublicKey(key).export({ format: 'jwk' })
const alg = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' }[jwk.crv] ?? 'PS256'
const digest = { ES256: 'sha256', ES384: 'sha384', PS256: 'sha256' }[alg]
const way =
  alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : { dsaEncoding: 'ieee-p1363' }

const coded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
function jwt(header, claims) {
  const iat = Math.floor(Date.now() / 1000)
  const text = \`\${coded({ alg, ...header })}.\${coded({ iat, exp: iat + 60, jti: randomUUID(), ...claims })}\`
  const signature = sign(digest, Buffer.from(text), { key, ...way })
  return \`\${text}.\${signature.toString('base64url')}\`
}
const proof = (htm, htu, more) => jwt({ typ: 'dpop+jwt', jwk }, { htm, htu, ...more })

const answer = await fetch(tokenEndpoint, {
  method: 'POST',
  headers: { dpop: proof('POST', tokenEndpoint) },
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    resource: audience,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: jwt({ typ: 'JWT' }, { iss: client, sub: client, aud: issuer }),
  }),
})
const { access_token: token, ...fault } = await answer.json()
if (token === undefined) throw new Error(JSON.stringify(fault))

const ath = createHash('sha256').update(token).digest('base64url')
const reply = await fetch(url, {
  headers: { authorization: \`DPoP \${token}\`, dpop: proof('GET', url, { ath }) },
})
process.stdout.write(\`\${reply.status} \${JSON.stringify(await reply.json(), null, 2)}\n\`)
`
