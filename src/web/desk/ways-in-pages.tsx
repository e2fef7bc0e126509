import type { WaysIn } from '../../registry/person/end-ways-in.ts'
import type { Card } from '../../registry/person/give-card.ts'
import type { NotEnding } from '../record/ending.ts'
import { hourText } from '../record/texts.ts'
import { WaysInList } from '../record/ways-in.tsx'
import { Button, ErrorSummary, type Faults, Field, PostForm } from '../ui/form.tsx'
import { Done } from '../ui/parts.tsx'
import { Qr } from '../ui/qr-code.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { Desk, type DeskContext } from './shell.tsx'

/** The code for a telephone, to be scanned. */
export function EnrolmentPage(props: { context: DeskContext; id: string; link: string }) {
  const { context, id, link } = props
  return (
    <Desk context={context} title={context.t['entrance.phone']}>
      <h1>{context.t['entrance.phone']}</h1>
      <p class="lead">{context.t['entrance.scanEnrol']}</p>
      <Qr text={link} label={context.t['entrance.scanEnrol']} />
      <p>
        <a href={`/desk/neighbours/${id}`}>{context.t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** A card to print and cut out. */
export function CardPage(props: { context: DeskContext; id: string; card: Card; word: boolean }) {
  const { context, id, card, word } = props
  const { code, waits, worksFrom, hides, showsFrom } = card
  const { t, town, language } = context
  const address = `${town.issuer.replace(/^https?:\/\//, '')}/me`
  return (
    <Desk context={context} title={t['entrance.cardTitle']}>
      <section class="printed-card">
        <h1>{t['entrance.cardTitle']}</h1>
        <p class="digits code" dir="ltr">
          {code}
        </p>
        <p>{(word ? t['entrance.cardKeepWord'] : t['entrance.cardKeepYear']).replace('{address}', address)}</p>
        {waits ? <p>{t['waysIn.cardWaits'].replace('{day}', hourText(language, town.timeZone, worksFrom))}</p> : ''}
      </section>
      {hides ? (
        <p class="govuk-inset-text no-print">
          {t['waysIn.cardHides'].replace('{day}', hourText(language, town.timeZone, showsFrom))}
        </p>
      ) : (
        ''
      )}
      <p class="no-print">
        <a href={`/desk/neighbours/${id}`}>{t['desk.back']}</a>
      </p>
    </Desk>
  )
}

/** The form for a card again, with what was wrong. */
export function WordPage(props: { context: DeskContext; id: string; faults: Faults }) {
  const { context, id, faults } = props
  const { t, session, form } = context
  return (
    <Desk context={context} title={t['entrance.card']}>
      <ErrorSummary title={t['desk.there']} faults={faults} />
      <h1>{t['entrance.card']}</h1>
      <PostForm action={`/desk/neighbours/${id}/portal`} csrf={session.csrf}>
        <input type="hidden" name="what" value="card" />
        <Field
          name="word"
          label={faults.word ? t['entrance.wordAsk'] : t['waysIn.word']}
          value={form.get('word')}
          fault={faults.word}
          required={faults.word !== undefined}
          auto
        />
        {form.has('earlierCode') || form.has('earlierWord') ? (
          <>
            <Field
              name="earlierCode"
              label={t['waysIn.earlierCode']}
              value={form.get('earlierCode')}
              fault={faults.earlierCode}
            />
            <Field name="earlierWord" label={t['waysIn.earlierWord']} value={form.get('earlierWord')} auto />
          </>
        ) : (
          ''
        )}
        <Button>{t['entrance.card']}</Button>
      </PostForm>
    </Desk>
  )
}

/** By what a neighbour can come in now, and what ends it. */
export function WaysInPage(props: { context: DeskContext; id: string; ways: WaysIn } & Partial<NotEnding>) {
  const { context, id, ways, typed, faults } = props
  const { t } = context
  return (
    <Desk context={context} title={t['waysIn.title']}>
      <h1>{t['waysIn.title']}</h1>
      <Tabs context={context} id={id} here="ways-in" />
      {context.query('ended') === '1' ? <Done>{t['waysIn.ended']}</Done> : ''}
      <WaysInList
        context={context}
        ways={ways}
        action={`/desk/neighbours/${id}/ways-in`}
        {...(typed ? { typed } : {})}
        {...(faults ? { faults } : {})}
      />
    </Desk>
  )
}
