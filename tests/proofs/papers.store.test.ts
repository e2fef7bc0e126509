import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

describe('x', () => {
  it('prints', async () => {
    for (const [i, [name, language]] of ([
      [{ given: 'Núria', family: ['Puig', 'Soler'] }, 'ca'],
      [{ given: 'فاطمة الزهراء', family: ['بن علي'] }, 'ar'],
      [{ given: '小明', family: ['王'] }, 'en'],
      [{ given: 'கவிதா', family: ['முருகன்'] }, 'fr'],
      [{ given: 'አበበ', family: ['በቀለ'] }, 'en'],
      [{ given: 'Олександр', family: ['Шевченко'] }, 'es'],
    ] as const).entries()) {
      const { id } = await register(house, { name: name as never, dateOfBirth: '1971-02-03' })
      const started = performance.now()
      const response = await house.fetch(
        new Request(`https://vallmar.example/v1/neighbours/${id}/papers`, {
          method: 'POST',
          headers: { host: 'vallmar.example', authorization: `Bearer ${await (await import('../support/house.ts')).tokenOf('clerk')}`, 'content-type': 'application/json', 'idempotency-key': `abcdefgh${i}` },
          body: JSON.stringify({ kind: i === 0 ? 'historical' : i === 1 ? 'household' : 'individual', language }),
        }),
      )
      const bytes = Buffer.from(await response.arrayBuffer())
      console.log(response.status, bytes.length, Math.round(performance.now() - started), response.status === 200 ? '' : bytes.toString())
      if (response.status === 200) writeFileSync(`/tmp/gen/paper-${i}.pdf`, bytes)
      else console.log(house.log.at(-1))
    }
    expect(1).toBe(1)
  })
})
