import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { INFORMANTS } from '../../../src/registry/person/channels.ts'
import { reachOf } from '../../../src/registry/person/reach.ts'

const contact = { email: 'somebody@mail.example', phone: '+34 (600) 11.22-33' }
const address = { kind: 'dwelling', streetName: 'de la Carta', number: '7' } as const

describe('how somebody is reached', () => {
  it('is by what they gave, and by letter where they live', () => {
    expect(reachOf({ protected: false, contact, address })).toMatchObject({
      email: 'somebody@mail.example',
      phone: '+34600112233',
      letter: address,
      letterNeedsMore: false,
    })
    expect(reachOf({ protected: false, contact: { phone: 'ask at the bakery' } })).not.toHaveProperty('phone')
  })

  it('is by no letter once they have left', () => {
    expect(reachOf({ protected: false, departedOn: '2024-01-01', address })).not.toHaveProperty('letter')
  })

  it('is in person or on their own page where they are protected, whoever spoke and whatever they gave', () => {
    for (const informant of [undefined, ...INFORMANTS]) {
      const reach = reachOf({ protected: true, contact, address, informant })
      for (const way of ['email', 'phone', 'letter']) expect(reach, `${informant} ${way}`).not.toHaveProperty(way)
      expect(reach.notice).toEqual(['own-page', 'answered', 'in-person'])
    }
  })

  it('is never by the shared address alone where somebody of it spoke against them', () => {
    const needMore = INFORMANTS.filter((informant) => reachOf({ protected: false, address, informant }).letterNeedsMore)
    expect(needMore).toEqual(['household', 'owner'])
  })
})

describe('every message of the city', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join('src', file))
  const users = (what: RegExp) => files.filter((file) => what.test(readFileSync(file, 'utf8'))).sort()
  /** The one file that leaves messages and notes how they were told. */
  const OUTBOX = 'src/messages/leave-message.ts'
  const through = (file: string, what: string) =>
    new RegExp(`import \\{[^}]*\\b${what}\\b[^}]*\\} from '[^']*(reach|leave-message)\\.ts'`, 's').test(
      readFileSync(file, 'utf8'),
    )

  it('is left and noted in one place', () => {
    const STORE = 'src/messages/store.ts'
    expect(users(/(insertInto|updateTable)\(\s*'notices'|insert into notices\b/)).toEqual([STORE])
    expect(users(/(insertInto|updateTable)\(\s*'notice_deliveries'|insert into notice_deliveries\b/)).toEqual([STORE])
    for (const write of ['keepNotice', 'postponeNotice', 'keepDelivery', 'deliverWaitingToPortal'])
      expect(users(new RegExp(`\\b${write}\\b`)), write).toEqual([OUTBOX, STORE])
  })

  it('is sent to whom that place names: by mail and text, by letter, in person', () => {
    // The two that open how to reach somebody in order to write to them.
    const senders = users(/action: 'notify'/)
    expect(senders).toEqual([
      'src/messages/notify.ts',
      'src/messages/print-notices.ts',
      'src/messages/tell-in-person.ts',
    ])
    for (const file of senders.slice(0, 2)) expect(through(file, 'reachOf'), file).toBe(true)
    for (const file of senders) expect(through(file, 'noteTold'), file).toBe(true)
    expect(users(/channels(\.(email|sms)|\[way\])(\?\.)?\(/)).toEqual(['src/messages/notify.ts'])
    expect(users(/\bpostalSection\b/)).toEqual(['src/web/desk/letters.ts', 'src/web/desk/routes.tsx'])
    // Mail and texts leave the house by these alone.
    expect(users(/createTransport|sendMail/)).toEqual(['src/messages/mail.ts'])
    expect(users(/\b(smtpPost|httpTexts)\(/)).toEqual([
      'src/messages/mail.ts',
      'src/messages/text-messages.ts',
      'src/serve.ts',
    ])
  })

  it('comes from a place that leaves it there: orders, answers, proceedings', () => {
    expect(users(/\bleaveMessage\(/)).toEqual([
      'src/identity/telling.ts',
      OUTBOX,
      'src/messages/read-notices.ts',
      'src/oversight/open-by-order.ts',
      'src/registry/departure/decide-proceeding.ts',
      'src/registry/departure/record-departure.ts',
    ])
  })

  it('is nothing on the outside: one text for subject, body, letter and telephone', () => {
    const mail = readFileSync('src/messages/mail.ts', 'utf8')
    expect(mail).toMatch(/subject: text,\s+text,/)
    expect(users(/\bmessageWords\b/)).toEqual(['src/serve.ts', 'src/web/desk/letters.ts', 'src/web/message-words.ts'])
    for (const file of ['src/web/desk/letters.ts', 'src/messages/mail.ts', 'src/messages/text-messages.ts'])
      expect(readFileSync(file, 'utf8'), file).not.toMatch(/proceeding|kind|LOCALES/)
  })

  it('gives a notice of a proceeding only as that place allows', () => {
    expect(users(/\bgiveNotice\(/)).toEqual([
      'src/registry/departure/decide-proceeding.ts',
      'src/registry/departure/hearing.ts',
    ])
    expect(through('src/registry/departure/decide-proceeding.ts', 'reachOf')).toBe(true)
  })
})
