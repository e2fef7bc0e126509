import { type Insertable, sql } from 'kysely'
import type { DB } from '../../schema/database.ts'
import type { Database, Transaction } from '../platform/database.ts'

// The SQL of the ledger: entries, their positions, tiles, checkpoints, cosignatures and the key that signs them.

export const keepCosignature = (
  transaction: Transaction,
  { municipalityId, size, witness, line }: { municipalityId: string; size: string; witness: string; line: string },
) =>
  transaction
    .insertInto('ledger_cosignatures')
    .values({ municipality_id: municipalityId, size, witness, line })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const witnessRows = (
  transaction: Transaction,
  {
    patient,
    municipalityId,
    witness,
    upTo,
  }: { patient: number; municipalityId: string; witness: string; upTo: number },
) =>
  sql<{ name: string; size: string | null; signed_at: Date | null; behind: boolean }>`
      select one.item as name, last.size::text, last.received_at as signed_at,
        one.tries >= ${patient}::integer and coalesce(last.size, 0) < ${upTo}::integer as behind
      from jobs one left join lateral (
        select size, received_at from ledger_cosignatures seen
        where seen.municipality_id = one.municipality_id and seen.witness = one.item
          and size <= ${upTo}::integer order by size desc limit 1) last on true
      where one.municipality_id = ${municipalityId} and one.kind = ${witness}
        -- Not asked for a day: it is no witness any more.
        and one.due_at > clock_timestamp() - interval '1 day'
      order by one.item`.execute(transaction)

export const entryCounts = (
  transaction: Transaction,
  { municipalityId, size }: { municipalityId: string; size: string },
) =>
  sql<EntryCount>`
      select entry.requester_kind as "requesterKind", entry.action, entry.purpose,
        count(*) filter (where entry.outcome = 'permitted')::integer as permitted,
        count(*) filter (where entry.outcome = 'refused')::integer as refused
      from ledger_sequence placed join ledger_entries entry on entry.id = placed.entry_id
      where placed.municipality_id = ${municipalityId} and placed.position < ${size}::text::bigint
      group by 1, 2, 3`.execute(transaction)

export const appendRows = (
  transaction: Transaction,
  { entries, municipalityId }: { entries: readonly LedgerEntry[]; municipalityId: string },
) =>
  transaction
    .insertInto('ledger_entries')
    .values(
      entries.map((entry) => ({
        id: entry.id,
        municipality_id: municipalityId,
        action: entry.action,
        purpose: entry.purpose,
        outcome: entry.outcome,
        requester_kind: entry.requesterKind,
        subject: Buffer.from(entry.subject),
        mark: Buffer.from(entry.mark),
        details: Buffer.from(entry.details),
        leaf_hash: Buffer.from(entry.leafHash),
      })),
    )
    .execute()

export const linesBefore = (transaction: Transaction, { before, refused }: { before: string; refused: boolean }) =>
  transaction
    .selectFrom('ledger_sequence as placed')
    .innerJoin('ledger_entries as entry', 'entry.id', 'placed.entry_id')
    .select(['placed.position', 'placed.leaf_hash'])
    .select(['entry.recorded_at', 'entry.action', 'entry.purpose', 'entry.outcome', 'entry.requester_kind'])
    .where('placed.position', '<', sql<string>`${before}::text::bigint`)
    .$if(refused, (query) => query.where('entry.outcome', '=', 'refused'))
    .orderBy('placed.position', 'desc')
    .limit(25)
    .execute()

export const newestCheckpoint = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('ledger_checkpoints')
    .select(['size', 'note', 'signed_at'])
    .where('municipality_id', '=', municipalityId)
    .orderBy('size', 'desc')
    .executeTakeFirst()

/** The last one that was signed before this morning's publication, or the last full hour; at the beginning of a ledger the first there was. */
export const checkpointBefore = async (
  transaction: Transaction,
  { municipalityId, moment }: { municipalityId: string; moment: 'morning' | 'hour' },
) => {
  const boundary = moment === 'morning' ? sql`last_publication` : sql`last_hour`
  const { rows } = await sql<{ size: string; note: string; signed_at: Date }>`
    with known as (
      select size, note, signed_at from ledger_checkpoints
      where municipality_id = ${municipalityId}::text::uuid
        -- What was signed under another name ended with a restore.
        and signed_at > coalesce((select max(restored_at) from restores where municipality_id = ${municipalityId}::text::uuid), '-infinity'))
    select size::text, note, signed_at from known
    where signed_at < ${boundary}(${municipalityId}::text::uuid) or size = (select min(size) from known)
    order by known.size desc limit 1`.execute(transaction)
  return rows[0]
}

export const cosignaturesOf = (
  transaction: Transaction,
  { municipalityId, size }: { municipalityId: string; size: string },
) =>
  transaction
    .selectFrom('ledger_cosignatures')
    .select('line')
    .where('municipality_id', '=', municipalityId)
    .where('size', '=', size)
    .orderBy('witness')
    .execute()

export const positionOf = (
  transaction: Transaction,
  { municipalityId, leafHash }: { municipalityId: string; leafHash: Buffer },
) =>
  transaction
    .selectFrom('ledger_sequence')
    .select('position')
    .where('municipality_id', '=', municipalityId)
    .where('leaf_hash', '=', leafHash)
    .executeTakeFirst()

export const restoreStatements = (transaction: Transaction) =>
  transaction.selectFrom('restores').select('statement').orderBy('epoch').execute()

export const oldestRunning = (database: Database) =>
  sql<{ running: string }>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as running`.execute(database)

export const entriesWithoutPlace = (database: Database, { upTo, looked }: { upTo: string; looked: number }) =>
  sql<{ up_to: string; municipality_id: string | null; entry_id: string | null }>`
        select up_to, municipality_id, entry_id
        from entries_without_place(${upTo}::text::uuid, ${looked}::integer)`.execute(database)

export const wakeLedgers = (database: Database, { since, now }: { since: string; now: string }) =>
  sql<{ running: string }>`
        select wake_ledgers(${since}::text::xid8, ${now}::text::timestamptz)::text as running`.execute(database)

export const lockLedger = (transaction: Transaction, municipalityId: string) =>
  sql<{ mine: boolean; running: string }>`
            select pg_try_advisory_xact_lock(hashtext('ledger sequence'), hashtext(${municipalityId})) as mine,
              pg_snapshot_xmin(pg_current_snapshot())::text as running`.execute(transaction)

export const ledgerKeyRow = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('ledger_keys')
    .innerJoin('data_keys', 'data_keys.id', 'ledger_keys.data_key_id')
    .select([
      'public_key',
      'private_key',
      'data_keys.id',
      'data_keys.municipality_id',
      'owner',
      'registry_key_id',
      'wrapped',
    ])
    .where('ledger_keys.municipality_id', '=', municipalityId)
    .executeTakeFirst()

export const keepLedgerKey = (
  transaction: Transaction,
  {
    municipalityId,
    dataKeyId,
    publicKey,
    privateKey,
  }: { municipalityId: string; dataKeyId: string; publicKey: Buffer; privateKey: Buffer },
) =>
  transaction
    .insertInto('ledger_keys')
    .values({
      municipality_id: municipalityId,
      data_key_id: dataKeyId,
      public_key: publicKey,
      private_key: privateKey,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const tileRow = (
  transaction: Transaction,
  { municipalityId, level, tile }: { municipalityId: string; level: number; tile: string },
) =>
  transaction
    .selectFrom('ledger_tiles')
    .select('hashes')
    .where('municipality_id', '=', municipalityId)
    .where('level', '=', level)
    .where('tile', '=', tile)
    .executeTakeFirst()

export const leavesBetween = (
  transaction: Transaction,
  { municipalityId, first, end }: { municipalityId: string; first: string; end: string },
) =>
  sql<{ hash: Uint8Array }>`
            select placed.leaf_hash as hash from ledger_sequence placed
            where placed.municipality_id = ${municipalityId}
              and placed.position >= ${first}::text::bigint and placed.position < ${end}::text::bigint
            order by placed.position`.execute(transaction)

export const rootsBetween = (
  transaction: Transaction,
  { municipalityId, level, first, end }: { municipalityId: string; level: number; first: string; end: string },
) =>
  sql<{ hash: Uint8Array }>`
            select root as hash from ledger_tiles
            where municipality_id = ${municipalityId} and level = ${level}
              and tile >= ${first}::text::bigint and tile < ${end}::text::bigint
            order by tile`.execute(transaction)

export const placedSize = (transaction: Transaction, municipalityId: string) =>
  sql<{ size: string }>`
    select coalesce(max(position) + 1, 0)::text as size from ledger_sequence where municipality_id = ${municipalityId}`.execute(
    transaction,
  )

export const integratedSize = (transaction: Transaction, municipalityId: string) =>
  sql<{ size: string }>`
    select coalesce(max(size), 0)::text as size from ledger_checkpoints where municipality_id = ${municipalityId}`.execute(
    transaction,
  )

export const keepTile = (transaction: Transaction, row: Insertable<DB['ledger_tiles']>) =>
  transaction.insertInto('ledger_tiles').values(row).execute()

export const keepCheckpoint = (
  transaction: Transaction,
  { municipalityId, size, root, note }: { municipalityId: string; size: string; root: Buffer; note: string },
) =>
  transaction
    .insertInto('ledger_checkpoints')
    .values({
      municipality_id: municipalityId,
      size,
      root,
      note,
    })
    .execute()

export const checkpointsSigned = (transaction: Transaction, municipalityId: string) =>
  transaction
    .selectFrom('ledger_checkpoints')
    .select(['size', 'note'])
    .where('municipality_id', '=', municipalityId)
    .orderBy('size')
    .execute()

export const entriesBetween = (
  transaction: Transaction,
  { municipalityId, from, to }: { municipalityId: string; from: string; to: string },
) =>
  sql<StoredEntry & { position: string; placed_leaf: Uint8Array }>`
    select placed.position::text, placed.leaf_hash as placed_leaf, ${ENTRY}
    from ledger_sequence placed left join ledger_entries entry on entry.id = placed.entry_id
    where placed.municipality_id = ${municipalityId}
      and placed.position >= ${from}::text::bigint and placed.position < ${to}::text::bigint
    order by placed.position`.execute(transaction)

export const tilesBetween = (
  transaction: Transaction,
  { municipalityId, from, before }: { municipalityId: string; from: string; before: string },
) =>
  transaction
    .selectFrom('ledger_tiles')
    .select(['tile', 'hashes'])
    .where('municipality_id', '=', municipalityId)
    .where('level', '=', 0)
    .where('tile', '>=', from)
    .where('tile', '<', before)
    .execute()

export const entriesUnplaced = (transaction: Transaction, municipalityId: string) =>
  sql<StoredEntry>`
    select ${ENTRY} from ledger_entries entry
    where entry.municipality_id = ${municipalityId}
      and not exists (select from ledger_sequence placed where placed.entry_id = entry.id)`.execute(transaction)

/** How many entries of a kind there are. */
export interface EntryCount {
  requesterKind: string
  action: string
  purpose: string
  permitted: number
  refused: number
}

export interface LedgerEntry {
  id: string
  action: string
  purpose: string
  outcome: 'permitted' | 'refused'
  requesterKind: 'staff' | 'client' | 'resident' | 'job' | 'authority'
  /** Whom it is about, sealed to the town. */
  subject: Uint8Array
  /** By which that person finds it. */
  mark: Uint8Array
  details: Uint8Array
  leafHash: Uint8Array
}

/** An entry as it lies in the database, whatever was done to it. */
export interface StoredEntry {
  id: string
  action: string
  purpose: string
  outcome: string
  requester_kind: string
  subject: Uint8Array
  mark: Uint8Array
  details: Uint8Array
  leaf_hash: Uint8Array
}

export const ENTRY = sql.raw(
  ['id', 'action', 'purpose', 'outcome', 'requester_kind', 'subject', 'mark', 'details', 'leaf_hash']
    .map((column) => `entry.${column}`)
    .join(', '),
)

/** Gives entries written since a transaction, or from an id on, the positions that follow; at most so many, in order of their ids. */
export const placeEntries = (
  transaction: Transaction,
  {
    municipalityId,
    writtenBy,
    from,
    most,
  }: { municipalityId: string; writtenBy: string; from: string | undefined; most: number },
) =>
  sql<{ entry_id: string }>`
    insert into ledger_sequence (municipality_id, position, entry_id, leaf_hash)
    select ${municipalityId}::uuid,
      coalesce((select max(position) + 1 from ledger_sequence where municipality_id = ${municipalityId}::uuid), 0)
        + row_number() over (order by entry.id) - 1,
      entry.id, entry.leaf_hash
    from ledger_entries entry
    where entry.municipality_id = ${municipalityId}::uuid
      and (entry.written_by >= ${writtenBy}::text::xid8
        ${from === undefined ? sql`` : sql`or entry.id >= ${from}::text::uuid`})
      and not exists (select from ledger_sequence placed where placed.entry_id = entry.id)
    order by entry.id limit ${most}::integer
    returning entry_id`.execute(transaction)
