import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { sql } from 'kysely'
import { composeRooms } from '../../src/app.tsx'
import { DEMO_OFFICE, demoTown } from '../../src/cli/demo-town.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { ed25519Verifier } from '../../src/ledger/checkpoint.ts'
import { append, ledgerEntry } from '../../src/ledger/entries.ts'
import { leafRecounter } from '../../src/ledger/recount.ts'
import { sequencer } from '../../src/ledger/sequencer.ts'
import { verifyLedger } from '../../src/ledger/verify.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { inMunicipality, openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import { registerNeighbour } from '../../src/registry/register/register.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { freshEpochs } from '../support/epochs.ts'
import { percentile, townsperson } from './people.ts'
import type { Stage } from './stage.ts'

export interface LedgerFigures {
  /** Registrations a second with the entry and without it, by turns. */
  cost: { with: number; without: number }
  /** How old the oldest entry without a place was, sampled while registering as fast as it goes; milliseconds. */
  delay: { samples: number; perSecond: number; p50: number; p99: number }
  verify: { entries: number; perSecond: number; findings: number }
}

const ENTRIES = 1_000_000

export async function measureLedger(stage: Stage, say: (line: string) => void): Promise<LedgerFigures> {
  const url = await stage.database('ledger_costs')
  const owner = openDatabase(postgresDialect(url, { connections: 2 }))
  await migrate(owner)
  const town = await foundTown(owner, {
    ...demoTown('https://vallmar.example', systemClock.now()),
    hourlyBudgetStaff: 1_000_000,
  })
  const database = openDatabase(postgresDialect(url, { connections: 8, role: 'padron_app' }))
  const keys = localKeyProvider(withNewKey(), freshEpochs())
  await epochsMustBeHere(database, keys)
  const rooms = composeRooms({ database, clock: systemClock, keys, policies: loadPolicies(cedar) })
  const clerk: Staff = { kind: 'staff', id: 'bench', role: 'clerk', organisationId: DEMO_OFFICE }
  const ledger = sequencer(database)
  let people = 0
  const registerFor = async (milliseconds: number) => {
    const until = performance.now() + milliseconds
    const from = people
    const started = performance.now()
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (performance.now() < until) {
          const i = people++
          await registerNeighbour(rooms, { town, by: clerk }, { form: townsperson(i), idempotencyKey: `ledger-${i}` })
        }
      }),
    )
    return (people - from) / ((performance.now() - started) / 1000)
  }

  say('cost of an entry')
  const source =
    (await sql<{ text: string }>`select pg_get_functiondef('register_neighbours'::regproc) as text`.execute(owner))
      .rows[0]?.text ?? ''
  const without = source.replace(
    /\)\s*insert into ledger_entries[\s\S]*?from n;/,
    ')\n  select 1 from n limit 0 into answer;',
  )
  if (without === source) throw new Error('the statement that registers is another than this bench knows')
  const rates = { with: [] as number[], without: [] as number[] }
  await registerFor(3000)
  for (let round = 0; round < 4; round += 1) {
    await sql.raw(source).execute(owner)
    rates.with.push(await registerFor(4000))
    await sql.raw(without).execute(owner)
    rates.without.push(await registerFor(4000))
  }
  await sql.raw(source).execute(owner)

  say('delay of a place under full load')
  const ages: number[] = []
  let busy = true
  const placing = (async () => {
    while (busy) {
      await ledger.place(town.id, await rooms.signers.of(town))
      await new Promise((next) => setTimeout(next, 1000))
    }
  })()
  const sampling = (async () => {
    while (busy) {
      const { rows } = await sql<{ age: number | null }>`
        select extract(epoch from clock_timestamp() - min(entry.recorded_at)) * 1000 as age from ledger_entries entry
        where entry.recorded_at > clock_timestamp() - interval '1 minute'
          and not exists (select from ledger_sequence place where place.entry_id = entry.id)`.execute(owner)
      ages.push(Number(rows[0]?.age ?? 0))
      await new Promise((next) => setTimeout(next, 250))
    }
  })()
  await new Promise((next) => setTimeout(next, 3000))
  ages.length = 0
  const perSecond = await registerFor(20_000)
  busy = false
  await Promise.all([placing, sampling])

  say(`${ENTRIES} entries to verify`)
  await sql.raw('alter role padron_app set synchronous_commit = off').execute(owner)
  const { ledger: key } = await rooms.gate.keysOf(town.id)
  const { n } = (await sql<{ n: string }>`select count(*) as n from ledger_entries`.execute(owner)).rows[0] ?? {
    n: '0',
  }
  for (let made = Number(n); made < ENTRIES; made += 1000) {
    const entries = Array.from({ length: Math.min(1000, ENTRIES - made) }, () =>
      ledgerEntry(
        {
          requesterKind: 'staff',
          requester: 'bench',
          organisation: DEMO_OFFICE,
          action: 'open',
          purpose: 'counter-service',
          fields: ['name'],
          outcome: 'permitted',
          policies: ['staff.purpose'],
          subject: null,
        },
        { about: key, town: key },
      ),
    )
    await inMunicipality(database, town.id, (transaction) => append(transaction, town.id, entries))
    if (made % 50_000 < 1000) await ledger.place(town.id, await rooms.signers.of(town))
  }
  const signer = await rooms.signers.of(town)
  await ledger.place(town.id, signer)
  say('verifying')
  const begun = performance.now()
  const report = await verifyLedger(owner, town.id, {
    key: signer,
    verifySignature: ed25519Verifier(signer.publicKey),
    recount: leafRecounter(keys),
  })
  const speed = report.entries / ((performance.now() - begun) / 1000)
  await sql.raw('alter role padron_app reset synchronous_commit').execute(owner)
  await database.destroy()
  await owner.destroy()
  const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
  return {
    cost: { with: mean(rates.with), without: mean(rates.without) },
    delay: { samples: ages.length, perSecond, p50: percentile(ages, 0.5), p99: percentile(ages, 0.99) },
    verify: { entries: report.entries, perSecond: speed, findings: report.findings.length },
  }
}
