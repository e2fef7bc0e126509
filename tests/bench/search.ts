import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { sql } from 'kysely'
import { composeRooms } from '../../src/app.tsx'
import { DEMO_OFFICE, demoTown } from '../../src/cli/demo-town.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import type { Criteria } from '../../src/registry/model.ts'
import { registerNeighbour } from '../../src/registry/register/register.ts'
import { searchNeighbours } from '../../src/registry/search/search.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { criteriaOf } from '../../src/web/desk/query.ts'
import { freshEpochs } from '../support/epochs.ts'
import { dice, percentile, townsperson } from './people.ts'
import type { Stage } from './stage.ts'

export interface SearchFigures {
  neighbours: number
  /** Milliseconds. */
  name: { p50: number; p99: number; found: number }
  withYear: { p50: number; p99: number; found: number }
  /** One name and a year, typed into the desk’s one box as people say it. */
  said: { p50: number; p99: number; found: number }
  /** Registered a second while filling, by the ordinary use case. */
  filling: number
}

const QUERIES = 600

/** Fills one town step by step with sealed neighbours and searches it at each size. */
export async function measureSearch(
  stage: Stage,
  sizes: readonly number[],
  say: (line: string) => void,
): Promise<SearchFigures[]> {
  const url = await stage.database('search')
  const owner = openDatabase(postgresDialect(url, { connections: 1 }))
  await migrate(owner)
  const town = await foundTown(owner, {
    ...demoTown('https://vallmar.example', systemClock.now()),
    expectedPopulation: Math.max(...sizes),
    hourlyBudgetStaff: 1_000_000,
  })
  // Filling need not wait for the disk at every commit; searching does not write what it must not lose either way.
  await sql.raw('alter role padron_app set synchronous_commit = off').execute(owner)
  const database = openDatabase(postgresDialect(url, { connections: 6, role: 'padron_app' }))
  const keys = localKeyProvider(withNewKey(), freshEpochs())
  await epochsMustBeHere(database, keys)
  const rooms = composeRooms({
    database,
    clock: systemClock,
    keys,
    policies: loadPolicies(cedar),
  })
  const clerk: Staff = { kind: 'staff', id: 'bench', role: 'clerk', organisationId: DEMO_OFFICE }
  const figures: SearchFigures[] = []
  let filled = 0
  for (const size of sizes) {
    const start = performance.now()
    const from = filled
    await Promise.all(
      Array.from({ length: 96 }, async () => {
        while (filled < size) {
          const i = filled
          filled += 1
          if (i % 100_000 === 99_999)
            say(`${i + 1} neighbours after ${Math.round((performance.now() - start) / 1000)} s`)
          await registerNeighbour(rooms, { town, by: clerk }, { form: townsperson(i), idempotencyKey: `fill-${i}` })
        }
      }),
    )
    const filling = (filled - from) / ((performance.now() - start) / 1000)
    await sql.raw('vacuum analyze').execute(owner)
    const search = async (askFor: (i: number) => Criteria) => {
      const roll = dice(size)
      const taken: number[] = []
      let found = 0
      for (let n = 0; n < QUERIES + 50; n += 1) {
        const criteria = askFor(Math.floor(roll() * size))
        const begun = performance.now()
        const matches = await searchNeighbours(rooms, { town, by: clerk }, { purpose: 'counter-service', criteria })
        if (n < 50) continue
        taken.push(performance.now() - begun)
        matches.map((value) => {
          if (value.matches.length > 0) found += 1
          return value
        })
      }
      return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99), found: found / QUERIES }
    }
    const nameOf = (i: number) => {
      const { name } = townsperson(i)
      return `${name.given} ${name.family?.join(' ')}`.toLowerCase()
    }
    figures.push({
      neighbours: size,
      name: await search((i) => ({ name: nameOf(i) })),
      withYear: await search((i) => ({
        name: nameOf(i).split(' ').slice(0, 2).join(' '),
        dateOfBirth: townsperson(i).dateOfBirth?.slice(0, 4) ?? '',
      })),
      said: await search((i) => {
        const { name, dateOfBirth } = townsperson(i)
        return criteriaOf(`${name.given} ${dateOfBirth?.slice(0, 4)}`, false)
      }),
      filling,
    })
    say(JSON.stringify(figures.at(-1)))
  }
  await sql.raw('alter role padron_app reset synchronous_commit').execute(owner)
  await database.destroy()
  await owner.destroy()
  return figures
}
