import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import type { StaffRole } from '../../src/firewall/requester.ts'
import { ROUTES_OF_ROLES } from '../../src/firewall/roles.ts'
import { LARGEST_DOCUMENT } from '../../src/oversight/keep-document.ts'
import { giveCard } from '../../src/registry/person/give-card.ts'
import { openApp, type TestApp, tokenOf } from '../support/app.ts'
import { register, somebody } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const send = (path: string, init: RequestInit = {}) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, {
      redirect: 'manual',
      ...init,
      headers: { host: 'vallmar.example', ...(init.headers as Record<string, string> | undefined) },
    }),
  )
const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
/** The lines that one thing left in the log. */
async function linesOf(what: () => Promise<unknown>) {
  const before = app.log.length
  await what()
  return app.log.slice(before)
}
const staff = (role: StaffRole, subject: string = role) =>
  signedIn(app, { kind: 'staff', subject, role, office: DEMO_OFFICE })

/** What browsers say of where a page of another site sends from, newer and older ones. */
const ELSEWHERE = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { origin: 'https://other.example' },
  { origin: 'ftp://vallmar.example' },
  { origin: 'null', referer: 'https://other.example/frame' },
]

describe('the front door', () => {
  it('says the same to every browser with every answer: over TLS alone, in no frame, no type guessed, no address passed on', async () => {
    const paths = app.routes
      .filter(({ method, path }) => method === 'GET' && !/[:*]/.test(path))
      .map(({ path }) => path)
    expect(paths.length).toBeGreaterThan(40)
    for (const path of [...paths, '/not-here']) {
      const { headers } = await send(path)
      const [, seconds = '0'] =
        /max-age=(\d+); includeSubDomains/.exec(headers.get('strict-transport-security') ?? '') ?? []
      expect(Number(seconds), path).toBeGreaterThanOrEqual(31_536_000)
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      // A page with forms may say it to itself: older browsers say where a form comes from by nothing else.
      expect(headers.get('referrer-policy'), path).toMatch(/^(no-referrer|same-origin)$/)
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, path).toContain("default-src 'none'")
      expect(policy, path).not.toMatch(/unsafe|\*/)
      if (headers.get('content-type')?.startsWith('text/html')) expect(policy, path).toContain("frame-ancestors 'none'")
    }
  })

  it('is the only one: every handler of the running app was mounted by it', () => {
    const others = app.routes.filter(({ spec }) => spec === undefined).map(({ method, path }) => `${method} ${path}`)
    // The first hands the door to each request; the rest make public material smaller.
    expect(others).toEqual(['ALL /*', ...['/status-lists/*', '/assets/*', '/v', '/V'].map((path) => `ALL ${path}`)])
    expect(app.routes.length).toBeGreaterThan(200)
  })

  it('leaves one line for each request, whatever became of it', async () => {
    for (const [path, init, kind, status] of [
      ['/', {}, 'public', 200],
      ['/v1/municipality', {}, 'api', 200],
      ['/v1/neighbours/search', { method: 'POST' }, 'api', 401],
      ['/desk', {}, 'page', 303],
      ['/assets/styles.css', {}, 'asset', 200],
      ['/nothing/of/the/kind', {}, 'public', 404],
      ['/v1/nothing', {}, 'api', 404],
      ['/me/in', form({ code: 'AAAA', word: 'no' }), 'public', 401],
    ] as const) {
      const lines = await linesOf(() => send(path, init))
      expect(lines, path).toHaveLength(1)
      expect(lines[0], path).toMatchObject({ event: 'request', kind, status, milliseconds: expect.any(Number) })
    }
  })

  it('names a route by its pattern, and whoever asks by a kind and a mark that changes every day', async () => {
    const { id } = await register(app, somebody())
    const clerk = await staff('clerk')
    const markOf = async () => (await linesOf(() => clerk.open(`/desk/neighbours/${id}`)))[0]
    const first = await markOf()
    expect(first).toMatchObject({ route: '/desk/neighbours/:id', who: expect.stringMatching(/^staff [0-9a-f]{8}$/) })
    expect((await markOf())?.who).toBe(first?.who)
    expect((await linesOf(async () => (await staff('clerk', 'another')).open('/desk')))[0]?.who).not.toBe(first?.who)
    expect(JSON.stringify(first)).not.toContain(id)
    app.clock.advance({ hours: 24 })
    const later = await staff('clerk')
    const [next] = await linesOf(() => later.open('/desk'))
    expect(next?.who).toMatch(/^staff [0-9a-f]{8}$/)
    expect(next?.who).not.toBe(first?.who)
    app.clock.advance({ hours: -24 })
  })

  it('says of nobody that they complain, hide or ask for help', async () => {
    const { id } = await register(app, somebody())
    const own = await signedIn(app, { kind: 'resident', subject: id })
    expect((await linesOf(() => own.open('/me')))[0]?.who).toMatch(/^resident /)
    const quiet = [
      ...(await linesOf(() => own.open('/complain'))),
      ...(await linesOf(() => send('/complain', form({ kind: 'other', text: 'Nobody listens.' })))),
      ...(await linesOf(() => send('/helper', form({ code: 'AAAA' })))),
    ]
    expect(quiet).toHaveLength(3)
    for (const line of quiet) expect(line).not.toHaveProperty('who')
    const hiding = await linesOf(() => own.send('/me/change/hide', {}, '/me/change'))
    const line = hiding.find(({ route }) => route === '/me/change/hide')
    expect(line).toBeDefined()
    expect(line).not.toHaveProperty('who')
  })

  it('says so of no route about hiding, help or complaints, whichever it is', () => {
    // Reading who looked is like any page; asking about a look is a complaint.
    const about =
      /^(\w+ .*(protect|hide|complain|help|object|appointment|welfare|ways-in|hearing|me\/change)|POST .*looked)/
    const loud = app.routes.flatMap(({ method, path, spec }) =>
      spec && about.test(`${method} ${path}`) && !spec.quiet ? [`${method} ${path}`] : [],
    )
    expect(loud).toEqual([])
  })

  it('writes down why a sign-in failed, as a code', async () => {
    const { id } = await register(app, somebody())
    const clerk = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE } as const
    await giveCard(app.rooms, { town: app.town, by: clerk }, { source: 'desk', neighbourId: id, word: 'a word' })
    const code = async (path: string, init: RequestInit) => (await linesOf(() => send(path, init)))[0]?.code
    expect(await code('/me/in', form({ code: 'AAAA-BBBB', word: 'another' }))).toBe('card-refused')
    expect(await code('/helper', form({ code: 'AAAA', profile: 'library' }))).toBe('help-refused')
    expect(await code('/sign-in/return?code=x&state=y', {})).toBe('sign-in-failed')
    const body = JSON.stringify({ response: { id: 'nobody' } })
    const json = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect(await code('/me/passkey', json)).toBe('passkey-refused')
    expect(await code('/v1/neighbours/search', { method: 'POST', headers: { authorization: 'Bearer x.y.z' } })).toBe(
      'unauthenticated',
    )
  })

  it('reads no more of a body than there is room for, however it is sent', async () => {
    let sent = 0
    const chunk = new Uint8Array(64 * 1024)
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += chunk.length
          controller.enqueue(chunk)
        },
      })
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const [path, headers] of [
      ['/complain/follow', type],
      ['/me/in', type],
      ['/v/code', type],
      ['/v1/check-codes', { 'content-type': 'application/json' }],
    ] as const) {
      sent = 0
      const answer = await send(path, { method: 'POST', headers, body: endless(), duplex: 'half' } as RequestInit)
      expect(answer.status, path).toBe(413)
      expect(sent, path).toBeLessThan(1024 * 1024)
    }
    const declared = await send('/me/in', { ...form({ code: 'x'.repeat(70_000) }) })
    expect(declared.status).toBe(413)
  })

  const BOUNDARY = 'between-the-parts-of-a-form-of-a-test'
  const multipart = (parts: readonly string[]) => ({
    method: 'POST',
    body: `${parts.map((part) => `--${BOUNDARY}\r\nContent-Disposition: form-data; ${part}\r\n`).join('')}--${BOUNDARY}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  })

  it('reads no form of thousands of parts, and no more words than a form has beside its files', async () => {
    const file = 'name="f"; filename="x"\r\n\r\n1'
    expect((await send('/complain', multipart(Array(20_000).fill(file)))).status).toBe(413)
    const threeFiles = await send('/complain', multipart(['name="text"\r\n\r\nThey sent me away.', file, file, file]))
    expect(threeFiles.status).toBe(422)
    expect(await threeFiles.text()).toContain('They sent me away.')
    // What stands before the content of a part is measured before anybody reads it, and a boundary is one that a browser writes.
    const heads = [`X:\r\n`.repeat(5000), `name="f"${'; filename="y"'.repeat(5000)}`]
    for (const head of heads)
      expect((await send('/complain', multipart([`name="f"\r\n${head}\r\n\r\n1`]))).status).toBe(413)
    for (const type of [
      `multipart/form-data; xboundary=zz; boundary=${BOUNDARY}`,
      `multipart/form-data; boundary="\\${BOUNDARY}"`,
      `multipart/form-data; boundary=${BOUNDARY}; boundary=zz`,
      'multipart/form-data',
    ])
      expect((await send('/complain', { ...multipart([file]), headers: { 'content-type': type } })).status, type).toBe(
        415,
      )
    const words = 'w'.repeat(70_000)
    expect((await send('/complain', multipart([`name="text"\r\n\r\n${words}`]))).status).toBe(413)
    expect((await send('/complain', form({ text: words }))).status).toBe(413)
    const officer = await staff('legal')
    const csrf = /name="csrf" value="([^"]+)"/.exec(await (await officer.open('/desk/legal')).text())?.[1]
    const document = `name="document"; filename="x"\r\n\r\n${'x'.repeat(LARGEST_DOCUMENT + 1)}`
    const tooLarge = await officer.open('/desk/legal', multipart([`name="csrf"\r\n\r\n${csrf}`, document]))
    expect(tooLarge.status).toBe(413)
    const many = form({ csrf: csrf ?? '', scope: 'w'.repeat(300_000) })
    expect((await officer.open('/desk/legal', many)).status).toBe(413)
  })

  it('takes what ends before its end for no fault of ours', async () => {
    const broken = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(10))
          controller.error(new Error('the line broke'))
        },
      })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const [line] = await linesOf(() =>
      send('/me/in', { method: 'POST', headers, body: broken(), duplex: 'half' } as RequestInit),
    )
    expect(line).toMatchObject({ level: 'info', status: 400, code: 'incomplete' })
  })

  it('says “not modified” of what is read, never of what is changed', async () => {
    const { id } = await register(app, somebody())
    const known = { authorization: `Bearer ${await tokenOf('clerk')}`, 'if-none-match': '"1", "2"' }
    expect(
      (await send(`/v1/neighbours/${id}`, { headers: { ...known, 'padron-purpose': 'counter-service' } })).status,
    ).toBe(304)
    const headers = { ...known, 'content-type': 'application/json', 'if-match': '"1"' }
    const body = JSON.stringify({ languages: ['ca'] })
    const changed = await send(`/v1/neighbours/${id}`, { method: 'PATCH', headers, body })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).toBe('"2"')
  })

  it('names whoever is turned away, and how they asked', async () => {
    const headers = { authorization: `Bearer ${await tokenOf('library')}`, 'content-type': 'application/json' }
    const [line] = await linesOf(() => send('/v1/neighbours/search', { method: 'POST', headers, body: '{}' }))
    expect(line).toMatchObject({ status: 403, method: 'post', who: expect.stringMatching(/^client [0-9a-f]{8}$/) })
    const [head] = await linesOf(() => send('/', { method: 'HEAD' }))
    expect(head).toMatchObject({ method: 'head', status: 200 })
    const [strange] = await linesOf(() => send('/nothing', { method: 'PROPFIND' }))
    expect(strange).toMatchObject({ method: 'other', status: 404 })
  })

  it('takes a form where it expects a form, and JSON where it expects JSON', async () => {
    const text = { method: 'POST', body: 'code=AAAA', headers: { 'content-type': 'text/plain' } }
    expect((await send('/me/in', text)).status).toBe(415)
    expect((await send('/v1/check-codes', { ...form({ code: 'AAAA' }) })).status).toBe(415)
    expect((await send('/me/passkey', { ...form({ code: 'AAAA' }) })).status).toBe(415)
  })

  it('takes nothing that changes anything from a page of another site, whatever it calls it', async () => {
    const doors = app.routes.filter(
      ({ method, spec }) =>
        method === 'POST' && spec && (spec.kind === 'page' || spec.kind === 'public') && !spec.fromAnywhere,
    )
    expect(doors.length).toBeGreaterThan(80)
    for (const { path } of doors)
      for (const type of ['application/x-www-form-urlencoded', 'application/json', undefined])
        for (const from of ELSEWHERE) {
          const headers = { ...from, accept: 'text/html', ...(type ? { 'content-type': type } : {}) }
          const body = new Uint8Array([123, 125])
          const answer = await send(path.replaceAll(/:\w+/g, 'x'), { method: 'POST', body, headers })
          expect(answer.status, `${path} ${type}`).toBe(403)
        }
  })

  it('refuses a reader with a page in their language', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', accept: 'text/html', 'accept-language': 'fr' }
    const answer = await send('/complain', { ...form({}), headers })
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await answer.text()).toContain('lang="fr"')
  })

  it('lets scripts run on pages that have them alone', async () => {
    const policy = async (path: string) => (await send(path)).headers.get('content-security-policy') ?? ''
    expect(await policy('/')).not.toContain('script-src')
    expect(await policy('/me/in')).toMatch(/script-src 'nonce-[^']{20,}'/)
  })
})

describe('which role of staff reaches which route', () => {
  const ROLES: readonly StaffRole[] = ['clerk', 'supervisor', 'legal', 'auditor']
  const OF_STAFF = /^(GET|POST|PATCH) \/(desk|sign-out|v1)/
  const named = () =>
    app.routes.flatMap(({ method, spec }) =>
      spec && (spec.kind === 'page' || spec.kind === 'api') && method !== 'ALL'
        ? [{ spec, name: `${method} ${spec.name ?? spec.path}` }]
        : [],
    )

  it('stands in one table: every page of the desk, and nothing that is not mounted', () => {
    const mounted = new Set(named().map(({ name }) => name))
    expect([...ROUTES_OF_ROLES.keys()].filter((name) => !mounted.has(name))).toEqual([])
    const desk = named().filter(({ spec, name }) => spec.kind === 'page' && OF_STAFF.test(name))
    expect(desk.map(({ name }) => name).filter((name) => !ROUTES_OF_ROLES.has(name))).toEqual([])
    expect(ROUTES_OF_ROLES.size).toBeGreaterThan(150)
  })

  const ID = '00000000-0000-7000-8000-000000000000'
  const concrete = (path: string) => path.replaceAll(/:\w+|\{\w+\}/g, ID)
  const refusals = async () =>
    Number((await app.peek<{ n: string }>("select count(*) as n from ledger_entries where outcome = 'refused'"))[0]?.n)

  it('is what the running app does, page by page, and each refusal is in the ledger', async () => {
    const wrong: string[] = []
    let turnedAway = 0
    const before = await refusals()
    for (const role of ROLES) {
      const browser = await staff(role, `of the table ${role}`)
      for (const { spec, name } of named()) {
        if (spec.kind !== 'page' || !OF_STAFF.test(name) || name === 'POST /sign-out') continue
        const path = concrete(spec.path)
        const answer = await browser.open(path, spec.method === 'get' ? {} : form({ csrf: 'none' }))
        // A form without its token is refused as well, by itself: whoever may not come is turned away before that.
        const line = app.log.at(-1)
        const may = ROUTES_OF_ROLES.get(name)?.has(role) ?? false
        if (spec.method === 'get' && (answer.status === 403) === may) wrong.push(`${role} ${name}: ${answer.status}`)
        if (!may) {
          turnedAway += 1
          if (answer.status !== 403 || line?.code !== 'refused') wrong.push(`${role} ${name}: ${answer.status}`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect((await refusals()) - before).toBeGreaterThanOrEqual(turnedAway)
  })

  it('is what the running app does over the API', async () => {
    const wrong: string[] = []
    let turnedAway = 0
    const before = await refusals()
    for (const [client, role] of [
      ['clerk', 'clerk'],
      ['supervisor', 'supervisor'],
      ['legal', 'legal'],
      ['auditor', 'auditor'],
    ] as const) {
      const token = await tokenOf(client)
      for (const { spec, name } of named()) {
        if (spec.kind !== 'api' || !ROUTES_OF_ROLES.has(name)) continue
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
        const body = spec.method === 'get' ? {} : { body: '{}' }
        const answer = await send(concrete(spec.name ?? spec.path), {
          method: spec.method.toUpperCase(),
          headers,
          ...body,
        })
        if (ROUTES_OF_ROLES.get(name)?.has(role)) continue
        turnedAway += 1
        if (answer.status !== 403) wrong.push(`${role} ${name}: ${answer.status}`)
      }
    }
    expect(wrong).toEqual([])
    expect(turnedAway).toBeGreaterThan(60)
    expect((await refusals()) - before).toBeGreaterThanOrEqual(turnedAway)
  })
})
