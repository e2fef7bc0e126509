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
    <Page title={`${t['services.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/services" />
      <h1>{t['services.title']}</h1>
      <p class="lead">{t['services.lead']}</p>
      {[...profiles.values()].map((profile) => (
        <section id={profile.id}>
          <h2>{profile.title[language]}</h2>
          <p>{profile.purpose[language]}</p>
          <h3>{t['services.learns']}</h3>
          <ul>
            <li>{t['services.lives']}</li>
            {profile.claims.map((claim) => (
              <li>{nameOf(claim)}</li>
            ))}
          </ul>
          <p>
            {counted(t['services.days'], language, { days: profile.validityDays })}{' '}
            {profile.askedBy === 'neighbour'
              ? t['services.onlyYou']
              : profile.askedBy === 'representative'
                ? t['services.representative']
                : ''}{' '}
            {t['services.contact']}: <a href={`mailto:${profile.contact}`}>{profile.contact}</a>
          </p>
        </section>
      ))}
      <p>
        <a class="govuk-button govuk-button--secondary" href={`/complain/service?lang=${language}`}>
          {t['complaint.service']}
        </a>
      </p>
      {suspended.length > 0 ? (
        <>
          <h2>{t['serviceReport.suspended']}</h2>
          <p>{t['serviceReport.suspendedLead']}</p>
          <ul>
            {suspended.map(({ name, since }) => (
              <li>
                <bdi>{name}</bdi> ·{' '}
                {t['organisations.suspended'].replace('{day}', dayText(language, since.slice(0, 10)))}
              </li>
            ))}
          </ul>
        </>
      ) : (
        ''
      )}
      <h2>{t['services.never']}</h2>
      <p>{t['services.neverText']}</p>
    </Page>
  )
}
