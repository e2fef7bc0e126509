import { type Expression, type RawBuilder, sql } from 'kysely'
import { uuidv7 } from '../platform/clock.ts'
import type { Database, Transaction } from '../platform/database.ts'

// The SQL of organisations, what they do and are linked to, their attestations and machines, and the catalogue of enforcement bodies.

export const keepBodies = (
  database: Database,
  bodies: { scheme: string; identifier: string; name: string; function: string; source: string }[],
) =>
  database
    .insertInto('enforcement_bodies')
    .values(bodies)
    .onConflict((known) =>
      known
        .columns(['scheme', 'identifier'])
        .doUpdateSet((row) => ({
          name: row.ref('excluded.name'),
          function: row.ref('excluded.function'),
          source: row.ref('excluded.source'),
        }))
        .where(
          sql<boolean>`(enforcement_bodies.name, enforcement_bodies.function, enforcement_bodies.source)
            is distinct from (excluded.name, excluded.function, excluded.source)`,
        ),
    )
    .executeTakeFirst()

export const clientsWithKeys = (transaction: Transaction, organisationId: string | undefined) =>
  transaction
    .selectFrom('clients')
    .leftJoin('client_keys', 'client_keys.client_id', 'clients.id')
    .select(['clients.organisation_id', 'clients.id', 'clients.ended_at'])
    .select(['thumbprint', 'known_at', 'client_keys.ended_at as key_ended_at'])
    .$if(organisationId !== undefined, (query) => query.where('organisation_id', '=', organisationId ?? ''))
    .orderBy('clients.id')
    .orderBy('known_at')
    .orderBy('thumbprint')
    .execute()

export const anyClientOf = (transaction: Transaction, ids: readonly string[]) =>
  transaction.selectFrom('clients').select('id').where('id', 'in', ids).executeTakeFirst()

export const anyEndedKeyOf = (transaction: Transaction, thumbprints: readonly string[]) =>
  transaction
    .selectFrom('client_keys')
    .select('thumbprint')
    .where('thumbprint', 'in', thumbprints)
    .where('ended_at', 'is not', null)
    .executeTakeFirst()

export const keepClient = (
  transaction: Transaction,
  { id, municipalityId, organisationId }: { id: string; municipalityId: string; organisationId: string },
) =>
  transaction
    .insertInto('clients')
    .values({ id, municipality_id: municipalityId, organisation_id: organisationId })
    .execute()

export const keepClientKeys = (
  transaction: Transaction,
  keys: { client_id: string; municipality_id: string; thumbprint: string }[],
) =>
  transaction
    .insertInto('client_keys')
    .values(keys)
    .onConflict((known) => known.doNothing())
    .execute()

export const endClient = (transaction: Transaction, { ended_at, id }: { ended_at: string; id: string }) =>
  transaction.updateTable('clients').set({ ended_at }).where('id', '=', id).where('ended_at', 'is', null).execute()

export const endClientKey = (
  transaction: Transaction,
  { ended_at, clientId, thumbprint }: { ended_at: string; clientId: string; thumbprint: string },
) =>
  transaction
    .updateTable('client_keys')
    .set({ ended_at })
    .where('client_id', '=', clientId)
    .where('thumbprint', '=', thumbprint)
    .where('ended_at', 'is', null)
    .execute()

export const positionRows = (
  transaction: Transaction,
  { organisationId, lentTo, now }: { organisationId: string; lentTo: string; now: string },
) =>
  sql<PositionRow>`
    with starts (id) as (
      select ${organisationId}::uuid union select value::uuid from jsonb_array_elements_text(${lentTo}::text::jsonb)),
    edges as (select link.* from starts, organisation_closure(current_municipality(), starts.id) link),
    reached (id) as (
      select own.id from organisations own join starts on starts.id = own.id
      union select related_id from edges)
    select reached.id as organisation_id,
      to_jsonb(array(select distinct edge.related_id::text from edges edge where edge.organisation_id = reached.id)) as related,
      to_jsonb(array(select own.function from organisation_functions own where own.organisation_id = reached.id
        -- What a body is by the catalogue of all towns, it is whatever was written of it here.
        union select body.function from organisations listed join enforcement_bodies body on body.identifier = listed.identifier
        where listed.id = reached.id)) as functions,
      case when reached.id = ${organisationId}::uuid then
        (select max(attestation.expires_at) from attestations attestation
         where attestation.organisation_id = reached.id and attestation.lapsed_at is null and attestation.signed_at <= ${now}::timestamptz) end as attested_until
    from reached`.execute(transaction)

export const organisationsWithAliases = (transaction: Transaction) =>
  transaction.selectFrom('organisations').select(['id', 'name', 'aliases']).orderBy('id').execute()

export const enforcementBodyNames = (transaction: Transaction) =>
  transaction.selectFrom('enforcement_bodies').select('name').orderBy('name').execute()

export const citizenshipOffices = (transaction: Transaction) =>
  transaction
    .selectFrom('organisation_functions')
    .select('organisation_id')
    .where('function', '=', 'citizenship-office')
    .execute()

export const keepFunction = (
  transaction: Transaction,
  { own, duty }: { own: { municipality_id: string; organisation_id: string }; duty: string },
) =>
  transaction
    .insertInto('organisation_functions')
    .values({ ...own, function: duty })
    .onConflict((known) => known.doNothing())
    .execute()

export const keepLink = (
  transaction: Transaction,
  {
    own,
    kind,
    related_id,
  }: { own: { municipality_id: string; organisation_id: string }; kind: string; related_id: string },
) =>
  transaction
    .insertInto('organisation_links')
    .values({ ...own, kind, related_id })
    .onConflict((known) => known.doNothing())
    .execute()

export const keepAttestation = (
  transaction: Transaction,
  {
    own,
    signedBy,
    signedAt,
    expiresAt,
  }: {
    own: { municipality_id: string; organisation_id: string }
    signedBy: string
    signedAt: string
    expiresAt: string
  },
) =>
  transaction
    .insertInto('attestations')
    .values({
      ...own,
      id: uuidv7(),
      signed_by: signedBy,
      signed_at: signedAt,
      expires_at: expiresAt,
    })
    .execute()

export const organisationById = (transaction: Transaction, id: string) =>
  transaction.selectFrom('organisations').select(['name', 'identifier']).where('id', '=', id).executeTakeFirstOrThrow()

export const functionsOf = (transaction: Transaction, organisationId: string) =>
  transaction
    .selectFrom('organisation_functions')
    .select('function')
    .where('organisation_id', '=', organisationId)
    .execute()

export const organisationsById = (transaction: Transaction, ids: string[]) =>
  transaction.selectFrom('organisations').select(['id', 'name']).where('id', 'in', ids).execute()

/** What an organisation is called, in a statement about something else. */
export const nameOfOrganisation = (id: Expression<string | null>): RawBuilder<string | null> =>
  sql<string | null>`(select name from organisations where id = ${id})`

export interface PositionRow {
  organisation_id: string
  related: string[]
  functions: string[]
  attested_until: Date | null
}

export const clientRow = (transaction: Transaction, id: string) =>
  transaction.selectFrom('clients').select(['organisation_id', 'ended_at']).where('id', '=', id).executeTakeFirst()

export const clientKeys = (transaction: Transaction, clientId: string) =>
  transaction.selectFrom('client_keys').select(['thumbprint', 'ended_at']).where('client_id', '=', clientId).execute()

export const readmit = (transaction: Transaction, { readmittedAt, id }: { readmittedAt: string; id: string }) =>
  transaction
    .updateTable('organisations')
    .set({ suspended_at: null, readmitted_at: readmittedAt })
    .where('id', '=', id)
    .where('suspended_at', 'is not', null)
    .execute()

export const suspend = (transaction: Transaction, { suspendedAt, id }: { suspendedAt: string; id: string }) =>
  transaction.updateTable('organisations').set({ suspended_at: suspendedAt }).where('id', '=', id).execute()

export const addAlias = (transaction: Transaction, { name, id }: { name: string; id: string }) =>
  transaction
    .updateTable('organisations')
    .set({ aliases: sql`array_append(aliases, ${name}::text)` })
    .where('id', '=', id)
    .execute()

export const organisationWithIdentifier = (transaction: Transaction, identifier: string) =>
  transaction.selectFrom('organisations').select('id').where('identifier', '=', identifier).executeTakeFirst()

export const keepOrganisation = (
  transaction: Transaction,
  {
    id,
    municipalityId,
    name,
    identifier,
  }: { id: string; municipalityId: string; name: string; identifier: string | null },
) => transaction.insertInto('organisations').values({ id, municipality_id: municipalityId, name, identifier }).execute()

export const organisationRows = (transaction: Transaction) =>
  transaction
    .selectFrom('organisations')
    .select(['id', 'name', 'identifier', 'aliases', 'suspended_at'])
    .select(sql<number>`upheld_reports(id)::integer`.as('upheld'))
    .select(sql<number>`waiting_reports(id)::integer`.as('waiting'))
    .orderBy('name')
    .execute()

export const functionRows = (transaction: Transaction) =>
  transaction.selectFrom('organisation_functions').select(['organisation_id', 'function']).execute()

export const linkRows = (transaction: Transaction) =>
  transaction.selectFrom('organisation_links').select(['organisation_id', 'kind', 'related_id']).execute()

export const attestationRows = (transaction: Transaction) =>
  transaction
    .selectFrom('attestations')
    .select('organisation_id')
    .select((row) => row.fn.max('expires_at').as('until'))
    .where('lapsed_at', 'is', null)
    .groupBy('organisation_id')
    .execute()

/** Organisations that the gate is not closed to, a row for each of their functions. */
export const organisationFunctionsOpen = (transaction: Transaction) =>
  sql<{ id: string; name: string; function: string }>`
    select own.id, own.name, does.function from organisations own
    join organisation_functions does on does.organisation_id = own.id
    where not closes_the_gate(own.id) order by own.name, own.id`.execute(transaction)

export const organisationsSuspended = (transaction: Transaction) =>
  transaction
    .selectFrom('organisations')
    .select(['name', 'suspended_at'])
    .where('suspended_at', 'is not', null)
    .orderBy('name')
    .execute()

export const organisationName = (transaction: Transaction, id: string) =>
  transaction.selectFrom('organisations').select('name').where('id', '=', id).executeTakeFirst()

export const citizenshipOffice = (transaction: Transaction, organisationId: string) =>
  transaction
    .selectFrom('organisation_functions')
    .select('organisation_id')
    .where('organisation_id', '=', organisationId)
    .where('function', '=', 'citizenship-office')
    .executeTakeFirst()

export const knownOrganisations = (transaction: Transaction, ids: readonly string[]) =>
  transaction.selectFrom('organisations').select('id').where('id', 'in', ids).execute()

export const keepFirstOffice = (
  transaction: Transaction,
  { id, municipalityId, name }: { id: string; municipalityId: string; name: string },
) => transaction.insertInto('organisations').values({ id, municipality_id: municipalityId, name }).execute()
