import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import anyAscii from 'any-ascii'
import { sql } from 'kysely'
import { composeRooms } from '../../src/app.tsx'
import { DEMO_OFFICE, demoTown } from '../../src/cli/demo-town.ts'
import { inventedNeighbour } from '../../src/cli/invented-neighbours.ts'
import { loadPolicies } from '../../src/firewall/policies.ts'
import type { Staff } from '../../src/firewall/requester.ts'
import { epochsMustBeHere } from '../../src/keys/key-holding.ts'
import { localKeyProvider, withNewKey } from '../../src/keys/key-provider.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { migrate } from '../../src/platform/migrations.ts'
import type { Registration } from '../../src/registry/model.ts'
import { registerNeighbour } from '../../src/registry/register/register.ts'
import { searchNeighbours } from '../../src/registry/search/search.ts'
import { foundTown } from '../../src/town/town-file.ts'
import { criteriaOf } from '../../src/web/desk/query.ts'
import { freshEpochs } from '../support/epochs.ts'
import { dice, townsperson } from './people.ts'
import type { Stage } from './stage.ts'

export interface QualityFigures {
  kind: string
  queries: number
  /** Parts of one: found in the first five. */
  ours: number
  trigrams: number
}

const PEOPLE = 20_000
const QUERIES_A_KIND = 400

const plain = ({ given, family }: Registration['name']) => [given, ...(family ?? [])].filter(Boolean).join(' ')

/** What people say instead of what is written. */
const KINDS: Record<string, (person: Registration, roll: () => number) => string> = {
  'as written, with the year': (person) => `${plain(person.name)} ${year(person)}`,
  'without accents, small letters': (person) =>
    `${plain(person.name)
      .normalize('NFD')
      .replaceAll(/\p{Mn}/gu, '')
      .toLowerCase()} ${year(person)}`,
  'family name first': ({ name, ...person }) => `${(name.family ?? []).join(' ')} ${name.given ?? ''} ${year(person)}`,
  'one slip of the hand': (person, roll) => `${slip(plain(person.name), roll)} ${year(person)}`,
  'in Latin letters': (person) => `${anyAscii(plain(person.name))} ${year(person)}`,
  'given name and year alone': (person) => `${person.name.given ?? plain(person.name)} ${year(person)}`,
}
const year = (person: Pick<Registration, 'dateOfBirth'>) => person.dateOfBirth?.slice(0, 4) ?? ''

/** Two letters exchanged, one left out, one doubled or one replaced, inside a word of four letters or more. */
function slip(text: string, roll: () => number): string {
  const letters = [...text]
  const places = letters.flatMap((letter, at) =>
    /\p{L}/u.test(letter) && /\p{L}/u.test(letters[at + 1] ?? '') && at > 0 ? [at] : [],
  )
  const at = places[Math.floor(roll() * places.length)] ?? 0
  const [a = '', b = ''] = [letters[at], letters[at + 1]]
  const kind = Math.floor(roll() * 4)
  letters.splice(at, 2, ...(kind === 0 ? [b, a] : kind === 1 ? [b] : kind === 2 ? [a, a, b] : ['e', b]))
  return letters.join('')
}

/** The same questions to the sealed register and to trigrams over the same people in the clear. */
export async function measureQuality(stage: Stage, say: (line: string) => void): Promise<QualityFigures[]> {
  const url = await stage.database('quality')
  const owner = openDatabase(postgresDialect(url, { connections: 2 }))
  await migrate(owner)
  const town = await foundTown(owner, {
    ...demoTown('https://vallmar.example', systemClock.now()),
    expectedPopulation: PEOPLE,
    hourlyBudgetStaff: 1_000_000,
  })
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
  const clerk: Staff = { kind: 'staff', id: 'bench', role: 'clerk', organisationId: DEMO_OFFICE, case: 'bench' }
  await sql.raw('create extension if not exists pg_trgm').execute(owner)
  await sql.raw('create table plain (id text, name text, year text)').execute(owner)

  // A quarter of them of many scripts and traditions, the rest with names of a large town.
  const people = Array.from({ length: PEOPLE }, (_, i) =>
    i % 4 === 0 ? { ...inventedNeighbour(i), confirmedDistinct: true, evidence: undefined as never } : townsperson(i),
  )
  const ids: string[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (next < PEOPLE) {
        const i = next++
        const person = people[i]
        if (person === undefined) continue
        const { evidence: _, ...form } = person
        ;(await registerNeighbour(rooms, { town, by: clerk }, { form, idempotencyKey: `quality-${i}` })).map(
          ({ id }) => {
            ids[i] = id
            return id
          },
        )
      }
    }),
  )
  say(`${PEOPLE} registered`)
  for (let from = 0; from < PEOPLE; from += 2000) {
    const rows = people
      .slice(from, from + 2000)
      .map((person, i) => ({ id: ids[from + i], name: plain(person.name), year: year(person) }))
    await sql`insert into plain select one->>'id', one->>'name', one->>'year' from json_array_elements(${JSON.stringify(rows)}::text::json) one`.execute(
      owner,
    )
  }
  await sql.raw('create index on plain using gin (lower(name) gin_trgm_ops)').execute(owner)
  await sql.raw('analyze').execute(owner)

  const roll = dice(77)
  const figures: QualityFigures[] = []
  for (const [kind, say_] of Object.entries(KINDS)) {
    let [queries, ours, trigrams] = [0, 0, 0]
    while (queries < QUERIES_A_KIND) {
      const i = Math.floor(roll() * PEOPLE)
      const person = people[i]
      if (person === undefined || year(person) === '' || !/\s/.test(plain(person.name))) continue
      queries += 1
      const said = say_(person, roll)
      const found = await searchNeighbours(
        rooms,
        { town, by: clerk },
        { purpose: 'counter-service', criteria: criteriaOf(said, false) },
      ).catch(() => undefined)
      found?.map(({ matches }) => {
        if (matches.slice(0, 5).some(({ id }) => id === ids[i])) ours += 1
        return matches
      })
      const { dateOfBirth, name } = criteriaOf(said, false)
      const { rows } = await sql<{ id: string }>`
        select id from plain where lower(name) % lower(${name ?? ''}) and year = ${dateOfBirth ?? ''}
        order by similarity(lower(name), lower(${name ?? ''})) desc limit 5`.execute(owner)
      if (rows.some(({ id }) => id === ids[i])) trigrams += 1
    }
    figures.push({ kind, queries, ours: ours / queries, trigrams: trigrams / queries })
    say(`${kind}: ${ours} ${trigrams} of ${queries}`)
  }
  await sql.raw('alter role padron_app reset synchronous_commit').execute(owner)
  await database.destroy()
  await owner.destroy()
  return figures
}
