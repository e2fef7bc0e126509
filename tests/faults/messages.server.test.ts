import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRooms } from '../../src/app.tsx'
import { backgroundWork } from '../../src/background.ts'
import { NOTICES } from '../../src/messages/leave-message.ts'
import { smtpPost } from '../../src/messages/mail.ts'
import { openDatabase, postgresDialect } from '../../src/platform/database.ts'
import { createRunner, type Runner } from '../../src/platform/jobs.ts'
import type { LogLine } from '../../src/platform/telemetry.ts'
import { messageWords } from '../../src/web/message-words.ts'
import { openApp, type TestApp } from '../support/app.ts'
import { register } from '../support/people.ts'
import { freePort } from '../support/postgres-server.ts'

let app: TestApp
let server: SMTPServer
let url: string
/** To whom a mail was handed over, and under which Message-ID. */
const mails: { to: string; id: string }[] = []
/** Addresses whose mail is taken and never acknowledged. */
const swallowed = new Set<string>()
const log: LogLine[] = []
const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  app = await openApp()
  const port = await freePort()
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      if (address.startsWith('full'))
        return done(Object.assign(new Error('the mailbox is full'), { responseCode: 452 }))
      done()
    },
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk) => {
        text += chunk
      })
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join()
        mails.push({ to, id: /^Message-ID: (.*)$/im.exec(text)?.[1]?.trim() ?? '' })
        if (swallowed.has(to)) return
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  url = `smtp://127.0.0.1:${port}`
})
afterAll(async () => {
  for (const close of closing) await close()
  await new Promise<void>((resolve) => server?.close(resolve))
  await app?.close()
})

/** What a process tells people with: a database handle, rooms and a line to the mail server of its own. */
function teller(): Runner {
  const database = openDatabase(postgresDialect(app.url('padron_app_login'), { connections: 6, role: 'padron_app' }))
  closing.push(() => database.destroy())
  const deps = { ...app.deps, database, log: (line: LogLine) => void log.push(line) }
  const email = smtpPost({ url, from: 'messages@vallmar.example' }, messageWords)
  return createRunner(
    deps,
    backgroundWork(composeRooms(deps), { channels: { email }, witnesses: [] }).filter(({ kind }) => kind === NOTICES),
  )
}
async function notified(email: string): Promise<void> {
  const { id } = await register(app, { contact: { email } })
  await app.peek(`insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
    values (gen_random_uuid(), '${app.town.id}', '${id}', 'answer', null, now() - interval '1 minute', now()) returning 1`)
}
const channels = () =>
  app.peek<{ channel: string; n: string }>(
    'select channel, count(*)::text as n from notice_deliveries group by 1 order by 1',
  )

describe('messages that there is a message', () => {
  it('go once to each of 45 people, whom two processes tell at once', async () => {
    for (let i = 0; i < 45; i += 1) await notified(`veina${i}@mail.example`)
    await Promise.all([teller().once(), teller().once()])
    expect(new Set(mails.map(({ to }) => to)).size).toBe(45)
    expect(mails).toHaveLength(45)
    expect(await channels()).toEqual([{ channel: 'email', n: '45' }])
  }, 120_000)

  it('pass by a mailbox that is full, which is tried again by itself', async () => {
    mails.length = 0
    await notified('full@mail.example')
    for (let i = 0; i < 4; i += 1) await notified(`altra${i}@mail.example`)
    await teller().once()
    expect(mails).toHaveLength(4)
    expect(log.splice(0)).toMatchObject([{ event: 'notices', error: 'NotSent', code: 'mail-not-taken' }])
    expect(await app.peek("select tries, begun_at from jobs where kind = 'notices'")).toEqual([
      { tries: 1, begun_at: null },
    ])
  }, 120_000)

  it('are not sent again where nobody knows whether the first one left: it waits on their page', async () => {
    mails.length = 0
    await app.peek("delete from jobs where kind = 'notices' returning 1")
    swallowed.add('dubte@mail.example')
    await notified('dubte@mail.example')
    const killed = teller()
    killed.start()
    await expect.poll(() => mails.length, { timeout: 50_000 }).toBe(1)
    // The process is gone from here on: what it held is free.
    await app.peek(
      "update jobs set held_until = clock_timestamp() - interval '1 second', held_by = gen_random_uuid() where kind = 'notices' returning 1",
    )
    await teller().once()
    expect(mails).toHaveLength(1)
    expect(await channels()).toContainEqual({ channel: 'portal', n: '1' })
    expect(await app.peek("select 1 from jobs where kind = 'notices'")).toEqual([])
  }, 120_000)

  it('carry the same Message-ID at every try, which names nobody', async () => {
    expect(new Set(mails.map(({ id }) => id)).size).toBe(mails.length)
    const [notice] = await app.peek<{ id: string }>('select id from notices order by created_at limit 1')
    for (const { id } of mails) expect(id).toMatch(/^<[0-9a-f]{32}@vallmar\.example>$/)
    expect(mails.map(({ id }) => id).join()).not.toContain(notice?.id.slice(0, 8))
  })
})
