import * as asn1 from 'asn1js'
import * as pki from 'pkijs'

pki.setEngine('padron', new pki.CryptoEngine({ name: 'padron', crypto: globalThis.crypto }))

/** The key and certificate of a city's documents. */
export interface DocumentSeal {
  /** DER. */
  certificate: Uint8Array
  privateKey: CryptoKey
}

const DATA = '1.2.840.113549.1.7.1'
const SIGNED_DATA = '1.2.840.113549.1.7.2'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'

/**
 * A detached signature over the bytes of a document, at the level B-B: it names the certificate it was made with, and
 * the time stands in the document.
 *
 * @returns a CMS SignedData, DER
 * @see ETSI EN 319 142-1 section 6.3; ETSI EN 319 122-1 section 5; RFC 5652; RFC 5035
 */
export async function cadesSignature(seal: DocumentSeal, content: Uint8Array): Promise<Uint8Array> {
  const certificate = pki.Certificate.fromBER(Uint8Array.from(seal.certificate).buffer)
  const [digest, certificateDigest] = await Promise.all([
    crypto.subtle.digest('SHA-256', Uint8Array.from(content)),
    crypto.subtle.digest('SHA-256', Uint8Array.from(seal.certificate)),
  ])
  const attributes = [
    new pki.Attribute({ type: CONTENT_TYPE, values: [new asn1.ObjectIdentifier({ value: DATA })] }),
    new pki.Attribute({ type: MESSAGE_DIGEST, values: [new asn1.OctetString({ valueHex: digest })] }),
    new pki.Attribute({ type: SIGNING_CERTIFICATE_V2, values: [essCertificate(certificate, certificateDigest)] }),
  ]
  const signed = new pki.SignedData({
    version: 1,
    encapContentInfo: new pki.EncapsulatedContentInfo({ eContentType: DATA }),
    signerInfos: [
      new pki.SignerInfo({
        version: 1,
        sid: new pki.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
        signedAttrs: new pki.SignedAndUnsignedAttributes({ type: 0, attributes }),
      }),
    ],
    certificates: [certificate],
  })
  await signed.sign(seal.privateKey, 0, 'SHA-256', Uint8Array.from(content).buffer)
  const wrapped = new pki.ContentInfo({ contentType: SIGNED_DATA, content: signed.toSchema(true) })
  return new Uint8Array(wrapped.toSchema().toBER())
}

/** ESSCertIDv2 with the default hash, SHA-256, which DER leaves out. @see RFC 5035 section 4 */
function essCertificate(certificate: pki.Certificate, digest: ArrayBuffer): asn1.Sequence {
  const issuer = new pki.GeneralNames({ names: [new pki.GeneralName({ type: 4, value: certificate.issuer })] })
  const serial = new asn1.Sequence({ value: [issuer.toSchema(), certificate.serialNumber] })
  const id = new asn1.Sequence({ value: [new asn1.OctetString({ valueHex: digest }), serial] })
  return new asn1.Sequence({ value: [new asn1.Sequence({ value: [id] })] })
}

/**
 * A certificate that a city signs for itself, until it has one that others vouch for.
 *
 * @returns DER
 * @see RFC 5280 sections 4.1, 4.2.1.3
 */
export async function selfSigned(
  keys: { publicKey: CryptoKey; privateKey: CryptoKey },
  { name, from, years }: { name: { city: string; country: string }; from: Date; years: number },
): Promise<Uint8Array> {
  const certificate = new pki.Certificate()
  certificate.version = 2
  const serial = crypto.getRandomValues(new Uint8Array(16))
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  certificate.serialNumber = new asn1.Integer({ valueHex: serial.buffer })
  const part = (type: string, value: asn1.Utf8String | asn1.PrintableString) =>
    new pki.AttributeTypeAndValue({ type, value })
  for (const holder of [certificate.subject, certificate.issuer]) {
    holder.typesAndValues.push(part('2.5.4.6', new asn1.PrintableString({ value: name.country })))
    holder.typesAndValues.push(part('2.5.4.10', new asn1.Utf8String({ value: name.city })))
    holder.typesAndValues.push(part('2.5.4.3', new asn1.Utf8String({ value: `${name.city} · Padrón` })))
  }
  certificate.notBefore.value = from
  certificate.notAfter.value = new Date(Date.UTC(from.getUTCFullYear() + years, from.getUTCMonth(), from.getUTCDate()))
  const constraints = new pki.BasicConstraints({ cA: false })
  const usage = new asn1.BitString({ valueHex: new Uint8Array([0xc0]).buffer, unusedBits: 6 })
  certificate.extensions = [
    new pki.Extension({ extnID: '2.5.29.19', critical: true, extnValue: constraints.toSchema().toBER() }),
    // Digital signature, and what it says cannot be denied.
    new pki.Extension({ extnID: '2.5.29.15', critical: true, extnValue: usage.toBER() }),
  ]
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  await certificate.sign(keys.privateKey, 'SHA-256')
  return new Uint8Array(certificate.toSchema(true).toBER())
}
