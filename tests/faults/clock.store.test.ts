import { afterAll, beforeAll, expect, it } from 'vitest'
import { ClockWrong, mustBeInTime } from '../../src/platform/installation.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

it('a clock a day back or ahead ends a start, with the sentence why', async () => {
  const now = Temporal.Now.instant()
  await mustBeInTime(app.database, now)
  await expect(mustBeInTime(app.database, now.add({ hours: 24 }))).rejects.toThrow(/1440 minutes ahead of the database/)
  await expect(mustBeInTime(app.database, now.subtract({ hours: 24 }))).rejects.toThrow(
    /1440 minutes behind the database/,
  )
})

it('and so does one that was put back together with the database\u2019s', async () => {
  await app.peek("update installation set marked_at = clock_timestamp() + interval '1 day' returning 1")
  await expect(mustBeInTime(app.database, Temporal.Now.instant())).rejects.toThrow(ClockWrong)
  await app.peek('update installation set marked_at = clock_timestamp() returning 1')
})

it('a process whose clock is put back while it runs refuses to sign, and says so', async () => {
  const { id } = await register(app, { since: '2020-01-01' })
  app.clock.advance({ hours: -24 })
  const answer = await app.ask('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    purpose: 'counter-service',
    body: { profile: 'library' },
  })
  expect([answer.status, answer.body.code]).toEqual([503, 'no-signing-key'])
  expect(answer.headers.get('retry-after')).not.toBeNull()
  app.clock.advance({ hours: 48 })
  const ahead = await app.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
  expect(ahead.status).toBe(200)
})
