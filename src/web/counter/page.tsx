import { claimName } from '../../proofs/claim-names.ts'
import type { Profile } from '../../proofs/profiles.ts'
import type { Outcome } from '../check/outcome.ts'
import { Answer } from '../check/page.tsx'
import { Button, PublicForm } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Qr } from '../ui/qr-code.tsx'

/** A staffed desk of a service: a question, the wallet's answer, and the next person. */
export function CounterPage(props: {
  town: string
  language: Language
  profile: Profile
  asking?: { id: string; link: string } | undefined
  outcome?: Outcome | undefined
  /** Another may still answer. */
  waiting?: boolean
  gone?: boolean
  nonce?: string
}) {
  const { town, language, profile, asking, outcome, gone, nonce } = props
  const t = LOCALES[language]
  const waiting = asking !== undefined && (props.waiting ?? false)
  return (
    <Page
      title={`${t['counter.title']} · ${profile.title[language]}`}
      language={language}
      town={town}
      {...(nonce ? { script: { src: '/assets/counter.js', nonce } } : {})}
    >
      {waiting ? '' : <Languages language={language} path={`/counter/${profile.id}`} />}
      <h1>{profile.title[language]}</h1>
      {outcome ? <Answer outcome={outcome} language={language} town={town} /> : ''}
      {gone ? <p role="status">{t['counter.gone']}</p> : ''}
      {waiting ? (
        <>
          <p class="lead">{t['counter.scan']}</p>
          <Qr text={asking.link} label={t['counter.scan']} />
          <p role="status" id="waiting" data-question={asking.id}>
            {t['counter.waiting']}
          </p>
          <p>
            <a href={`/counter/${profile.id}/${asking.id}?lang=${language}`}>{t['counter.look']}</a>
          </p>
        </>
      ) : (
        <p class="lead">{t['counter.lead']}</p>
      )}
      <h2>{t['counter.asks']}</h2>
      <ul>
        <li>{t['services.lives']}</li>
        {profile.claims.map((claim) => (
          <li>{claimName(claim, language)}</li>
        ))}
      </ul>
      <PublicForm action={`/counter/${profile.id}?lang=${language}`}>
        <p class="govuk-button-group">
          <Button>{t['counter.start']}</Button>
          <a class="govuk-button" href={`/v?lang=${language}`}>
            {t['check.camera']}
          </a>
        </p>
      </PublicForm>
      {outcome && asking && !waiting ? (
        <p
          id="tally"
          data-service={profile.id}
          data-question={asking.id}
          data-verdict={outcome.verdict}
          data-text={t['counter.tally']}
        />
      ) : (
        ''
      )}
    </Page>
  )
}
