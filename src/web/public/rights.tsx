import { listText } from '../../platform/counted.ts'
import { claimName } from '../../proofs/claim-names.ts'
import type { PlainDocument } from '../../proofs/paper/paper.ts'
import { profiles } from '../../proofs/profiles.ts'
import { type Language, LOCALES, safeText } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Fact, Facts } from '../ui/parts.tsx'

/** What a neighbour may count on, and what is open to them from today: one text for the page and for the leaflet. */
export function rightsIn(
  language: Language,
  { town, origin, law }: { town: string; origin: string; law: string | null },
): PlainDocument['sections'] {
  const t = LOCALES[language]
  const nameOf = (claim: string) => claimName(claim, language)
  // An address is read from the left, in a line of any direction.
  const address = (path: string) => `\u2066${origin.replace(/^https?:\/\//, '')}${path}\u2069`
  return [
    { heading: t['rights.title'], lines: [t['page.everyone'].replace('{town}', town)] },
    {
      heading: t['rights.may'],
      lines: [
        t['rights.ask'],
        t['rights.see'],
        t['rights.change'],
        t['rights.hide'],
        t['rights.helper'],
        t['rights.complain'].replace('{address}', address('/complain')),
      ],
    },
    { heading: t['page.safe'], lines: [safeText(language, law)] },
    { heading: t['rights.in'], lines: [t['rights.inText'].replace('{address}', address('/me'))] },
    {
      heading: t['rights.services'],
      lines: [`${t['services.never']}: ${t['services.neverText']}`],
      fields: [...profiles.values()].map((profile) => [
        profile.title[language],
        `${t['services.learns']}: ${listText(language, [t['services.lives'], ...profile.claims.map(nameOf)])}`,
      ]),
    },
  ]
}

/** Rights in plain words, before anyone registers and without an account. */
export function RightsPage(props: { town: string; language: Language; origin: string; law: string | null }) {
  const { town, language, origin, law } = props
  const t = LOCALES[language]
  const [first, ...rest] = rightsIn(language, { town, origin, law })
  return (
    <Page title={`${t['rights.title']} · ${town}`} language={language} town={town}>
      <Languages language={language} path="/rights" />
      <h1>{t['rights.title']}</h1>
      <p class="lead">{first?.lines?.[0]}</p>
      {rest.map(({ heading, lines = [], fields = [] }) => (
        <section>
          <h2>{heading}</h2>
          {lines.length > 1 ? (
            <ul>
              {lines.map((line) => (
                <li>{line}</li>
              ))}
            </ul>
          ) : (
            <p>{lines[0]}</p>
          )}
          {fields.length > 0 ? (
            <Facts>
              {fields.map(([label, value]) => (
                <Fact name={label}>{value}</Fact>
              ))}
            </Facts>
          ) : (
            ''
          )}
        </section>
      ))}
      <p>
        <a class="govuk-button" href={`/rights.pdf?lang=${language}`}>
          {t['rights.pdf']}
        </a>
      </p>
    </Page>
  )
}
