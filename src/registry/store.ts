import { sql } from 'kysely'
import type { SealedPart, SealedRecord } from '../firewall/model.ts'
import { wrappedKey } from '../keys/municipality-keys.ts'
import type { Transaction } from '../platform/database.ts'
import type { Address, NeighbourFields, Representation } from './model.ts'
import { PARTICULARS } from './particulars.ts'
import { addressLocation, addressParts } from './sealed-address.ts'

/** Which state of a record: as it was known at an instant, as it was true on a day. Default: now. */
export interface AsOf {
  knownAt?: Temporal.Instant | undefined
  trueAt: Temporal.PlainDate
}

interface Row {
  id: string
  municipality_id: string
  protected: boolean
  visited: boolean
  held: boolean
  version: number
  departed_on: string | null
  particulars_version: number
  identity: Uint8Array
  contact: Uint8Array
  key_registry: string
  key_wrapped: Uint8Array
  residence: { valid_from: string; valid_to: string | null; since: string } | null
  household_id: string | null
  household_size: number
  address_id: string | null
  address_kind: Address['kind'] | null
  place: Uint8Array | null
  reference: Uint8Array | null
  usual_area: Uint8Array | null
  address_key_registry: string | null
  address_key_wrapped: Uint8Array | null
  representatives: { id: string; neighbour_id: string | null; details: string }[] | null
}

/**
 * Whether a proof leaves out where they live. Somebody who only resembles a protected neighbour is printed like anyone,
 * in the visit in which a clerk wrote them down.
 */
export const hidesWhereabouts = ({
  protected: hidden,
  held = false,
  visited = false,
}: Pick<SealedRecord<NeighbourFields>, 'protected' | 'held' | 'visited'>): boolean => hidden && !(held && visited)

/** Whether a record is hidden, from whom, and why: of a record that is not, nothing more is looked up. */
const hiding = sql`n.protected and not is_hidden(n.id, n.protected) as visited, n.protected and is_held(n.id) as held`

const hidingOf = ({ protected: hidden, visited, held }: Pick<Row, 'protected' | 'visited' | 'held'>) => ({
  protected: hidden,
  visited,
  held,
})

/**
 * Everything that was recorded in the millisecond of an instant or before it. The database keeps microseconds and people are
 * told milliseconds: what counts as known by an instant that somebody was told has to be the same for both.
 */
export const knownBy = (at: Temporal.Instant): string =>
  at.round({ smallestUnit: 'millisecond', roundingMode: 'floor' }).add({ microseconds: 999 }).toString()

/** The sealed records of these neighbours, in one statement; those unknown here are simply absent. */
export async function loadRecords(
  transaction: Transaction,
  ids: readonly string[],
  asOf: AsOf,
): Promise<SealedRecord<NeighbourFields>[]> {
  if (ids.length === 0) return []
  const known = asOf.knownAt ? knownBy(asOf.knownAt) : 'infinity'
  const day = asOf.trueAt.toString()
  const { rows } = await sql<Row>`
    select n.id, n.municipality_id, n.protected, ${hiding}, n.version, n.departed_on::text, p.version as particulars_version, p.identity, p.contact,
      own.registry_key_id as key_registry, own.wrapped as key_wrapped,
      case when r.id is not null then jsonb_build_object('valid_from', r.valid_from, 'valid_to', r.valid_to, 'since',
        -- The first day of the time without a gap: years from before somebody left do not count again.
        coalesce((select max(first.valid_from) from residences first
         where first.neighbour_id = n.id and first.valid_from <= r.valid_from and first.recorded_at <= ${known}::text::timestamptz
           and (first.superseded_at is null or first.superseded_at > ${known}::text::timestamptz)
           and not exists (select 1 from residences before where before.neighbour_id = n.id
             and before.recorded_at <= ${known}::text::timestamptz
             and (before.superseded_at is null or before.superseded_at > ${known}::text::timestamptz)
             and before.valid_from < first.valid_from and (before.valid_to is null or before.valid_to >= first.valid_from))),
          r.valid_from)) end as residence,
      r.household_id,
      (select count(*)::integer from residences mate join neighbours one on one.id = mate.neighbour_id
        where mate.household_id = r.household_id and mate.superseded_at is null
          and (one.id = n.id or not is_hidden(one.id, one.protected))
          and mate.valid_from <= ${day}::date and (mate.valid_to is null or mate.valid_to > ${day}::date)) as household_size,
      a.id as address_id, a.kind as address_kind, a.place, a.reference, a.usual_area,
      theirs.registry_key_id as address_key_registry, theirs.wrapped as address_key_wrapped,
      (select jsonb_agg(jsonb_build_object('id', s.id, 'neighbour_id', s.representative_id, 'details', encode(s.details, 'hex'))
          order by s.recorded_at, s.id)
        from representatives s left join neighbours who on who.id = s.representative_id
        where s.neighbour_id = n.id and s.recorded_at <= ${known}::text::timestamptz
          and (s.ended_at is null or s.ended_at > ${known}::text::timestamptz) and is_hidden(who.id, who.protected) is not true) as representatives
    from unnest(${`{${ids.join(',')}}`}::uuid[]) as wanted (id)
    join neighbours n on n.id = wanted.id
    join data_keys own on own.id = n.id
    join lateral (select * from particulars version where version.neighbour_id = n.id and version.recorded_at <= ${known}::text::timestamptz
      order by version.version desc limit 1) p on true
    left join lateral (select * from residences period where period.neighbour_id = n.id
        and period.recorded_at <= ${known}::text::timestamptz
        and (period.superseded_at is null or period.superseded_at > ${known}::text::timestamptz)
        and period.valid_from <= ${day}::date and (period.valid_to is null or period.valid_to > ${day}::date)
      order by period.recorded_at desc limit 1) r on true
    left join households h on h.id = r.household_id
    left join addresses a on a.id = h.address_id
    left join data_keys theirs on theirs.id = a.id`.execute(transaction)
  return rows.map(recordOf)
}

/** A record of which nothing is opened: that it exists, and whether it may be seen. */
export async function loadOutline(
  transaction: Transaction,
  id: string,
  asOf: AsOf,
): Promise<SealedRecord<Record<never, never>>[]> {
  return (await loadRecords(transaction, [id], asOf)).map((record) => ({ ...record, facts: {}, parts: [] }))
}

/**
 * The same people with their identity and nothing else, for weighing many who may not be who is meant:
 * a third of the work.
 */
export async function loadIdentities(
  transaction: Transaction,
  ids: readonly string[],
): Promise<SealedRecord<NeighbourFields>[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<IdentityRow>`
    select n.id, n.municipality_id, n.protected, ${hiding}, n.departed_on::text, p.version as particulars_version, p.identity,
      own.registry_key_id as key_registry, own.wrapped as key_wrapped
    from unnest(${`{${ids.join(',')}}`}::uuid[]) as wanted (id)
    join neighbours n on n.id = wanted.id
    join data_keys own on own.id = n.id
    join lateral (select version.version, version.identity from particulars version
      where version.neighbour_id = n.id order by version.version desc limit 1) p on true`.execute(transaction)
  return rows.map((row) => ({
    subject: row.id,
    ...hidingOf(row),
    keys: [ownKey(row)],
    parts: [identityPart(row)],
    facts: row.departed_on === null ? {} : { departedOn: row.departed_on },
  }))
}

type IdentityRow = Pick<
  Row,
  | 'id'
  | 'municipality_id'
  | 'protected'
  | 'visited'
  | 'held'
  | 'departed_on'
  | 'particulars_version'
  | 'identity'
  | 'key_registry'
  | 'key_wrapped'
>

const ownKey = (row: IdentityRow) =>
  wrappedKey({
    id: row.id,
    municipality_id: row.municipality_id,
    owner: 'neighbour',
    registry_key_id: row.key_registry,
    wrapped: row.key_wrapped,
  })

const particularsPart = (
  row: Pick<Row, 'id' | 'particulars_version'>,
  {
    column,
    sealed,
    holds,
  }: { column: 'identity' | 'contact'; sealed: Uint8Array; holds: SealedPart<NeighbourFields>['holds'] },
): SealedPart<NeighbourFields> => ({
  location: { table: 'particulars', column, row: `${row.id}/${row.particulars_version}` },
  sealed,
  keyId: row.id,
  holds,
  assemble: (record, value) => void Object.assign(record, value),
})

const identityPart = (row: IdentityRow) =>
  particularsPart(row, { column: 'identity', sealed: row.identity, holds: PARTICULARS.identity })

/** One who acts for a neighbour: what they are to them is sealed, who they are is not. */
export function representationPart(
  ward: string,
  { id, neighbour_id, details }: { id: string; neighbour_id: string | null; details: string },
): SealedPart<NeighbourFields> {
  return {
    location: { table: 'representatives', column: 'details', row: id },
    sealed: Buffer.from(details, 'hex'),
    keyId: ward,
    holds: ['representatives'],
    assemble: (record, value) => {
      const one = { ...(value as Representation), id, ...(neighbour_id === null ? {} : { neighbourId: neighbour_id }) }
      record.representatives = [...(record.representatives ?? []), one]
    },
  }
}

function recordOf(row: Row): SealedRecord<NeighbourFields> {
  const keys = [ownKey(row)]
  const parts = [
    identityPart(row),
    particularsPart(row, { column: 'contact', sealed: row.contact, holds: [...PARTICULARS.contact, 'contactBefore'] }),
  ]
  const facts: Partial<NeighbourFields> = { version: row.version }
  if (row.departed_on !== null) facts.departedOn = row.departed_on
  if (row.residence) {
    const { valid_from, valid_to, since } = row.residence
    facts.residence = {
      validFrom: valid_from,
      ...(valid_to === null ? {} : { validTo: valid_to }),
      residentSince: since,
    }
  }
  if (row.household_id !== null) facts.household = { id: row.household_id, size: row.household_size }
  for (const representation of row.representatives ?? []) parts.push(representationPart(row.id, representation))
  if (
    row.address_id !== null &&
    row.address_kind !== null &&
    row.address_key_registry !== null &&
    row.address_key_wrapped !== null
  ) {
    const { address_id: id, address_kind: kind } = row
    keys.push(
      wrappedKey({
        id,
        municipality_id: row.municipality_id,
        owner: 'address',
        registry_key_id: row.address_key_registry,
        wrapped: row.address_key_wrapped,
      }),
    )
    for (const [column, sealed] of addressParts(row)) {
      parts.push({
        location: addressLocation(id, column),
        sealed,
        keyId: id,
        holds: ['address'],
        assemble: (record, value) => {
          record.address = { ...(record.address ?? { kind }), ...(value as object) } as Address
        },
      })
    }
  }
  return { subject: row.id, ...hidingOf(row), keys, parts, facts }
}

/** Which of these neighbours are hidden from whoever asks in this transaction. Nothing is opened. */
export async function hiddenAmong(transaction: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await transaction
    .selectFrom('neighbours')
    .select('id')
    .where('id', 'in', ids)
    .where((n) => sql<boolean>`is_hidden(${n.ref('id')}, ${n.ref('protected')})`)
    .execute()
  return new Set(rows.map(({ id }) => id))
}

/** Which of these neighbours are hidden from others: a change of it is public only from the next morning. */
export async function hiddenFromOthers(
  transaction: Transaction,
  ids: readonly string[],
  now: Temporal.Instant,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await transaction
    .selectFrom('neighbours')
    .select(['id', 'protection_public_from'])
    // Who is only held is hidden from the staff: to others nothing is different.
    .select((n) => sql<boolean>`protected and not is_held(${n.ref('id')})`.as('hides'))
    .where('id', 'in', ids)
    .execute()
  const hidden = rows.filter((row) => {
    const pending = row.protection_public_from !== null && row.protection_public_from.getTime() > now.epochMilliseconds
    return row.hides !== pending
  })
  return new Set(hidden.map(({ id }) => id))
}

export async function findCandidates(
  transaction: Transaction,
  sets: readonly number[][],
  most: number,
): Promise<string[]> {
  if (sets.length === 0) return []
  const { rows } = await sql<{ neighbour_id: string }>`
    select neighbour_id from find_candidates(${JSON.stringify(sets)}::text::jsonb, ${most}::integer)`.execute(
    transaction,
  )
  return rows.map((row) => row.neighbour_id)
}

export async function findByDocument(
  transaction: Transaction,
  municipalityId: string,
  hash: Buffer,
): Promise<string[]> {
  const rows = await transaction
    .selectFrom('evidence')
    .select((row) => sql<string>`record_of(${row.ref('neighbour_id')})`.as('neighbour_id'))
    .where('municipality_id', '=', municipalityId)
    .where('document_hash', '=', hash)
    .limit(20)
    .execute()
  return rows.map((row) => row.neighbour_id)
}
