import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { encode } from 'cborg'
import type { Staff } from '../../src/firewall/requester.ts'
import { keepPasskey, passkeyOptions } from '../../src/identity/sign-in-with-passkey.ts'
import { offerEnrolment } from '../../src/registry/person/offer-enrolment.ts'
import type { TestApp } from './app.ts'
import { shownTo } from './shown.ts'

const ORIGIN = 'https://vallmar.example'

/** A telephone that makes passkeys and signs with them, after Web Authentication Level 3, sections 6.1 and 6.5. */
export class Telephone {
  readonly id = randomBytes(32)
  readonly keys: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  count = 0

  #data(flags: number, more: Uint8Array = new Uint8Array()) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.count)
    const party = createHash('sha256').update('vallmar.example').digest()
    return Buffer.concat([party, Buffer.from([flags]), counter, more])
  }

  /** @param verified whether its owner showed it who they are: a finger, a number */
  make(challenge: string, verified = true) {
    const { x = '', y = '' } = this.keys.publicKey.export({ format: 'jwk' }) as { x?: string; y?: string }
    const key = new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ])
    const size = Buffer.alloc(2)
    size.writeUInt16BE(this.id.length)
    const credential = Buffer.concat([Buffer.alloc(16), size, this.id, Buffer.from(encode(key))])
    const attestation = encode({ fmt: 'none', attStmt: {}, authData: this.#data(verified ? 0x45 : 0x41, credential) })
    return this.#answer({
      clientDataJSON: clientData('webauthn.create', challenge),
      attestationObject: Buffer.from(attestation).toString('base64url'),
    })
  }

  sign(challenge: string, verified = true) {
    const data = this.#data(verified ? 0x05 : 0x01)
    const client = clientData('webauthn.get', challenge)
    const hash = createHash('sha256').update(Buffer.from(client, 'base64url')).digest()
    return this.#answer({
      clientDataJSON: client,
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', Buffer.concat([data, hash]), this.keys.privateKey).toString('base64url'),
    })
  }

  #answer(response: object) {
    const id = this.id.toString('base64url')
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response } as never
  }
}
const clientData = (type: string, challenge: string) =>
  Buffer.from(JSON.stringify({ type, challenge, origin: ORIGIN, crossOrigin: false })).toString('base64url')

/** Enrols a telephone for somebody, with the code that a counter gives. */
export async function enrolTelephone(
  app: TestApp,
  clerk: Staff,
  id: string,
  named = { device: 'Blue telephone', owner: '' },
) {
  const telephone = new Telephone()
  const { code } = await shownTo(
    offerEnrolment(app.rooms, { town: app.town, by: clerk }, { neighbourId: id, source: 'desk' }),
  )
  const { challenge, excludeCredentials, user } = await passkeyOptions(
    app.rooms,
    { town: app.town, by: { code } },
    named,
  )
  const { handle } = await keepPasskey(
    app.rooms,
    { town: app.town, by: { code } },
    { response: telephone.make(challenge), named },
  )
  return { telephone, handle, excludeCredentials, user }
}
