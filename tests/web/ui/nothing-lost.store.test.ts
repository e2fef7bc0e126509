import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import type { StaffRole } from '../../../src/firewall/requester.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { type Box, sentOf, summaryOf, type WebForm, webForms } from '../../support/page-forms.ts'
import { inventedWord, register } from '../../support/people.ts'
import { WHOLE } from '../../support/sampled.ts'
import { signedIn } from '../../support/signed-in.ts'
import { everythingWritten } from '../../support/written.ts'

// A law of every form: what is typed into a box is in the record once the form is taken, or else the form comes back
// with everything that was typed and says beside that box, or of the whole, what is wrong. The trials are made from the
// forms that stand on the pages: a new one is tried because it is there.

const t = LOCALES.en

let app: TestApp
beforeAll(async () => {
  app = await openApp({ town: { hourlyBudgetStaff: 1_000_000 } })
})
afterAll(() => app?.close())

type Browser = Awaited<ReturnType<typeof signedIn>>
/** Opens a page afresh: somebody new is on it, whom no other trial has changed. */
type Open = () => Promise<{ browser: Browser; path: string }>

let staffed = 0
const staff = (role: StaffRole) => {
  staffed += 1
  return signedIn(app, { kind: 'staff', subject: `law-${role}-${staffed}`, role, office: DEMO_OFFICE })
}
const ofStaff =
  (role: StaffRole, path: string): Open =>
  async () => ({ browser: await staff(role), path })
const ofNeighbour =
  (role: StaffRole, rest = ''): Open =>
  async () => ({ browser: await staff(role), path: `/desk/neighbours/${(await register(app)).id}${rest}` })
const own =
  (path: string): Open =>
  async () => ({
    browser: await signedIn(app, { kind: 'resident', subject: (await register(app)).id }),
    path,
  })

const PAGES: Record<string, Open> = {
  search: ofStaff('clerk', '/desk'),
  register: ofStaff('clerk', '/desk/register'),
  neighbour: ofNeighbour('clerk'),
  dates: ofNeighbour('clerk', '/dates'),
  leave: ofNeighbour('clerk', '/leave'),
  with: ofNeighbour('clerk', '/with'),
  messages: ofNeighbour('clerk', '/messages'),
  protection: ofNeighbour('supervisor', '/protection'),
  representatives: ofNeighbour('clerk', '/representatives'),
  join: ofNeighbour('clerk', '/join'),
  'join with': async () => ({
    browser: await staff('clerk'),
    path: `/desk/neighbours/${(await register(app)).id}/join?other=${(await register(app)).id}`,
  }),
  'ways in': ofNeighbour('clerk', '/ways-in'),
  'look-ups': ofStaff('clerk', '/desk/look-ups'),
  legal: ofStaff('legal', '/desk/legal'),
  lockdown: ofStaff('legal', '/desk/lockdown'),
  organisations: ofStaff('legal', '/desk/organisations'),
  flags: ofStaff('supervisor', '/desk/flags'),
  welfare: ofStaff('supervisor', '/desk/welfare'),
  change: own('/me/change'),
  move: own('/me/change/move'),
  helpers: own('/me/helpers'),
  devices: own('/me/devices'),
  looked: own('/me/looked'),
  complain: own('/complain'),
  'complain of a service': own('/complain/service'),
  providers: own('/providers'),
  helper: own('/helper'),
  code: own('/v/code'),
  enrol: own('/providers/enrol'),
  'ways in of their own': own('/me/in'),
  // What the trials before it wrote is there to be answered.
  complaints: ofStaff('legal', '/desk/complaints'),
}
/** Actions that were tried, of whatever page. */
const tried = new Set<string>()

/** What makes a form one that is taken, so that a trial is about the box it is about. */
const taken = (action: string): Record<string, string> =>
  action === '/desk/register'
    ? { p0_given: mark(), 'p0_born-year': String(1930 + (count % 80)), where: 'dwelling', street: mark(), number: '3' }
    : action === '/complain'
      ? { text: 'Nobody let me in.' }
      : {}

/** Boxes that ask and are not kept: what is looked for, what opens a door; and a number of a document, of which a keyed hash is kept. */
const ASKS = /^(said|words|code|word|to|idempotencyKey|p\d+_document)$/
/** Forms that only ask: a printed code is looked up, a proof is tried. */
const LOOKS_UP = new Set(['/v/code', '/providers/try'])

interface Trial {
  page: string
  action: string
  box: string
  what: string
  by: Record<string, string | boolean>
  /** Texts that must be in the record where the form is taken. */
  marks: Record<string, string>
}

let count = 0
/** A word nobody else types, of letters only, that sounds like no other. */
function mark(): string {
  count += 1
  return inventedWord(40_000 + count * 7)
}
const typedInto = (box: Box): string =>
  box.numeric || (box.maxlength ?? 99) < 8
    ? '7'.repeat(Math.min(box.maxlength ?? 1, 2))
    : mark().slice(0, box.maxlength)

const isText = (box: Box) => box.kind === 'text'
/** Forms that are written into and sent, and are not there to look something up. */
const formsOn = (html: string, path: string) =>
  webForms(html, path).filter(
    ({ method, boxes, action }) => method === 'POST' && boxes.some(isText) && !LOOKS_UP.has(general(action)),
  )
/** One form may stand on a page many times: for each machine, for each complaint. */
const sameOf = ({ action, boxes }: WebForm) => `${general(action)} ${boxes.map(({ name }) => name)}`

function trialsOf(page: string, form: WebForm): Trial[] {
  const trial = (box: string, what: string, by: Trial['by'], marks: Trial['marks']): Trial => ({
    ...{ page, action: form.action, box, what, by: { ...taken(form.action), ...by }, marks },
  })
  const texts = form.boxes.filter(isText)
  const alone = texts.map((box) => {
    const text = typedInto(box)
    return trial(box.name, 'alone', { [box.name]: text }, { [box.name]: text })
  })
  const chosen = form.boxes.flatMap((box): (readonly [string, string | boolean])[] => {
    if (box.kind === 'radio') return [[box.name, box.value] as const]
    if (box.kind === 'select') return box.options.map((option) => [box.name, option] as const)
    return box.kind === 'tick' ? [[box.name, !box.on] as const] : []
  })
  const all = [['', ''] as const, ...chosen].map(([name, value]) => {
    const marks = Object.fromEntries(texts.map((box) => [box.name, typedInto(box)]))
    return trial(name, `all, ${name}=${value}`, { ...marks, ...(name ? { [name]: value } : {}) }, marks)
  })
  const pairs = chosen.flatMap(([name, value]) =>
    texts.map((box) => {
      const text = typedInto(box)
      return trial(box.name, `with ${name}=${value}`, { [name]: value, [box.name]: text }, { [box.name]: text })
    }),
  )
  return [...alone, ...all, ...pairs]
}

/** More than a box takes, from something that is no browser. */
function tooMuchOf(page: string, form: WebForm): Trial[] {
  return form.boxes
    .filter((box) => isText(box) && !box.numeric && !ASKS.test(box.name))
    .map(({ name, maxlength = 6000 }) => {
      const text = `${mark()}${'x'.repeat(maxlength)}`
      const by = { ...taken(form.action), [name]: text }
      return { page, action: form.action, box: name, what: TOO_MUCH, by, marks: { [name]: text } }
    })
}
/** What is said to be wrong beside a box, or beside the day that it is a part of. */
const besideOf = (html: string, box: string) =>
  [box, box.replace(/-(day|month|year)$/, '')]
    .map((id) => new RegExp(`id="${id}-fault"[^>]*>(.*?)</p>`, 's').exec(html)?.[1]?.replaceAll(/<[^>]+>/g, ''))
    .find((said) => said !== undefined) ?? ''
const TOO_MUCH = 'too much in'
/** What is said of an empty box. */
const MISSING = Object.entries(t)
  .filter(([key]) => key.endsWith('Missing'))
  .map(([, text]) => text)

const general = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…').split('?')[0] ?? ''

describe('what is typed into a form', () => {
  const expected: { trial: Trial; box: string; text: string }[] = []

  it.each(Object.entries(PAGES))(
    'on the page %s is kept, or comes back with what is wrong',
    async (page, open) => {
      const first = await open()
      const before = await first.browser.open(first.path)
      expect(before.status, first.path).toBe(200)
      const forms = new Map(formsOn(await before.text(), first.path).map((form) => [sameOf(form), form]))
      const lost: string[] = []
      for (const [same, form] of forms) {
        tried.add(general(form.action))
        const trials = trialsOf(page, form)
        const step = WHOLE ? 1 : Math.max(1, Math.floor(trials.length / 12))
        for (const trial of [...trials.filter((_, n) => n % step === 0), ...tooMuchOf(page, form)]) {
          const { browser, path } = await open()
          const now = formsOn(await (await browser.open(path)).text(), path).find((one) => sameOf(one) === same)
          if (now === undefined) throw new Error(`${path} has another form each time`)
          const say = (what: string) =>
            lost.push(
              `${general(form.action)} [${trial.what}${trial.box && !trial.what.startsWith('all') ? ` ${trial.box}` : ''}]: ${what}`,
            )
          const sent = sentOf(now, trial.by)
          const answer = await browser.open(now.action, {
            method: 'POST',
            body: new URLSearchParams(sent),
            headers: { referer: `https://vallmar.example${path}` },
          })
          const html = await answer.text()
          const alike = webForms(html, path).filter((one) => general(one.action) === general(now.action))
          const holds = (one: WebForm) =>
            Object.entries(trial.marks).some(([name, text]) =>
              one.boxes.some((box) => box.name === name && box.value === text),
            )
          const back = alike.find(holds) ?? alike[0]
          const gone = Object.entries(trial.marks).filter(
            ([name, text]) =>
              !ASKS.test(name) &&
              // Of a form that is gone from its page what was written stands above it.
              !html.includes(`class="typed">${text}<`) &&
              !back?.boxes.some((box) => box.name === name && box.value === text),
          )
          const came = back !== undefined && gone.length < Object.keys(trial.marks).length
          const asks = Object.keys(trial.marks).every((name) => ASKS.test(name))
          if (answer.status >= 400 || (came && !asks)) {
            if (gone.length > 0) say(`${answer.status}, lost ${gone.map(([name]) => name).join(', ')}`)
            else if (trial.what === TOO_MUCH && MISSING.some((missing) => besideOf(html, trial.box) === missing))
              say(`${answer.status}, that nothing is there`)
            else if (summaryOf(html) === '' && !/name="p\d+_because"|class="govuk-notification-banner/.test(html))
              say(`${answer.status}, no reason`)
          } else {
            for (const [box, text] of Object.entries(trial.marks))
              if (!ASKS.test(box)) expected.push({ trial, box, text })
          }
        }
      }
      expect([...new Set(lost)]).toEqual([])
    },
    1_200_000,
  )

  it('is tried on every form that stands on a page', async () => {
    const { id } = await register(app)
    const all = [
      ...(await Promise.all((['clerk', 'supervisor', 'legal', 'auditor'] as const).map(staff))),
      await signedIn(app, { kind: 'resident', subject: id }),
    ]
    const pages = app.routes
      .filter(({ method, path }) => method === 'GET' && !/^\/(v1|health|assets)\b/.test(path))
      .map(({ path }) => path.replace('/neighbours/:id', `/neighbours/${id}`))
      .filter((path) => !path.includes(':'))
    const standing = new Set<string>()
    for (const path of new Set(pages))
      for (const browser of all) {
        const answer = await browser.open(path)
        if (answer.status !== 200 || !answer.headers.get('content-type')?.includes('html')) continue
        for (const { action } of formsOn(await answer.text(), path)) standing.add(general(action))
      }
    expect([...standing].filter((action) => !tried.has(action))).toEqual([])
    expect(standing.size).toBeGreaterThan(25)
  })

  it('and was taken, is in the record', async () => {
    const all = (await everythingWritten(app)).toLowerCase()
    const lost = expected.filter(({ text, box }) =>
      /^\d+$/.test(text) ? /-(day|month)$/.test(box) : !all.includes(text.toLowerCase()),
    )
    expect([...new Set(lost.map(({ trial, box }) => `${general(trial.action)} [${trial.what}]: ${box}`))]).toEqual([])
  })
})
