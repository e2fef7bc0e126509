import { sql } from 'kysely'
import type { Transaction } from '../platform/database.ts'

// The SQL of staff lent to organisations, and of how an organisation stands.

export const keepAffiliation = (
  transaction: Transaction,
  { municipalityId, staffId, organisationId }: { municipalityId: string; staffId: string; organisationId: string },
) =>
  transaction
    .insertInto('staff_affiliations')
    .values({
      municipality_id: municipalityId,
      staff_id: staffId,
      organisation_id: organisationId,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export const dropAffiliation = (
  transaction: Transaction,
  { staffId, organisationId }: { staffId: string; organisationId: string },
) =>
  transaction
    .deleteFrom('staff_affiliations')
    .where('staff_id', '=', staffId)
    .where('organisation_id', '=', organisationId)
    .execute()

export const upheldReports = (transaction: Transaction, organisationId: string) =>
  sql<{ upheld: number }>`
    select upheld_reports(${organisationId}::uuid)::integer as upheld`.execute(transaction)

export const standingRow = (
  transaction: Transaction,
  { organisationId, now }: { organisationId: string; now: string },
) =>
  sql<StandingRow>`
    with recursive links (from_id, to_id, since) as (
      select organisation_id, related_id, since from organisation_links
      union all select related_id, organisation_id, since from organisation_links where kind in ('sharesWith', 'suppliedBy')),
    reached (id, since) as (
      select ${organisationId}::uuid, '-infinity'::timestamptz
      union select links.to_id, greatest(reached.since, links.since) from reached join links on links.from_id = reached.id),
    closing (own, since) as (
      select reached.id = ${organisationId}::uuid, greatest(reached.since, does.since)
      from reached join organisation_functions does on does.organisation_id = reached.id
      join functions known on known.id = does.function and known.closes),
    signed as (select expires_at, lapsed_at from attestations where organisation_id = ${organisationId}::uuid)
    select own.name, own.suspended_at,
      (select count(*) from organisation_functions does where does.organisation_id = own.id) as functions,
      (select min(since) from closing where closing.own) as closes_itself,
      (select min(since) from closing where not closing.own) as closes_by_link,
      (select max(expires_at) from signed where lapsed_at is null and expires_at > ${now}::timestamptz) as attestation_until,
      (select max(expires_at) from signed where lapsed_at is null) as attestation_over,
      (select max(lapsed_at) from signed) as attestation_lapsed,
      (select changed_at from lockdowns where closed) as locked_down
    from organisations own where own.id = ${organisationId}::uuid`.execute(transaction)

export interface StandingRow {
  name: string
  suspended_at: Date | null
  functions: string
  closes_itself: Date | null
  closes_by_link: Date | null
  attestation_until: Date | null
  attestation_over: Date | null
  attestation_lapsed: Date | null
  locked_down: Date | null
}
