import type { WitnessState } from '../../ledger/cosigning.ts'
import { localeTag } from '../../platform/locale-tag.ts'
import { profiles } from '../../proofs/profiles.ts'
import type { Restored } from '../../town/restores.ts'
import { dayText, timeText } from '../record/texts.ts'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Done, Fact, Facts } from '../ui/parts.tsx'
import { RestoredNote } from './restored.tsx'

/** Whether the register answers, and how far its public ledger is. About nobody. */
export function StatusPage(props: {
  town: string
  language: Language
  timeZone: string
  checkpoint: { size: number; signedAt: string } | undefined
  keys: number
  witnesses: readonly WitnessState[]
  restored?: Restored | undefined
  seal?: { until: string; soon: boolean } | undefined
}) {
  const { town, language, timeZone, checkpoint, keys, witnesses, restored, seal } = props
  const t = LOCALES[language]
  const number = (n: number) => new Intl.NumberFormat(localeTag(language)).format(n)
  return (
    <Page title={`${t['openData.status']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/status" />
      <h1>{t['openData.status']}</h1>
      <Done>{t['openData.answers']}</Done>
      <RestoredNote restored={restored} language={language} timeZone={timeZone} />
      <Facts>
        <Fact name={t['page.keys']}>{number(keys)}</Fact>
        <Fact name={t['openData.entries']}>{checkpoint ? number(checkpoint.size) : '–'}</Fact>
        <Fact name={t['openData.signed']}>{checkpoint ? timeText(language, timeZone, checkpoint.signedAt) : '–'}</Fact>
        {witnesses.map(({ name, size, signedAt }) => (
          <Fact name={t['openData.witness']}>
            <bdi>{name}</bdi>
            {size === undefined || signedAt === undefined
              ? ' · –'
              : ` · ${dayText(language, Temporal.Instant.from(signedAt).toZonedDateTimeISO(timeZone).toPlainDate().toString())}`}
          </Fact>
        ))}
        {seal?.soon ? <Fact name={t['openData.sealUntil']}>{timeText(language, timeZone, seal.until)}</Fact> : ''}
      </Facts>
      {seal?.soon ? (
        <div class="govuk-inset-text" role="note">
          <p>{t['openData.sealSoon']}</p>
        </div>
      ) : (
        ''
      )}
      {witnesses
        .filter(({ behind }) => behind)
        .map(({ name }) => (
          <div class="govuk-inset-text" role="note">
            <p>{t['openData.witnessBehind'].replace('{name}', name)}</p>
          </div>
        ))}
    </Page>
  )
}

/** What a service needs to check proofs: nothing. */
export function ProvidersPage(props: {
  town: string
  language: Language
  timeZone: string
  restored?: Restored | undefined
}) {
  const { town, language, timeZone, restored } = props
  const t = LOCALES[language]
  return (
    <Page title={`${t['openData.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/providers" />
      <h1>{t['openData.title']}</h1>
      <RestoredNote restored={restored} language={language} timeZone={timeZone} />
      <p class="lead">{t['openData.lead']}</p>
      <p>
        <a class="govuk-button" href={`/v?lang=${language}`}>
          {t['check.title']}
        </a>
      </p>
      <h2>{t['openData.desk']}</h2>
      <ul>
        {[...profiles.values()].map((profile) => (
          <li>
            <a href={`/counter/${profile.id}?lang=${language}`}>{profile.title[language]}</a>
          </li>
        ))}
      </ul>
      <h2>{t['openData.code']}</h2>
      <pre dir="ltr">{`import { verifyProof } from 'padron/verify'\n\nconst { claims } = await verifyProof(token, { issuer, service: 'library' })`}</pre>
      <p>
        <a href="/services">{t['services.title']}</a> · <a href={`/status?lang=${language}`}>{t['openData.status']}</a>{' '}
        · <a href="/docs">{t['page.api']}</a>
      </p>
      <p>
        <a href={`/providers/try?lang=${language}`}>{t['practice.title']}</a>
      </p>
      <h2>{t['openData.machine']}</h2>
      <p>{t['openData.machineText']}</p>
      <p>
        <a class="govuk-button" href={`/providers/enrol?lang=${language}`}>
          {t['enrolment.title']}
        </a>
      </p>
      <p>
        <a href="/firewall">{t['firewall.link']}</a>
      </p>
    </Page>
  )
}
