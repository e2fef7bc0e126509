import { sql } from 'kysely'
import type { Disclosed } from '../firewall/disclosed.ts'
import type { SealedRecord } from '../firewall/gate.ts'
import { purposeOf, type Resident, type Staff } from '../firewall/requester.ts'
import type { LedgerContent } from '../ledger/entries.ts'
import { today } from '../platform/clock.ts'
import type { Transaction } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from './deps.ts'
import type { Municipality } from './municipality.ts'
import { loadRecords } from './store.ts'

/** One time somebody opened a neighbour's record, or was refused, as the ledger has it. */
export interface LookUp {
  /** RFC 3339. */
  at: string
  content: LedgerContent & { salt: string }
  entryId: string
  /** SHA-256 of the entry, base64url: with it anyone finds its place in the public tree. */
  leafHash: string
  /** Its place, where it has one already. */
  position: number | undefined
}

interface Row {
  id: string
  recorded_at: Date
  details: Uint8Array
  leaf_hash: Uint8Array
  position: string | null
}

const MOST = 200

/**
 * Everyone who looked at a neighbour's record: when, who, why, what. The newest first.
 *
 * @throws {NotFound} {Refusal}
 */
export async function lookUpsOf(
  deps: RegistryDeps,
  town: Municipality,
  requester: Staff | Resident,
  neighbourId: string,
): Promise<Disclosed<LookUp[]>> {
  return deps.gate.open<{ lookUps: LookUp[] }, 'lookUps', LookUp[]>(
    { municipalityId: town.id, requester, action: 'open', purpose: purposeOf(requester), fields: ['lookUps'] },
    (transaction) => load(deps, transaction, town, neighbourId),
    ([record]) => {
      if (record === undefined) throw new NotFound()
      return record.lookUps ?? []
    },
  )
}

/** The entries about a neighbour, each sealed to their own key, as parts of their record. */
async function load(
  deps: RegistryDeps,
  transaction: Transaction,
  town: Municipality,
  neighbourId: string,
): Promise<SealedRecord<{ lookUps: LookUp[] }>[]> {
  const [record] = await loadRecords(transaction, [neighbourId], { trueAt: today(deps.clock, town.timeZone) })
  if (record === undefined) return []
  const { rows } = await sql<Row>`
    select entry.id, entry.recorded_at, entry.details, entry.leaf_hash, place.position::text
    from ledger_entries entry left join ledger_sequence place on place.entry_id = entry.id
    where entry.subject_id = ${neighbourId}
      -- What an order forbids to tell is told when its secrecy ends, with its true day.
      and not (entry.action = 'open-by-order' and exists (
        select from access_requests request join notices told on told.id = request.notice_id
        where request.subject_id = entry.subject_id and told.visible_from > ${deps.clock.now().toString()}::timestamptz
          and entry.recorded_at between told.created_at - interval '1 minute' and told.created_at + interval '1 minute'))
    order by entry.recorded_at desc limit ${MOST}`.execute(transaction)
  return [
    {
      subject: record.subject,
      protected: record.protected,
      visited: record.visited ?? false,
      keys: record.keys,
      facts: { lookUps: [] },
      parts: rows.map((row) => ({
        place: { table: 'ledger_entries', column: 'details', row: row.id },
        sealed: row.details,
        keyId: neighbourId,
        holds: ['lookUps'] as const,
        assemble: (opened, value) => {
          opened.lookUps = [
            ...(opened.lookUps ?? []),
            {
              at: row.recorded_at.toISOString(),
              content: value as LookUp['content'],
              entryId: row.id,
              leafHash: Buffer.from(row.leaf_hash).toString('base64url'),
              position: row.position === null ? undefined : Number(row.position),
            },
          ]
        },
      })),
    },
  ]
}
