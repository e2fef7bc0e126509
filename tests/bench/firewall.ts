import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { sql } from 'kysely'
import { composeRooms } from '../../src/app.tsx'
import { DEMO_OFFICE, demoTown } from '../../src/cli/demo-town.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Requester, Staff } from '../../src/firewall/requester.ts'
import { demoToken } from '../../src/identity/demo-token.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { ed25519Verifier } from '../../src/ledger/checkpoint.ts'
import { leafRecounter } from '../../src/ledger/recount.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { verifyLedger } from '../../src/ledger/verify.ts'
import { systemClock, uuidv7 } from '../../src/platform/clock.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import { registerNeighbour } from '../../src/registry/register/register.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { freshEpochs } from '../support/epochs.ts'
import { dice, percentile, townsperson } from './people.ts'
import { type Stage, serveOn } from './stage.ts'

/** Decisions of the gate, each with its ledger entry and commit, for clients anywhere in a graph. */
export interface GraphFigures {
  organisations: number
  perSecond: number
  p50: number
  p99: number
}

/** How alike the answers are for somebody who lives here and somebody who does not. */
export interface EqualityFigures {
  endpoint: string
  trials: number
  differentAnswers: number
  /** Milliseconds. */
  here: number
  nowhere: number
  /** Kolmogorov-Smirnov, two samples. */
  statistic: number
  p: number
}

export interface FirewallFigures {
  graphs: GraphFigures[]
  verify: { entries: number; perSecond: number; findings: number }
  equality: EqualityFigures[]
}

const TRIALS = 2_000

export async function measureFirewall(stage: Stage, say: (line: string) => void): Promise<FirewallFigures> {
  const graphs: GraphFigures[] = []
  for (const organisations of [10, 1_000, 50_000]) {
    say(`${organisations} organisations`)
    graphs.push(await measureGraph(stage, organisations))
  }
  say('ledger verify')
  const verify = await measureVerify(stage, 60_000)
  say('equal answers')
  return { graphs, verify, equality: await measureEquality(stage) }
}

async function furnished(stage: Stage, name: string) {
  const url = await stage.database(name)
  const owner = openDatabase(postgresDialect(url, { connections: 1 }))
  await migrate(owner)
  const town = await foundTown(owner, {
    ...demoTown('https://vallmar.example', systemClock.now()),
    hourlyBudgetStaff: 1_000_000,
    hourlyBudgetOrganisation: 1_000_000,
  })
  const database = openDatabase(postgresDialect(url, { connections: 6, role: 'padron_app' }))
  const keys = localKeyProvider(withNewKey(), freshEpochs())
  await epochsMustBeHere(database, keys)
  const rooms = composeRooms({ database, clock: systemClock, keys, policies: loadPolicies(cedar) })
  const close = async () => {
    await database.destroy()
    await owner.destroy()
  }
  return { url, owner, town, database, keys, rooms, close }
}

/** Each organisation belongs to one before it and shares with another; a tenth reach enforcement. */
async function measureGraph(stage: Stage, organisations: number): Promise<GraphFigures> {
  const { owner, town, rooms, close } = await furnished(stage, `graph_${organisations}`)
  const ids = Array.from({ length: organisations }, () => uuidv7())
  const roll = dice(organisations)
  const earlier = (i: number) => ids[Math.floor(roll() * i)] ?? ids[0]
  await sql.raw('alter table organisation_links disable trigger organisation_links_lapse').execute(owner)
  await sql.raw('alter table organisation_functions disable trigger organisation_functions_lapse').execute(owner)
  for (let from = 0; from < organisations; from += 5_000) {
    const some = ids.slice(from, from + 5_000).map((id, offset) => ({
      id,
      up: from + offset === 0 ? null : earlier(from + offset),
      role: from + offset > 0 && (from + offset) % (organisations / 10) === 0 ? 'immigration-enforcement' : 'library',
    }))
    const rows = JSON.stringify(some)
    await sql`insert into organisations (id, municipality_id, name) select (one->>'id')::uuid, ${town.id}, 'Invented' from json_array_elements(${rows}::text::json) one`.execute(
      owner,
    )
    await sql`insert into organisation_functions (municipality_id, organisation_id, function) select ${town.id}, (one->>'id')::uuid, one->>'role' from json_array_elements(${rows}::text::json) one`.execute(
      owner,
    )
    await sql`insert into organisation_links (municipality_id, organisation_id, kind, related_id) select ${town.id}, (one->>'id')::uuid, 'memberOf', (one->>'up')::uuid from json_array_elements(${rows}::text::json) one where one->>'up' is not null`.execute(
      owner,
    )
    await sql`insert into attestations (id, municipality_id, organisation_id, signed_by, signed_at, expires_at) select gen_random_uuid(), ${town.id}, (one->>'id')::uuid, 'Invented', now() - interval '1 day', now() + interval '90 days' from json_array_elements(${rows}::text::json) one`.execute(
      owner,
    )
  }
  await sql.raw('analyze').execute(owner)
  const taken: number[] = []
  const started = performance.now()
  const count = 1_500
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (taken.length < count) {
        const requester: Requester = {
          kind: 'client',
          id: 'bench',
          organisationId: ids[Math.floor(roll() * organisations)] ?? '',
        }
        const begun = performance.now()
        await rooms.gate
          .open<{ resident: boolean }, 'resident', void>(
            {
              municipalityId: town.id,
              requester,
              action: 'disclose',
              purpose: 'service-eligibility',
              fields: ['resident'],
            },
            async () => [],
            () => undefined,
          )
          .catch(() => undefined)
        taken.push(performance.now() - begun)
      }
    }),
  )
  const perSecond = taken.length / ((performance.now() - started) / 1000)
  await close()
  return { organisations, perSecond, p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) }
}

async function measureVerify(stage: Stage, entries: number): Promise<FirewallFigures['verify']> {
  const { owner, town, database, keys, rooms, close } = await furnished(stage, 'ledger')
  await sql.raw('alter role padron_app set synchronous_commit = off').execute(owner)
  const clerk: Staff = { kind: 'staff', id: 'bench', role: 'clerk', organisationId: DEMO_OFFICE }
  const ledger = sequencer(database)
  let filled = 0
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (filled < entries) {
        const i = filled
        filled += 1
        await registerNeighbour(rooms, { town, by: clerk }, { form: townsperson(i), idempotencyKey: `verify-${i}` })
      }
    }),
  )
  await ledger.place(town.id, await rooms.signers.of(town))
  const key = await rooms.signers.of(town)
  const begun = performance.now()
  const report = await verifyLedger(owner, town.id, {
    key,
    verifySignature: ed25519Verifier(key.publicKey),
    recount: leafRecounter(keys),
  })
  const perSecond = report.entries / ((performance.now() - begun) / 1000)
  await sql.raw('alter role padron_app reset synchronous_commit').execute(owner)
  await close()
  return { entries: report.entries, perSecond, findings: report.findings.length }
}

async function measureEquality(stage: Stage): Promise<EqualityFigures[]> {
  const service = await serveOn(await stage.database('equality'))
  try {
    const { issuer, audience } = service
    const [clerk, auditor, border] = await Promise.all(
      ['clerk', 'auditor', 'border-agency'].map((client) => demoToken(issuer, { audience, clientId: client })),
    )
    const ask = async (token: string, method: string, path: string, body?: object) => {
      const begun = performance.now()
      const response = await fetch(`${service.address}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'padron-purpose': 'counter-service',
          'if-match': '"1"',
          ...(body ? { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      const text = await response.text()
      return { text: `${response.status} ${text}`, body: text, milliseconds: performance.now() - begun }
    }
    const registered = await ask(clerk ?? '', 'POST', '/v1/neighbours', townsperson(0))
    const here = JSON.parse(registered.body).id as string
    const nowhere = crypto.randomUUID()
    const endpoints: [string, (id: string) => Promise<{ text: string; milliseconds: number }>][] = [
      ['a record, by staff without the purpose', (id) => ask(auditor ?? '', 'GET', `/v1/neighbours/${id}`)],
      ['a record, by enforcement', (id) => ask(border ?? '', 'GET', `/v1/neighbours/${id}`)],
      [
        'a proof, by staff without the purpose',
        (id) => ask(auditor ?? '', 'POST', `/v1/neighbours/${id}/proofs`, { profile: 'library' }),
      ],
    ]
    const none = auditor ?? ''
    endpoints.push(
      ['a history, by staff without the purpose', (id) => ask(none, 'GET', `/v1/neighbours/${id}/history`)],
      ['the list of proofs, by staff without the purpose', (id) => ask(none, 'GET', `/v1/neighbours/${id}/proofs`)],
      [
        'a paper, by staff without the purpose',
        (id) => ask(none, 'POST', `/v1/neighbours/${id}/papers`, { kind: 'individual', language: 'ca' }),
      ],
      [
        'a wallet’s offer, by staff without the purpose',
        (id) => ask(none, 'POST', `/v1/neighbours/${id}/wallet-offers`, { profile: 'library' }),
      ],
      [
        'a departure, by staff without the purpose',
        (id) => ask(none, 'POST', `/v1/neighbours/${id}/departures`, { cause: 'death' }),
      ],
      [
        'a correction, by staff without the purpose',
        (id) => ask(none, 'PATCH', `/v1/neighbours/${id}`, { name: { given: 'Invented' } }),
      ],
      [
        'a move, by staff without the purpose',
        (id) => ask(none, 'POST', `/v1/neighbours/${id}/residences`, { address: { kind: 'no-fixed-address' } }),
      ],
      [
        'watching a neighbour, by staff without the purpose',
        (id) => ask(clerk ?? '', 'POST', '/v1/watched-neighbours', { neighbourId: id }),
      ],
    )
    // With the proof of somebody who lives here, or with one nobody was given.
    const issued = await ask(clerk ?? '', 'POST', `/v1/neighbours/${here}/proofs`, { profile: 'residence' })
    const { token: proof } = JSON.parse(issued.body) as { token: string }
    const forged = proof.replace(/^([^.]+\.[^.]+\.)[^~]+/, (_, start: string) => start + 'A'.repeat(86))
    const disclosure = (subject: string) => ({
      subject: { proof: subject },
      purpose: 'social-services',
      fields: ['name'],
    })
    endpoints.push([
      'a disclosure, to enforcement',
      (id) => ask(border ?? '', 'POST', '/v1/disclosures', disclosure(id === here ? proof : forged)),
    ])
    const figures: EqualityFigures[] = []
    for (const [endpoint, attempt] of endpoints) {
      for (let i = 0; i < 200; i += 1) await attempt(i % 2 ? here : nowhere)
      const samples: { here: number[]; nowhere: number[] } = { here: [], nowhere: [] }
      const answers = new Set<string>()
      const roll = dice(7)
      for (let i = 0; i < TRIALS; i += 1) {
        const isHere = roll() < 0.5
        const { text, milliseconds } = await attempt(isHere ? here : nowhere)
        answers.add(text)
        ;(isHere ? samples.here : samples.nowhere).push(milliseconds)
      }
      const statistic = kolmogorovSmirnov(samples.here, samples.nowhere)
      figures.push({
        endpoint,
        trials: TRIALS,
        differentAnswers: answers.size - 1,
        here: percentile(samples.here, 0.5),
        nowhere: percentile(samples.nowhere, 0.5),
        ...statistic,
      })
    }
    return figures
  } finally {
    await service.stop()
  }
}

/** The two-sample test, with the asymptotic distribution. @see Press et al., Numerical Recipes, section 14.3 */
function kolmogorovSmirnov(a: number[], b: number[]): { statistic: number; p: number } {
  const [one, two] = [[...a].sort((x, y) => x - y), [...b].sort((x, y) => x - y)]
  let [i, j, statistic] = [0, 0, 0]
  while (i < one.length && j < two.length) {
    const value = Math.min(one[i] ?? 0, two[j] ?? 0)
    while (i < one.length && (one[i] ?? 0) <= value) i += 1
    while (j < two.length && (two[j] ?? 0) <= value) j += 1
    statistic = Math.max(statistic, Math.abs(i / one.length - j / two.length))
  }
  const size = Math.sqrt((one.length * two.length) / (one.length + two.length))
  const lambda = (size + 0.12 + 0.11 / size) * statistic
  let p = 0
  for (let k = 1; k <= 100; k += 1) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * lambda * lambda)
  return { statistic, p: Math.min(1, Math.max(0, p)) }
}
