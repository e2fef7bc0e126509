import { createHash } from 'node:crypto'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { Gate } from '../firewall/model.ts'
import type { ActingIn, Staff } from '../firewall/requester.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { InvalidInput, NotFound } from '../platform/problem.ts'
import { demandDocument, keepDemandDocument, unusedDocument } from './demand-store.ts'

// The document of a demand, as it came: hashed here, kept sealed, opened for legal officers alone.

/** Bytes that a document may have. */
export const LARGEST_DOCUMENT = 8 * 1024 * 1024

/** What legal officers ask the gate about demands. */
export const handling = (municipalityId: string, requester: Staff) =>
  ({ municipalityId, requester, action: 'handle-demand', purpose: 'access-requests', fields: [] }) as const
const location = (id: string) => ({ table: 'demand_documents', column: 'content', row: id })

export interface KeptDocument {
  id: string
  /** SHA-256 of the bytes that came, hex. */
  sha256: string
}

/**
 * Keeps a document, whatever its kind: courts send what they send. It is never shown, only handed on as a file.
 *
 * @throws {InvalidInput} of nothing at all {Refusal}
 */
export async function keepDocument(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  bytes: Uint8Array,
): Promise<Disclosed<KeptDocument>> {
  if (bytes.length === 0) throw new InvalidInput([{ pointer: '', detail: 'Send the document.' }])
  const { ledger } = await gate.keysOf(municipalityId)
  return gate.decide(handling(municipalityId, officer), async (transaction) => {
    const id = uuidv7()
    const sha256 = createHash('sha256').update(bytes).digest()
    await keepDemandDocument(transaction, {
      id,
      municipality_id: municipalityId,
      uploaded_by: officer.id,
      data_key_id: ledger.id,
      content: Buffer.from(ledger.seal(location(id), Buffer.from(bytes).toString('base64'))),
      sha256,
    })
    return { id, sha256: sha256.toString('hex') }
  })
}

/** The hash of a document that this officer uploaded and that belongs to no demand yet. @throws {InvalidInput} */
export async function freeDocument(transaction: Transaction, officer: Staff, id: string): Promise<string> {
  const row = await unusedDocument(transaction, { id, uploadedBy: officer.id })
  if (row === undefined)
    throw new InvalidInput([
      { pointer: '/documentId', detail: 'Upload the document first; each belongs to one demand.' },
    ])
  return Buffer.from(row.sha256).toString('hex')
}

/** The document of a demand, or one by its own id, such as that of an order that prolongs another. @throws {NotFound} {Refusal} */
export async function readDocument(
  gate: Gate,
  { municipalityId, by: officer }: ActingIn<Staff>,
  which: { requestId: string } | { documentId: string },
): Promise<Disclosed<{ bytes: Uint8Array; mediaType: string }>> {
  const { ledger } = await gate.keysOf(municipalityId)
  return gate.decide(handling(municipalityId, officer), async (transaction) => {
    const row = await demandDocument(transaction, which)
    if (row === undefined) throw new NotFound()
    const bytes = Buffer.from(ledger.open(location(row.id), row.content) as string, 'base64')
    return { bytes, mediaType: 'application/octet-stream' }
  })
}
