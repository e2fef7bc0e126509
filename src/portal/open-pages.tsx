import { dayText, timeText } from '../desk/shell.tsx'
import { profiles } from '../proofs/profiles.ts'
import { Field, Files, Select } from '../ui/form.tsx'
import { LANGUAGES, type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, Fact, Facts, NotDone } from '../ui/parts.tsx'

/** The form anyone may send, and the code to follow it by. */
export function ComplainPage(props: {
  town: string
  language: Language
  kind?: string
  sent?: string | undefined
  followed?: { dueOn: string; answer: string | undefined; escalated: boolean } | 'none' | undefined
  code?: string
  text?: string
  /** What was added is neither a photo nor a voice. */
  wrongFile?: boolean
}) {
  const { town, language, kind = 'refused', sent, followed, code, text = '', wrongFile } = props
  const t = LOCALES[language]
  return (
    <Page title={town} language={language} town={town}>
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
      {followed === 'none' ? (
        <NotDone>
          <p>{t.kNone}</p>
        </NotDone>
      ) : followed ? (
        <Done>
          {followed.answer ? (
            <>
              <h2>{t.kAnswered}</h2>
              <p dir="auto">{followed.answer}</p>
            </>
          ) : (
            <p>{t.kWaiting.replace('{day}', dayText(language, followed.dueOn))}</p>
          )}
          {followed.escalated ? <p>{t.kEscalated}</p> : ''}
          {followed.answer && !followed.escalated ? (
            <form method="post" action={`/complain/follow?lang=${language}`}>
              <input type="hidden" name="code" value={code} />
              <button type="submit" name="escalate" value="yes" class="govuk-button govuk-button--secondary">
                {t.kEscalate}
              </button>
            </form>
          ) : (
            ''
          )}
        </Done>
      ) : (
        ''
      )}
      <p class="lead">{t.kLead}</p>
      <form method="post" action={`/complain?lang=${language}`} enctype="multipart/form-data">
        <Select name="kind" label={t.kKind} value={kind} options={kindNames(language)} />
        <Field name="text" label={t.kText} lines={6} value={text} auto />
        <Files
          name="added"
          label={t.kAdd}
          hint={t.kAddHint}
          fault={wrongFile ? t.kAddWrong : undefined}
          accept="image/jpeg,image/png,image/webp,audio/*"
        />
        <Select
          name="language"
          label={t.dSpeaks}
          value={language}
          options={Object.entries(LANGUAGES).map(([tag, { name: own }]) => [tag, own] as const)}
        />
        <button type="submit" class="govuk-button">
          {t.kSend}
        </button>
      </form>
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
  ] as const
}

export const outcomeNames = (language: Language) => {
  const t = LOCALES[language]
  return [
    ['answered', t.kJust],
    ['upheld', t.kUpheld],
    ['partly', t.kPartly],
    ['not-upheld', t.kNot],
  ] as const
}

/** Whether the register answers, and how far its public ledger is. About nobody. */
export function StatusPage(props: {
  town: string
  language: Language
  timeZone: string
  checkpoint: { size: number; signedAt: string } | undefined
  keys: number
}) {
  const { town, language, timeZone, checkpoint, keys } = props
  const t = LOCALES[language]
  const number = (n: number) => new Intl.NumberFormat(language).format(n)
  return (
    <Page title={`${t.oStatus} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/status" />
      <h1>{t.oStatus}</h1>
      <Done>{t.oAnswers}</Done>
      <Facts>
        <Fact name={t.keys}>{number(keys)}</Fact>
        <Fact name={t.oEntries}>{checkpoint ? number(checkpoint.size) : '–'}</Fact>
        <Fact name={t.oSigned}>{checkpoint ? timeText(language, timeZone, checkpoint.signedAt) : '–'}</Fact>
      </Facts>
    </Page>
  )
}

/** What a service needs to check proofs: nothing. */
export function ProvidersPage(props: { town: string; language: Language }) {
  const { town, language } = props
  const t = LOCALES[language]
  return (
    <Page title={`${t.oTitle} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/providers" />
      <h1>{t.oTitle}</h1>
      <p class="lead">{t.oLead}</p>
      <p>
        <a class="govuk-button" href={`/v?lang=${language}`}>
          {t.vTitle}
        </a>
      </p>
      <h2>{t.oDesk}</h2>
      <ul>
        {[...profiles.values()].map((profile) => (
          <li>
            <a href={`/counter/${profile.id}?lang=${language}`}>{profile.title[language]}</a>
          </li>
        ))}
      </ul>
      <h2>{t.oCode}</h2>
      <pre dir="ltr">{`import { verifyProof } from 'padron/verify'\n\nconst { claims } = await verifyProof(token, { issuer, service: 'library' })`}</pre>
      <p>
        <a href="/services">{t.sTitle}</a> · <a href={`/status?lang=${language}`}>{t.oStatus}</a> ·{' '}
        <a href="/docs">{t.api}</a>
      </p>
      <p>
        <a href={`/providers/try?lang=${language}`}>{t.tryTitle}</a>
      </p>
      <h2>{t.oMachine}</h2>
      <p>{t.oMachineText}</p>
      <p>
        <a class="govuk-button" href={`/providers/enrol?lang=${language}`}>
          {t.aTitle}
        </a>
      </p>
      <p>
        <a href="/firewall">{t.firewallLink}</a>
      </p>
    </Page>
  )
}
