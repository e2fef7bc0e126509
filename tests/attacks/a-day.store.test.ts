import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { inventedNeighbour } from '../../src/cli/invented-neighbours.ts'
import { seedNeighbours } from '../../src/cli/seed.ts'
import { BUDGETS } from '../../src/firewall/budgets.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { inventedWord } from '../support/people.ts'
import { WHOLE } from '../support/sampled.ts'
import { signedIn } from '../support/signed-in.ts'

// A day of twelve clerks with sixty visits each, made on the pages of the desk, meets no refusal; and whoever goes through the
// register in the same way is shown no more than a day's number of people. `npm run test:whole` makes all of it.

const CLERKS = WHOLE ? 12 : 1
const VISITS = 60
/** How many come in each hour that the office is open; a rush before noon. */
const HOURS = [7, 10, 15, 12, 6, 5, 5]
const PEOPLE = 450

let app: TestApp
beforeAll(async () => {
  app = await openApp()
  await seedNeighbours(app.rooms, app.town, { officeId: DEMO_OFFICE, count: PEOPLE })
})
afterAll(() => app?.close())

/** The database's clock stands still for a test: what was shown within the hour is put an hour back. */
async function anHourLater(): Promise<void> {
  await app.peek(`delete from seen_totals where span = 'hour'`)
  await app.peek(`update seen_people set hour = hour - interval '1 hour'`)
  await app.peek('delete from query_counts')
}
const shownToday = async (staff: string) =>
  (
    await app.peek<{ people: number; points: number }>(
      `select people, points from seen_totals where counted = 'staff ${staff}' and span = 'day'`,
    )
  )[0] ?? { people: 0, points: 0 }
const neighbours = () => app.peek<{ id: string }>('select id from neighbours order by id')

const VISITORS = Array.from({ length: PEOPLE }, (_, i) => inventedNeighbour(i)).filter(
  (one) => !one.protected && one.name.family,
)
/** What a neighbour says at the counter. */
function saidBy(n: number): string {
  const { name, dateOfBirth } = VISITORS[n % VISITORS.length] ?? inventedNeighbour(0)
  return `${name.given} ${(name.family ?? []).join(' ')} ${dateOfBirth?.slice(0, 4) ?? ''}`
}

/** Somebody comes, and where the register holds somebody like them that is asked (409): most are looked for and their record opened, for a paper, a change, a question; some are registered. */
async function visit(clerk: Awaited<ReturnType<typeof signedIn>>, name: string, n: number): Promise<number[]> {
  const statuses: number[] = []
  const note = async (answer: Promise<Response>) => {
    const response = await answer
    statuses.push(response.status)
    return response.text()
  }
  await note(clerk.send('/desk/case', { case: `T-${n}-${name}`, purpose: 'counter-service' }, '/desk'))
  const found = await note(clerk.send('/desk/search', { said: saidBy(n) }, '/desk'))
  if (n % 5 === 4) {
    const form = {
      p0_given: inventedWord(n),
      p0_family: inventedWord(n + 3000),
      p0_dob: '1990',
      where: 'dwelling',
      street: 'de la Prova',
      number: String(n),
      idempotencyKey: crypto.randomUUID(),
    }
    await note(clerk.send('/desk/register', form, '/desk/register'))
    return statuses
  }
  const [, path = ''] = /href="(\/desk\/neighbours\/[0-9a-f-]{36})"/.exec(found) ?? []
  expect(path, saidBy(n)).not.toBe('')
  const record = await note(clerk.open(path))
  expect(record).toContain('csrf')
  if (n % 3 === 0) await note(clerk.open(`${path}/history`))
  if (n % 10 === 0)
    await note(
      clerk.send(`${path}/papers`, { kind: 'individual', language: 'en', idempotencyKey: crypto.randomUUID() }, path),
    )
  return statuses
}

describe('a day', () => {
  it(`of ${CLERKS} clerks with ${VISITS} visits each meets no refusal, and raises no flag about its size`, async () => {
    expect(HOURS.reduce((sum, one) => sum + one)).toBe(VISITS)
    const names = Array.from({ length: CLERKS }, (_, i) => `day${String.fromCharCode(97 + i)}`)
    const clerks = await Promise.all(
      names.map((subject) => signedIn(app, { kind: 'staff', subject, role: 'clerk', office: DEMO_OFFICE })),
    )
    let done = 0
    for (const visits of HOURS) {
      for (let i = 0; i < visits; i += 1) {
        const answers = await Promise.all(clerks.map((clerk, c) => visit(clerk, names[c] ?? '', done + c * VISITS)))
        for (const statuses of answers) for (const status of statuses) expect([200, 303, 409]).toContain(status)
        done += 1
      }
      await anHourLater()
    }
    for (const name of names) {
      const { people, points } = await shownToday(name)
      expect(people, name).toBeGreaterThan(VISITS / 2)
      expect(people, name).toBeLessThan((BUDGETS.clerk?.day.people ?? 0) * 0.75)
      expect(points, name).toBeLessThan((BUDGETS.clerk?.day.points ?? 0) * 0.75)
    }
    const flags = await app.peek(`select kind from flags where staff_id like 'day%' and kind = 'many-people'`)
    expect(flags).toEqual([])
  }, 600_000)

  it('of somebody who goes through the register ends at a day’s number of people', async () => {
    const scraper = await signedIn(app, { kind: 'staff', subject: 'scraper', role: 'clerk', office: DEMO_OFFICE })
    await scraper.send('/desk/case', { case: 'AAAA', purpose: 'counter-service' }, '/desk')
    const everybody = await neighbours()
    expect(everybody.length).toBeGreaterThan(BUDGETS.clerk?.day.people ?? 0)
    let refusedFor = 0
    let n = 0
    // Eight hours, and as many tries as there are people.
    for (let hour = 0; hour < 8; hour += 1) {
      for (; n < everybody.length; n += 1) {
        const answer = await scraper.open(`/desk/neighbours/${everybody[n]?.id}`)
        if (answer.status === 403) break
        // Who hides is not there for a clerk.
        expect([200, 404]).toContain(answer.status)
      }
      refusedFor = n
      await anHourLater()
    }
    expect(refusedFor).toBeLessThan(everybody.length)
    const { people } = await shownToday('scraper')
    // The last page may have shown a household with more than one.
    expect(people).toBeLessThanOrEqual((BUDGETS.clerk?.day.people ?? 0) + 5)
    expect(people).toBeGreaterThan((BUDGETS.clerk?.day.people ?? 0) * 0.9)
    const kinds = await app.peek<{ kind: string }>(`select distinct kind from flags where staff_id = 'scraper'`)
    expect(kinds.map(({ kind }) => kind)).toContain('many-people')
  }, 600_000)
})
