import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smtpPost } from '../../src/portal/mail.ts'
import { tellOfNotices } from '../../src/registry/notify.ts'
import { type House, openHouse } from '../support/house.ts'
import { register } from '../support/people.ts'
import { freePort } from '../support/postgres-server.ts'

let house: House
let server: SMTPServer
let post: ReturnType<typeof smtpPost>
const mails: { to: string; text: string }[] = []
beforeAll(async () => {
  house = await openHouse()
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
  post = smtpPost({ url: `smtp://127.0.0.1:${port}`, from: 'messages@vallmar.example' })
})
afterAll(async () => {
  await new Promise<void>((resolve) => server?.close(resolve))
  await house?.close()
})

/** A neighbour with a message, as an opened order leaves one. */
async function notified(more: Parameters<typeof register>[1]) {
  const { id } = await register(house, more)
  await house.peek(`insert into notices (id, municipality_id, neighbour_id, kind, details, visible_from, due_by)
    values (gen_random_uuid(), '${house.town.id}', '${id}', 'access-request', '\\x00', now() - interval '1 minute', now() + interval '2 days')`)
  return id
}
const tell = () => tellOfNotices(house.rooms, house.town, post)

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
    expect(words.trim()).toBe('لديك رسالة.')
    for (const said of [/padr/i, /vallmar(?!\.example)/i, /avisada(?!@)/i, /regist/i, /http/i, new RegExp(id)])
      expect(mail?.text).not.toMatch(said)
  })

  it('and gave no address, or is protected, finds it on their page alone', async () => {
    await notified({ name: { given: 'Sensecorreu' } })
    await notified({ name: { given: 'Amagada' }, contact: { email: 'amagada@mail.example' }, protected: true })
    expect(await tell()).toBe(0)
    expect(mails).toEqual([])
    const channels = await house.peek<{ channel: string }>('select channel from notice_deliveries order by sent_at')
    expect(channels.map(({ channel }) => channel)).toEqual(['email', 'portal', 'portal'])
  })

  it('is told later when the mail server was away', async () => {
    await notified({ contact: { email: 'tard@mail.example' }, languages: ['ca'] })
    const broken = smtpPost({ url: `smtp://127.0.0.1:${await freePort()}`, from: 'messages@vallmar.example' })
    await expect(tellOfNotices(house.rooms, house.town, broken)).rejects.toThrow()
    expect(await tell()).toBe(1)
    expect(mails.splice(0)).toHaveLength(1)
  })

  it('sees in the ledger that the registry looked how to reach them, and nothing of it is in the log', async () => {
    const entries = await house.peek<{ requester_kind: string }>(
      "select requester_kind from ledger_entries where action = 'notify'",
    )
    expect(entries.length).toBeGreaterThanOrEqual(3)
    expect(new Set(entries.map((entry) => entry.requester_kind))).toEqual(new Set(['job']))
    expect(JSON.stringify(house.log)).not.toContain('mail.example')
  })
})
