import { afterAll, beforeAll, expect, it } from 'vitest'
import { ClockWrong, mustBeInTime } from '../../src/platform/installation.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

it('a clock a day back or ahead ends a start, with the sentence why', async () => {
  const now = Temporal.Now.instant()
  await mustBeInTime(house.database, now)
  await expect(mustBeInTime(house.database, now.add({ hours: 24 }))).rejects.toThrow(
    /1440 minutes ahead of the database/,
  )
  await expect(mustBeInTime(house.database, now.subtract({ hours: 24 }))).rejects.toThrow(
    /1440 minutes behind the database/,
  )
})

it('and so does one that was put back together with the database\u2019s', async () => {
  await house.peek("update installation set marked_at = clock_timestamp() + interval '1 day' returning 1")
  await expect(mustBeInTime(house.database, Temporal.Now.instant())).rejects.toThrow(ClockWrong)
  await house.peek('update installation set marked_at = clock_timestamp() returning 1')
})

it('a process whose clock is put back while it runs refuses to sign, and says so', async () => {
  const { id } = await register(house, { since: '2020-01-01' })
  house.clock.advance({ hours: -24 })
  const answer = await house.ask('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    purpose: 'counter-service',
    body: { profile: 'library' },
  })
  expect([answer.status, answer.body.code]).toEqual([503, 'no-signing-key'])
  expect(answer.headers.get('retry-after')).not.toBeNull()
  house.clock.advance({ hours: 48 })
  const ahead = await house.ask('GET', `/v1/neighbours/${id}`, { as: 'clerk', purpose: 'counter-service' })
  expect(ahead.status).toBe(200)
})
