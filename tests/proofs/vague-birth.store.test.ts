import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profiles } from '../../src/proofs/profiles.ts'
import { verifyProof } from '../../src/verify/index.ts'
import { openApp, type TestApp, tokenOf } from '../support/app.ts'
import { textOfPdf } from '../support/pdf-text.ts'
import { register } from '../support/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { leapDayBirthday: 'feb-28' } })
})
afterAll(() => app?.close())

async function claimsOf(id: string, profile = 'residence') {
  const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
    as: 'clerk',
    body: { profile, handedTo: profiles.get(profile)?.askedBy === 'representative' ? 'representative' : 'neighbour' },
    idempotencyKey: randomUUID(),
  })
  const { claims } = await verifyProof(body.token, {
    issuer: app.town.issuer,
    fetch: (input, init) => app.fetch(new Request(input, { ...init, redirect: 'manual' })),
    now: Math.floor(app.clock.now().epochMilliseconds / 1000),
  })
  return claims
}

async function paperOf(id: string, language: string, kind = 'individual') {
  const response = await app.fetch(
    new Request(`https://vallmar.example/v1/neighbours/${id}/papers`, {
      method: 'POST',
      headers: {
        host: 'vallmar.example',
        authorization: `Bearer ${await tokenOf('clerk')}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ kind, language }),
    }),
  )
  return textOfPdf(Buffer.from(await response.arrayBuffer()))
}

describe('a neighbour whose date of birth is vague', () => {
  it.each([
    ['1985~', '1984-01-01/1986-12-31', 'cap al 1985 (entre 1984 i 1986)', 'about 1985 (between 1984 and 1986)'],
    ['196X', '1960-01-01/1969-12-31', 'entre 1960 i 1969', 'between 1960 and 1969'],
    ['../1959', '../1959-12-31', 'abans de l’any 1960', 'before 1960'],
  ])(
    '%s proves the days it can have been, and has it in words on paper and where it is checked',
    async (born, claim, paper, page) => {
      const { id } = await register(app, { dateOfBirth: born })
      expect(await claimsOf(id)).toMatchObject({ birthdate: claim })
      for (const kind of ['individual', 'household']) {
        const text = await paperOf(id, 'ca', kind)
        expect(text).toContain(paper)
        expect(text).not.toContain(born)
      }
      const code = /Codi: ((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})/.exec(await paperOf(id, 'ca'))?.[1] ?? ''
      const answer = await app.fetch(
        new Request('https://vallmar.example/v/code', {
          method: 'POST',
          headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': born },
          body: new URLSearchParams({ text: code }),
        }),
      )
      const shown = await answer.text()
      expect(shown).toContain(page)
      expect(shown).not.toContain(born)
    },
  )

  it('proves an age only where it is certain', async () => {
    const thisYear = app.clock.now().toZonedDateTimeISO('Europe/Madrid').year
    const ages: [string, boolean | undefined][] = [
      [`${thisYear - 16}~`, undefined],
      [`${thisYear - 19}~`, true],
      [`${String(thisYear - 16).slice(0, 3)}X`, undefined],
      ['../1959', true],
      ['1990-24', true],
    ]
    for (const [born, over] of ages) {
      const { id } = await register(app, { dateOfBirth: born })
      const claims = await claimsOf(id, 'city-bikes')
      if (over === undefined) expect(claims, born).not.toHaveProperty('age_over_16')
      else expect(claims, born).toMatchObject({ age_over_16: over })
    }
  })
})
