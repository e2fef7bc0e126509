import { createServer } from 'node:http'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../src/cli/demo-town.ts'
import { smtpPost } from '../../src/messages/mail.ts'
import { postalNoticesWaiting, printPostalNotices } from '../../src/messages/print-notices.ts'
import { httpTexts } from '../../src/messages/text-messages.ts'
import { messageWords } from '../../src/web/message-words.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { entriesOf } from '../support/entries.ts'
import { textOfPdf } from '../support/pdf-text.ts'
import { register } from '../support/people.ts'
import { freePort } from '../support/postgres-server.ts'
import { signedIn } from '../support/signed-in.ts'
import { tellAll } from '../support/telling.ts'

let app: TestApp
let server: SMTPServer
let post: ReturnType<typeof smtpPost>
const mails: { to: string; text: string }[] = []
beforeAll(async () => {
  app = await openApp()
  const port = await freePort()
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk) => {
        text += chunk
      })
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), text })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  post = smtpPost({ url: `smtp://127.0.0.1:${port}`, from: 'messages@vallmar.example' }, messageWords)
})
afterAll(async () => {
  await new Promise<void>((resolve) => server?.close(resolve))
  await app?.close()
})

/** A neighbour with a message, as an opened order leaves one. */
async function notified(more: Parameters<typeof register>[1]) {
  const { id } = await register(app, more)
  await app.peek(`insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
    values (gen_random_uuid(), '${app.town.id}', '${id}', 'access-request', '\\x00', now() - interval '1 minute', now() + interval '2 days')`)
  return id
}
const clerkOfTown = { kind: 'staff', id: 'clerk', role: 'clerk', organisationId: DEMO_OFFICE } as const
const tell = () => tellAll(app, { email: post })

/** A provider of text messages: a real server that writes down what it is sent. */
async function provider(status = 200) {
  const texts: { authorization: string | undefined; body: { to: string; text: string; from: string } }[] = []
  const http = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      texts.push({ authorization: request.headers.authorization, body: JSON.parse(body) })
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:9/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as { port: number }
  const sms = httpTexts(
    { url: `http://127.0.0.1:${port}/messages`, token: 'of-the-provider', from: 'Vallmar' },
    messageWords,
  )
  return { texts, sms, close: () => new Promise<void>((resolve) => http.close(() => resolve())) }
}

describe('a neighbour who has a message', () => {
  it('is told so by mail, once, in their language, in words that say nothing else', async () => {
    const id = await notified({
      name: { given: 'Avisada' },
      contact: { email: 'avisada@mail.example' },
      languages: ['ar'],
    })
    expect(await tell()).toBe(1)
    expect(await tell()).toBe(0)
    const [mail] = mails.splice(0)
    expect(mail?.to).toBe('avisada@mail.example')
    const words = Buffer.from(mail?.text.split('\r\n\r\n')[1]?.replaceAll(/\s/g, '') ?? '', 'base64').toString()
    expect(words.trim()).toBe('لديكم رسالة.')
    for (const said of [/padr/i, /vallmar(?!\.example)/i, /avisada(?!@)/i, /regist/i, /http/i, new RegExp(id)])
      expect(mail?.text).not.toMatch(said)
  })

  it('and gave no address, or is protected, finds it on their page alone', async () => {
    await notified({ name: { given: 'Sensecorreu' } })
    await notified({ name: { given: 'Amagada' }, contact: { email: 'amagada@mail.example' }, protected: true })
    expect(await tell()).toBe(0)
    expect(mails).toEqual([])
    const channels = await app.peek<{ channel: string }>('select channel from notice_deliveries order by sent_at')
    expect(channels.map(({ channel }) => channel)).toEqual(['email', 'portal', 'portal'])
  })

  it('is told later when the mail server was away', async () => {
    await notified({ contact: { email: 'tard@mail.example' }, languages: ['ca'] })
    const broken = smtpPost(
      { url: `smtp://127.0.0.1:${await freePort()}`, from: 'messages@vallmar.example' },
      messageWords,
    )
    expect(await tellAll(app, { email: broken })).toBe(0)
    app.clock.advance({ minutes: 1 })
    expect(await tell()).toBe(1)
    expect(mails.splice(0)).toHaveLength(1)
  })

  it('sees in the ledger that the registry looked how to reach them, and nothing of it is in the log', async () => {
    const entries = await app.peek<{ requester_kind: string }>(
      "select requester_kind from ledger_entries where action = 'notify'",
    )
    expect(entries.length).toBeGreaterThanOrEqual(3)
    expect(new Set(entries.map((entry) => entry.requester_kind))).toEqual(new Set(['job']))
    expect(JSON.stringify(app.log)).not.toContain('mail.example')
  })
})

describe('a neighbour who gave no e-mail address', () => {
  it('is told by a text, in the same words, where a number was given; by mail alone where both were', async () => {
    const { texts, sms, close } = await provider()
    await notified({ contact: { phone: '+34 (600) 11.22-33' }, languages: ['fr'] })
    await notified({ contact: { phone: '600 111 222', email: 'ambdos@mail.example' } })
    await notified({ contact: { phone: 'ask at the bakery' } })
    await notified({ contact: { phone: '+34 600 999 999' }, protected: true })
    expect(await tellAll(app, { email: post, sms })).toBe(2)
    expect(texts).toEqual([
      {
        authorization: 'Bearer of-the-provider',
        body: { from: 'Vallmar', to: '+34600112233', text: 'Vous avez un message.' },
      },
    ])
    expect(mails.splice(0)).toHaveLength(1)
    await close()
  })

  it('is told later when the provider refuses, or sends us elsewhere, and no number is in an error', async () => {
    await notified({ contact: { phone: '+34 600 44 55 66' } })
    for (const status of [302, 429, 500]) {
      const { texts, sms, close } = await provider(status)
      app.log.length = 0
      expect(await tellAll(app, { sms })).toBe(0)
      expect(app.log).toMatchObject([{ event: 'notices', error: 'NotSent', code: `sms-${status}` }])
      expect(JSON.stringify(app.log)).not.toContain('600445566')
      app.clock.advance({ minutes: 5 })
      expect(texts).toHaveLength(1)
      await close()
    }
    const { texts, sms, close } = await provider()
    expect(await tellAll(app, { sms })).toBe(1)
    expect(texts[0]?.body.to).toBe('+34600445566')
    await close()
  })

  it('gets a letter where letters reach them, printed once, that says the same and nothing more', async () => {
    await app.peek("update notice_deliveries set channel = 'in-person'")
    await notified({
      name: { given: 'Sense', family: ['Sostre'] },
      address: { kind: 'no-fixed-address' },
      languages: ['es'],
    })
    await notified({ name: { given: 'Carta' }, address: { kind: 'dwelling', streetName: 'de la Carta', number: '7' } })
    await notified({ name: { given: 'Secreta' }, protected: true })
    await tell()
    expect(await postalNoticesWaiting(app.rooms, app.town, clerkOfTown)).toBe(2)
    const clerk = await signedIn(app, { kind: 'staff', subject: 'desk', role: 'clerk', office: DEMO_OFFICE })
    expect(await (await clerk.open('/desk/work')).text()).toContain('Letters to send')
    const printed = await clerk.send('/desk/letters', {}, '/desk/work')
    expect(printed.headers.get('content-type')).toBe('application/pdf')
    const text = textOfPdf(Buffer.from(await printed.arrayBuffer()))
    for (const words of ['Sense Sostre', 'Oficina de Drets Socials', 'Tiene un mensaje.', 'Carta', 'de la Carta 7'])
      expect(text).toContain(words)
    expect(text).not.toMatch(/Secreta|padr|regist|judge/i)
    expect(await postalNoticesWaiting(app.rooms, app.town, clerkOfTown)).toBe(0)
    const entries = await entriesOf(app, "purpose = 'postal-notices'")
    expect(entries.filter(({ subject_id }) => subject_id !== null)).toHaveLength(2)
  })

  it('waits for the next batch when printing fails', async () => {
    await notified({ name: { given: 'Encallada' } })
    await tell()
    const printing = printPostalNotices(app.rooms, { town: app.town, by: clerkOfTown }, () =>
      Promise.reject(new Error('no paper')),
    )
    await expect(printing).rejects.toThrow('no paper')
    expect(await postalNoticesWaiting(app.rooms, app.town, clerkOfTown)).toBe(1)
  })
})
