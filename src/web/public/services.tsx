import { counted } from '../../platform/counted.ts'
import { claimName } from '../../proofs/claim-names.ts'
import { profiles } from '../../proofs/profiles.ts'
import { dayText } from '../record/texts.ts'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'

/** What each service may learn and what it may not, for the public. */
export function ServicesPage(props: {
  town: string
  language: Language
  /** RFC 3339. */
  suspended: readonly { name: string; since: string }[]
}) {
  const { town, language, suspended } = props
  const t = LOCALES[language]
  const nameOf = (claim: string) => claimName(claim, language)
  return (
    <Page title={`${t.sTitle} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/services" />
      <h1>{t.sTitle}</h1>
      <p class="lead">{t.sLead}</p>
      {[...profiles.values()].map((profile) => (
        <section id={profile.id}>
          <h2>{profile.title[language]}</h2>
          <p>{profile.purpose[language]}</p>
          <h3>{t.sLearns}</h3>
          <ul>
            <li>{t.sLives}</li>
            {profile.claims.map((claim) => (
              <li>{nameOf(claim)}</li>
            ))}
          </ul>
          <p>
            {counted(t.sDays, language, { days: profile.validityDays })}{' '}
            {profile.askedBy === 'neighbour'
              ? t.sOnlyYou
              : profile.askedBy === 'representative'
                ? t.sRepresentative
                : ''}{' '}
            {t.sContact}: <a href={`mailto:${profile.contact}`}>{profile.contact}</a>
          </p>
        </section>
      ))}
      <p>
        <a class="govuk-button govuk-button--secondary" href={`/complain/service?lang=${language}`}>
          {t.kService}
        </a>
      </p>
      {suspended.length > 0 ? (
        <>
          <h2>{t.srSuspended}</h2>
          <p>{t.srSuspendedLead}</p>
          <ul>
            {suspended.map(({ name, since }) => (
              <li>
                <bdi>{name}</bdi> · {t.gSuspended.replace('{day}', dayText(language, since.slice(0, 10)))}
              </li>
            ))}
          </ul>
        </>
      ) : (
        ''
      )}
      <h2>{t.sNever}</h2>
      <p>{t.sNeverText}</p>
    </Page>
  )
}
