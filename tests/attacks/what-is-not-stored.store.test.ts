import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { purposes } from '../../src/firewall/policies.ts'
import { CLAIMS } from '../../src/proofs/claims.ts'
import { openApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const FORBIDDEN =
  /nation|citizen|immigra|migra|visa|permit(?!ted)|alien|foreign|status(?!_list|_index|$)|birth_?(place|country)|country_?of_?birth|relig|ethnic|race|passport|issuer_country|document_?(number|type|country|issuer)/i

describe('what the registry has no place for', () => {
  it('is in no column of the database', async () => {
    const columns = await app.peek<{ name: string }>(
      "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' order by 1",
    )
    expect(columns.length).toBeGreaterThan(100)
    expect(columns.map(({ name }) => name).filter((name) => FORBIDDEN.test(name.split('.')[1] ?? ''))).toEqual([])
  })

  it('is in no field of the API', async () => {
    const { body } = await app.ask<{ components: object; paths: object }>('GET', '/openapi.json')
    const names = new Set<string>()
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const [name, inner] of Object.entries(value)) {
        if (name === 'properties') for (const field of Object.keys(inner as object)) names.add(field)
        collect(inner)
      }
    }
    collect(body.components)
    collect(body.paths)
    expect(names.size).toBeGreaterThan(50)
    expect([...names].filter((name) => FORBIDDEN.test(name))).toEqual([])
  })

  it('is in no claim of a proof and no field of a purpose', () => {
    const names = [...CLAIMS, ...[...purposes.values()].flatMap((purpose) => purpose.fields)]
    expect(names.filter((name) => FORBIDDEN.test(name))).toEqual([])
  })

  it('would be noticed by this test', () => {
    for (const name of [
      'nationality',
      'immigration_status',
      'visa',
      'residence_permit',
      'country_of_birth',
      'birthPlace',
      'religion',
      'document_number',
      'documentIssuer',
    ]) {
      expect(FORBIDDEN.test(name), name).toBe(true)
    }
  })

  it('a column of text holds only what names no one', async () => {
    const columns = await app.peek<{ name: string }>(
      "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and table_name not like 'kysely%' and data_type in ('text', 'jsonb', 'character varying', 'ARRAY') order by 1",
    )
    // Whoever adds a column in clear adds it here and says in the review why it names no neighbour.
    expect(columns.map(({ name }) => name)).toEqual([
      'access_request_reviews.staff_id',
      'access_requests.basis',
      'access_requests.recorded_by',
      'access_requests.reference',
      'access_requests.stage',
      'addresses.kind',
      'agreed_grants.basis',
      'agreed_grants.cells',
      'agreed_grants.digest',
      'agreed_grants.mark',
      'applications.decided_by',
      'applications.decision',
      'applications.kind',
      'attestations.signed_by',
      'budget_releases.released_by',
      'budget_releases.staff_id',
      'client_keys.client_id',
      'client_keys.thumbprint',
      'clients.id',
      'complaint_attachments.media_type',
      'complaints.appointment_ended',
      'complaints.duty',
      'complaints.fault',
      'complaints.outcome',
      'complaints.service',
      'counters.client_id',
      'counters.profile',
      'data_keys.owner',
      'data_keys.registry_key_id',
      'demand_documents.uploaded_by',
      'document_seals.signs',
      'drafts.staff_id',
      'drawn_openings.read_by',
      'drawn_openings.staff_id',
      'enforcement_bodies.function',
      'enforcement_bodies.identifier',
      'enforcement_bodies.name',
      'enforcement_bodies.scheme',
      'enforcement_bodies.source',
      'enrolments.given_by',
      'erasures.decided_by',
      'erasures.decision',
      'erasures.ground',
      'erasures.proposed_by',
      'flags.fields',
      'flags.kind',
      'flags.reviewed_by',
      'flags.staff_id',
      'functions.id',
      'job_states.kind',
      'jobs.item',
      'jobs.kind',
      'joins.decided_by',
      'joins.decision',
      'joins.proposed_by',
      'kept_for.held',
      'kept_for.since',
      'key_holders.current',
      'key_holders.keys',
      'ledger_checkpoints.note',
      'ledger_cosignatures.line',
      'ledger_cosignatures.witness',
      'ledger_entries.action',
      'ledger_entries.outcome',
      'ledger_entries.purpose',
      'ledger_entries.requester_kind',
      'likenesses.decided_by',
      'likenesses.decision',
      'likenesses.recorded_by',
      'lockdown_votes.staff_id',
      'municipalities.access_law',
      'municipalities.budgets',
      'municipalities.country_code',
      'municipalities.hearing_hours',
      'municipalities.issuer',
      'municipalities.languages',
      'municipalities.leap_day_birthday',
      'municipalities.municipality_code',
      'municipalities.name',
      'municipalities.office_hours',
      'municipalities.province_code',
      'municipalities.reference_address',
      'municipalities.reference_addresses',
      'municipalities.seal_svg',
      'municipalities.slug',
      'municipalities.time_zone',
      'notice_deliveries.channel',
      'notices.kind',
      'officer_act_writes.kind',
      'officer_act_writes.written',
      'officer_acts.decided_by',
      'officer_acts.decision',
      'officer_acts.kind',
      'officer_acts.proposed_by',
      'organisation_codes.given_by',
      'organisation_functions.function',
      'organisation_links.kind',
      'organisations.aliases',
      'organisations.identifier',
      'organisations.name',
      'passkeys.given_by',
      'policy_versions.digest',
      'presentation_requests.answers',
      'presentation_requests.nonce',
      'presentation_requests.profile',
      'presentation_requests.request_object',
      'proceeding_answers.read_by',
      'proceedings.decided_by',
      'proceedings.decision',
      'proceedings.opened_by',
      'proofs.signing_key_id',
      'query_counts.counted',
      'registry_keys.id',
      'representatives.ended_because',
      'resident_cards.ended_by',
      'resident_cards.failures_known',
      'resident_cards.given_by',
      'restores.statement',
      'said_starts.decided_by',
      'said_starts.decision',
      'said_starts.said_by',
      'search_tokens.tokens',
      'seen_people.counted',
      'seen_totals.counted',
      'seen_totals.span',
      'sessions.kind',
      'sessions.provider_session',
      'sessions.role',
      'sessions.subject',
      'sessions.way',
      'sessions.work_case',
      'sessions.work_purpose',
      'signing_keys.algorithm',
      'signing_keys.id',
      'signing_keys.public_jwk',
      'staff_affiliations.staff_id',
      'staff_neighbours.staff_id',
      'takings.act',
      'takings.content',
      'takings.held',
      'takings.which',
      'visits.staff_id',
      'wallet_offers.handed_to',
      'wallet_offers.outcome',
      'welfare_checks.looked_by',
      'welfare_checks.reason',
    ])
  })
})
