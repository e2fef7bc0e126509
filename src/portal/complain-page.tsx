import { dayText, hourText } from '../desk/shell.tsx'
import { addressText } from '../proofs/address-text.ts'
import type { Municipality } from '../registry/municipality.ts'
import { Field, Files, Select } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { LanguageSelect } from '../ui/language-select.tsx'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, Fact, Facts, NotDone } from '../ui/parts.tsx'
import { nameIn } from '../ui/reader.ts'
import type { ComplaintKind, Followed, Outcome } from './complaints.ts'

/** What the page is about, beside the form itself. */
export interface Complaining {
  kind?: string
  /** The code of what was just sent. */
  sent?: string
  /** RFC 3339: when it will be said in person. */
  appointmentAt?: string | undefined
  followed?: Followed | 'none'
  code?: string
  text?: string
  /** What was added is neither a photo nor a voice. */
  wrongFile?: boolean
  /** The time that was chosen is somebody else's. */
  taken?: boolean
}

/** The form anyone may send, the times to say it in person, and the code to follow it by. */
export function ComplainPage(
  props: { town: Municipality; language: Language /** RFC 3339 */; times: readonly string[] } & Complaining,
) {
  const { town, language, times, kind = 'refused', sent, appointmentAt, followed, code, text = '' } = props
  const t = LOCALES[language]
  const name = nameIn(town, language)
  if (sent && appointmentAt)
    return (
      <Page title={name} language={language} town={name}>
        <h1 class="no-print">{t.kTitle}</h1>
        <AppointmentSlip town={town} language={language} at={appointmentAt} code={sent} />
        <p class="no-print">
          <a href={`/complain?lang=${language}`}>{t.dBack}</a>
        </p>
      </Page>
    )
  return (
    <Page title={name} language={language} town={name}>
      <Languages language={language} path="/complain" />
      <h1>{t.kTitle}</h1>
      {sent ? (
        <Done>
          <p>{t.kSent}</p>
          <p class="digits code" dir="ltr">
            {sent}
          </p>
        </Done>
      ) : (
        ''
      )}
      {followed ? <FollowedBox town={town} language={language} followed={followed} code={code ?? ''} /> : ''}
      {props.taken ? (
        <NotDone>
          <p>{t.wTaken}</p>
        </NotDone>
      ) : (
        ''
      )}
      <p class="lead">{t.kLead}</p>
      <form method="post" action={`/complain?lang=${language}`} enctype="multipart/form-data">
        <Select name="kind" label={t.kKind} value={kind} options={kindNames(language)} />
        <Field name="text" label={t.kText} hint={t.kOwnWords} lines={6} value={text} auto />
        <Files
          name="added"
          label={t.kAdd}
          hint={t.kAddHint}
          fault={props.wrongFile ? t.kAddWrong : undefined}
          accept="image/jpeg,image/png,image/webp,audio/*"
        />
        <LanguageSelect label={t.dSpeaks} value={language} />
        <button type="submit" class="govuk-button">
          {t.kSend}
        </button>
      </form>
      <h2>{t.wTitle}</h2>
      {times.length === 0 ? (
        <p>{t.wNone}</p>
      ) : (
        <form method="post" action={`/complain/appointment?lang=${language}`}>
          <p>{t.wLead}</p>
          <TimeSelect town={town} language={language} times={times} />
          <Select name="kind" id="heard-kind" label={t.kKind} value={kind} options={kindNames(language)} />
          <input type="hidden" name="language" value={language} />
          <button type="submit" class="govuk-button govuk-button--secondary">
            {t.wBook}
          </button>
        </form>
      )}
      <h2>{t.kFollow}</h2>
      <form method="post" action={`/complain/follow?lang=${language}`}>
        <Field name="code" label={t.kFollow} required />
        <button type="submit" class="govuk-button">
          {t.vGo}
        </button>
      </form>
    </Page>
  )
}

/** How a complaint stands, and what its writer may still do about it. */
function FollowedBox(props: { town: Municipality; language: Language; followed: Followed | 'none'; code: string }) {
  const { town, language, followed, code } = props
  const t = LOCALES[language]
  if (followed === 'none')
    return (
      <NotDone>
        <p>{t.kNone}</p>
      </NotDone>
    )
  const { answer, dueOn, escalated, withOmbudsperson, appointmentAt } = followed
  return (
    <Done>
      {answer ? (
        <>
          <h2>{t.kAnswered}</h2>
          <p dir="auto">{answer}</p>
        </>
      ) : (
        <p>{t.kWaiting.replace('{day}', dayText(language, dueOn))}</p>
      )}
      {withOmbudsperson ? <p>{t.kEscalated}</p> : ''}
      {appointmentAt && !answer ? (
        <p>
          {t.wExpected} <strong>{hourText(language, town.timeZone, appointmentAt)}</strong>
        </p>
      ) : (
        ''
      )}
      {(answer ? !escalated : appointmentAt) ? (
        <form method="post" action={`/complain/follow?lang=${language}`}>
          <input type="hidden" name="code" value={code} />
          <button
            type="submit"
            name="wish"
            value={answer ? 'escalate' : 'cancel'}
            class="govuk-button govuk-button--secondary"
          >
            {answer ? t.kEscalate : t.wCancel}
          </button>
        </form>
      ) : (
        ''
      )}
    </Done>
  )
}

export function TimeSelect(props: { town: Municipality; language: Language; times: readonly string[] }) {
  const { town, language, times } = props
  return (
    <Select
      name="at"
      label={LOCALES[language].wTime}
      options={times.map((time) => [time, hourText(language, town.timeZone, time)] as const)}
    />
  )
}

/** What somebody takes home: when, where, and the code. It names nobody. */
export function AppointmentSlip(props: { town: Municipality; language: Language; at: string; code: string }) {
  const { town, language, at, code } = props
  const t = LOCALES[language]
  const { name, ...place } = town.referenceAddress
  return (
    <section class="printed-card" lang={language} dir={language === 'ar' ? 'rtl' : 'ltr'}>
      <h2>{t.wTitle}</h2>
      <Facts>
        <Fact name={t.wTime}>{hourText(language, town.timeZone, at)}</Fact>
        <Fact name={t.dWhere}>
          <bdi>{[name, addressText({ kind: 'dwelling', ...place })].filter(Boolean).join(', ')}</bdi>
        </Fact>
      </Facts>
      <p class="digits code" dir="ltr">
        {code}
      </p>
      <p>{t.wKeep}</p>
    </section>
  )
}

export const kindNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['refused', t.kRefused],
    ['asked-about-papers', t.kPapers],
    ['wrong-data', t.kWrong],
    ['who-looked', t.kLooked],
    ['change', t.kChange],
    ['objection', t.kObjection],
    ['suggestion', t.kSuggest],
    ['other', t.kOther],
  ] as const satisfies [ComplaintKind, string][]
}

export const outcomeNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['answered', t.kJust],
    ['upheld', t.kUpheld],
    ['partly', t.kPartly],
    ['not-upheld', t.kNot],
  ] as const satisfies [Outcome, string][]
}
