import type { Removal } from '../../identity/telling.ts'
import { counted } from '../../platform/counted.ts'
import { dayText } from '../record/texts.ts'
import { Button, Field, PublicForm, Tick } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, NotDone } from '../ui/parts.tsx'
import { EnrolBox } from './access-pages.tsx'

/** The door: a card, or a telephone that was enrolled. */
export function EntrancePage(props: {
  town: string
  language: Language
  to: string
  nonce: string
  refused?: boolean | 'too-many' | 'asleep'
  /** Why a card that is right does not work yet. */
  waits?: string
  /** Something that asks for a sign-in of this moment. */
  again?: boolean
  /** Their card was ended just now, and with it the way they had come in by. */
  ended?: boolean
}) {
  const { town, language, to, nonce, refused, waits, again, ended } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town} script={{ src: '/assets/me.js', nonce }}>
      <Languages language={language} path={`/me/in?to=${encodeURIComponent(to)}`} />
      <h1>{t['entrance.enter']}</h1>
      {again ? <p class="govuk-inset-text">{t['waysIn.fresh']}</p> : ''}
      {ended ? <Done>{t['waysIn.endedAll']}</Done> : ''}
      <p class="lead">{t['entrance.enterLead']}</p>
      {refused ? (
        <NotDone>
          <p>
            {refused === 'too-many'
              ? t['check.whyTooMany']
              : refused === 'asleep'
                ? t['waysIn.sleeps']
                : t['entrance.cardNo']}
          </p>
        </NotDone>
      ) : (
        ''
      )}
      {waits ? (
        <NotDone>
          <p>{waits}</p>
        </NotDone>
      ) : (
        ''
      )}
      <div id="phone" hidden data-to={to} data-no={t['entrance.phoneNo']} data-waits={t['waysIn.waitsPhone']}>
        <button type="button" class="govuk-button">
          {t['entrance.withPhone']}
        </button>
        <p role="status" />
      </div>
      <h2>{t['entrance.withCard']}</h2>
      <PublicForm action={`/me/in?lang=${language}`}>
        <input type="hidden" name="to" value={to} />
        <Field name="code" label={t['entrance.cardCode']} required />
        <Field name="word" label={t['entrance.cardWord']} required auto />
        <Tick name="elsewhere" label={t['entrance.notMine']} on={false} />
        <Button>{t['entrance.enter']}</Button>
      </PublicForm>
      <p>
        <a href={`/complain?lang=${language}`}>{t['complaint.title']}</a>
      </p>
    </Page>
  )
}

/** What the card of somebody who was removed still opens: what was decided, why, and how to object. Nothing of a record. */
export function RemovedPage(props: { town: string; language: Language; removal: Removal; backupDays: number }) {
  const { town, language, removal, backupDays } = props
  const t = LOCALES[language]
  const decided = removal.cause === 'moved-away' ? t['entrance.removedMoved'] : t['entrance.removedWrong']
  return (
    <Page title={town} language={language} town={town}>
      <h1>{t['entrance.removed']}</h1>
      <p class="lead">{decided.replace('{day}', dayText(language, removal.since))}</p>
      <p>{t['entrance.removedWhy']}</p>
      <p>{t['entrance.removedObject']}</p>
      <p>
        {t['entrance.removedErase']} {counted(t['entrance.erasedEnds'], language, { days: backupDays })}
      </p>
      <p>
        <a class="govuk-button" href={`/complain?lang=${language}`}>
          {t['complaint.title']}
        </a>
      </p>
      <p>{t['entrance.removedBack']}</p>
    </Page>
  )
}

/** Where a telephone that scanned the counter's code makes its key. */
export function EnrolPage(props: { town: string; language: Language; nonce: string }) {
  const { town, language, nonce } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town} script={{ src: '/assets/me.js', nonce }}>
      <Languages language={language} path="/me/enrol" />
      <h1>{t['entrance.enrolTitle']}</h1>
      <p class="lead">{t['entrance.enrolLead']}</p>
      <EnrolBox t={t} />
    </Page>
  )
}
