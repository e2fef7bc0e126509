import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { countComplaints } from '../../src/requests/complain.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

// A service that asks for more than it may, or turns away who lives here: reported with one press, and suspended in the end.

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const officer = (subject: string) => signedIn(app, { kind: 'staff', subject, role: 'legal', office: DEMO_OFFICE })
let sources = 0
const post = (path: string, fields: Record<string, string>) => {
  sources += 1
  return app.fetch(
    new Request(`https://vallmar.example${path}`, {
      method: 'POST',
      headers: { host: 'vallmar.example', 'accept-language': 'en', 'test-source': `place ${sources}` },
      body: new URLSearchParams(fields),
    }),
  )
}
const codeIn = (page: string) => /class="digits code"[^>]*>\s*([0-9A-Z-]{19})\s*</.exec(page)?.[1] ?? ''
/** The form that stands on a page, as one of its buttons sends it. */
function pressed(page: string, fault: string): Record<string, string> {
  const [, form = ''] = /<form method="post" action="\/complain\/service[^"]*">([\s\S]*?)<\/form>/.exec(page) ?? []
  const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  expect(form).toContain(`name="fault" value="${fault}"`)
  return { ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])), fault }
}
async function proofPage(): Promise<string> {
  const { id } = await register(app)
  const neighbour = await signedIn(app, { kind: 'resident', subject: id })
  const proof = await neighbour.send('/me/proof', { profile: 'library' }, '/me/proof')
  expect(proof.status).toBe(200)
  return proof.text()
}
const organisationOf = async (client: string) =>
  (await app.peek<{ id: string }>(`select organisation_id as id from clients where id = '${client}'`))[0]?.id ?? ''
const answerAll = async (outcome: string) => {
  const legal = await officer('legal')
  const page = await (await legal.open('/desk/complaints')).text()
  for (const [, complaint = ''] of page.matchAll(/name="complaint" value="([^"]+)"/g))
    await legal.send('/desk/complaints', { complaint, answer: 'We spoke to them.', outcome }, '/desk/complaints')
}

describe('a service that did it wrong', () => {
  it('is reported by one press on the page that shows the proof, with the organisation that gives it', async () => {
    const sent = await post('/complain/service', pressed(await proofPage(), 'turned-away'))
    expect(sent.status).toBe(201)
    const page = await sent.text()
    expect(codeIn(page)).toHaveLength(19)
    expect(page).toMatch(/A legal officer answers by/)
    const [row] = await app.peek(
      'select service, organisation_id, fault, neighbour_id from complaints where fault is not null',
    )
    expect(row).toEqual({
      service: 'library',
      organisation_id: await organisationOf('library'),
      fault: 'turned-away',
      neighbour_id: null,
    })
    // Pressed twice it is one, and pressing the other button is another.
    const again = pressed(await proofPage(), 'too-much')
    const [first, second] = [
      await (await post('/complain/service', again)).text(),
      await (await post('/complain/service', again)).text(),
    ]
    expect(codeIn(first)).toBe(codeIn(second))
    const other = await (await post('/complain/service', { ...again, fault: 'turned-away' })).text()
    expect(codeIn(other)).not.toBe(codeIn(first))
    await answerAll('not-upheld')
  })

  it('is reported by anyone: without a card, without a telephone, of an organisation nobody here knows', async () => {
    const open = (path: string) =>
      app.fetch(
        new Request(`https://vallmar.example${path}`, {
          headers: { host: 'vallmar.example', 'accept-language': 'en' },
        }),
      )
    expect(await (await open('/complain/service')).text()).toContain('/complain/service?service=bank-account')
    const page = await (await open('/complain/service?service=bank-account')).text()
    const sent = await post('/complain/service', { ...pressed(page, 'too-much'), text: 'They asked for a passport.' })
    expect(sent.status).toBe(201)
    const wrong = await post('/complain/service', {
      service: 'bank-account',
      fault: 'too-much',
      organisation: await organisationOf('border-agency'),
    })
    expect(wrong.status).toBe(422)
    expect((await post('/complain/service', { service: 'no-such', fault: 'too-much' })).status).toBe(422)
    expect((await post('/complain/service', { service: 'library', fault: '' })).status).toBe(422)
  })

  it('is answered by legal officers alone, who may say which organisation it was', async () => {
    const seen = async (role: 'clerk' | 'supervisor' | 'legal') => {
      const staff = await signedIn(app, { kind: 'staff', subject: role, role, office: DEMO_OFFICE })
      return (await staff.open('/desk/complaints')).text()
    }
    expect(await seen('clerk')).not.toContain('Bank account')
    expect(await seen('supervisor')).not.toContain('Bank account')
    const page = await seen('legal')
    expect(page).toMatch(/Bank account[\s\S]*They asked for more[\s\S]*They asked for a passport\./)
    const report = pressed(
      await (
        await app.fetch(
          new Request('https://vallmar.example/complain/service?service=residence', {
            headers: { host: 'vallmar.example' },
          }),
        )
      ).text(),
      'too-much',
    )
    const code = codeIn(await (await post('/complain/service', report)).text())
    const legal = await officer('legal')
    const [{ id }] = (await app.peek<{ id: string }>("select id from complaints where service = 'residence'")) as [
      { id: string },
    ]
    const answer = {
      complaint: id,
      answer: 'It was them.',
      outcome: 'upheld',
      organisation: await organisationOf('housing'),
    }
    expect((await legal.send('/desk/complaints', answer, '/desk/complaints')).status).toBe(303)
    const [row] = await app.peek(`select organisation_id, outcome from complaints where id = '${id}'`)
    expect(row).toEqual({ organisation_id: answer.organisation, outcome: 'upheld' })
    expect(await (await post('/complain/follow', { code })).text()).toContain('It was them.')
  })

  it('is counted for everybody to see, with the others', async () => {
    const counts = await countComplaints(app.rooms, app.town)
    const reports = counts.filter(({ kind }) => kind === 'service')
    expect(reports.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(4)
    const page = await app.fetch(
      new Request('https://vallmar.example/transparency', {
        headers: { host: 'vallmar.example', 'accept-language': 'en' },
      }),
    )
    expect(await page.text()).toContain('A service asked for too much, or refused somebody')
  })

  it('has a rule in the database: no name with it, no report without what it is of', async () => {
    const { id } = await register(app)
    await expect(app.peek(`update complaints set neighbour_id = '${id}' where fault is not null`)).rejects.toThrow(
      'complaints_of_services',
    )
    await expect(app.peek('update complaints set fault = null where fault is not null')).rejects.toThrow(
      'complaints_of_services',
    )
  })
})

describe('an organisation of which reports were found right', () => {
  const discloses = async () => {
    const { id } = await register(app)
    const { body } = await app.ask<{ token: string }>('POST', `/v1/neighbours/${id}/proofs`, {
      as: 'clerk',
      body: { profile: 'library' },
    })
    const asked = { subject: { proof: body.token }, purpose: 'service-eligibility', fields: ['resident'] }
    return (await app.ask('POST', '/v1/disclosures', { as: 'library', body: asked })).status
  }
  const page = async (subject = 'legal') => (await (await officer(subject)).open('/desk/organisations')).text()

  it('is suspended by two officers after three of them, publicly, until two take another attestation', async () => {
    const library = await organisationOf('library')
    const suspend = async () =>
      (await officer('legal')).send('/desk/organisations/suspend', { organisation: library }, '/desk/organisations')
    await answerAll('not-upheld')
    for (const fault of ['too-much', 'turned-away']) {
      expect((await post('/complain/service', { service: 'library', organisation: library, fault })).status).toBe(201)
      await answerAll('upheld')
    }
    expect(await page()).toContain('2 upheld, 0 waiting')
    expect(await page()).not.toContain('/desk/organisations/suspend')
    expect((await suspend()).status).toBe(409)
    await post('/complain/service', { service: 'library', organisation: library, fault: 'too-much' })
    await answerAll('upheld')
    expect(await page()).toContain('/desk/organisations/suspend')
    expect((await suspend()).status).toBe(303)
    expect(await discloses()).toBe(200)
    const entry = /name="entry" value="([^"]+)"/.exec(await page('another'))?.[1] ?? ''
    expect(
      (
        await (
          await officer('another')
        ).send('/desk/organisations/acts', { entry, approves: 'yes' }, '/desk/organisations')
      ).status,
    ).toBe(303)
    expect(await discloses()).toBe(403)
    expect(
      (await app.ask<{ because: { reason: string }[] }>('GET', '/v1/provider', { as: 'library' })).body.because[0]
        ?.reason,
    ).toBe('suspended')
    const services = await app.fetch(
      new Request('https://vallmar.example/services', {
        headers: { host: 'vallmar.example', 'accept-language': 'en' },
      }),
    )
    expect(await services.text()).toMatch(/Suspended services[\s\S]*Vallmar Libraries/)
    // Another attestation of one officer's is not enough; of two it is.
    const promised = { organisation: library, signed: 'A new invented officer' }
    await (await officer('legal')).send('/desk/organisations/attestation', promised, '/desk/organisations')
    expect(await discloses()).toBe(403)
    const renewed = /name="entry" value="([^"]+)"/.exec(await page('another'))?.[1] ?? ''
    await (await officer('another')).send(
      '/desk/organisations/acts',
      { entry: renewed, approves: 'yes' },
      '/desk/organisations',
    )
    expect(await discloses()).toBe(200)
    expect(
      await (
        await app.fetch(
          new Request('https://vallmar.example/services', {
            headers: { host: 'vallmar.example', 'accept-language': 'en' },
          }),
        )
      ).text(),
    ).not.toContain('Suspended services')
  })

  it('is suspended by no login of the service past the officers, and not for fewer reports', async () => {
    const bikes = await organisationOf('city-bikes')
    const proposed = await app.ask('POST', '/v1/officer-acts', {
      as: 'legal',
      body: { kind: 'suspend', organisationId: bikes },
    })
    expect([proposed.status, proposed.body.code]).toEqual([409, 'too-few-reports'])
  })
})
