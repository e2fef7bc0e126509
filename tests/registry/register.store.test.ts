import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type House, openHouse } from '../support/house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

describe('registering a neighbour', () => {
  it('needs a name and a kind of address, nothing else', async () => {
    const answer = await house.ask('POST', '/v1/neighbours', {
      as: 'clerk',
      body: { name: { given: 'Suharti' }, address: { kind: 'no-fixed-address' } },
    })
    expect(answer.text).toBe('')
    expect(answer.status).toBe(201)
  })
})
