import { claimName } from '../../proofs/claim-names.ts'
import type { Profile } from '../../proofs/profiles.ts'
import { answerTexts, Material } from '../check/page.tsx'
import { Button, Field, PublicForm } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'

interface OfCounter {
  town: string
  language: Language
  profile: Profile
}

/** What one proof made for this service says at most. */
function Asks({ language, profile }: Pick<OfCounter, 'language' | 'profile'>) {
  const t = LOCALES[language]
  return (
    <>
      <h2>{t['counter.asks']}</h2>
      <ul>
        <li>{t['services.lives']}</li>
        {profile.claims.map((claim) => (
          <li>{claimName(claim, language)}</li>
        ))}
      </ul>
    </>
  )
}

/** Whoever comes here is not a counter yet: its service's own machine opens one. */
export function CounterDoorPage(props: OfCounter & { wrong?: 'code' | 'too-often' }) {
  const { town, language, profile, wrong } = props
  const t = LOCALES[language]
  const said = { code: t['counter.codeWrong'], 'too-often': t['check.whyTooMany'] }
  return (
    <Page title={`${t['counter.title']} \u00b7 ${profile.title[language]}`} language={language} town={town}>
      <Languages language={language} path={`/counter/${profile.id}`} />
      <h1>{profile.title[language]}</h1>
      <p class="lead">{t['counter.door']}</p>
      <PublicForm action={`/counter/${profile.id}/open?lang=${language}`}>
        <Field
          name="code"
          label={t['counter.code']}
          hint={t['counter.codeHint']}
          required
          ltr
          fault={wrong && said[wrong]}
        />
        <Button>{t['counter.open']}</Button>
      </PublicForm>
      <Asks language={language} profile={profile} />
      <p>
        <a href={`/v?lang=${language}`}>{t['counter.checkInstead']}</a>
      </p>
    </Page>
  )
}

/** A staffed desk of a service: a question, the wallet's answer, and the next person. What is shown is opened in this page alone. */
export function CounterPage(props: OfCounter & { organisation: string; script: string; nonce: string }) {
  const { town, language, profile, organisation, script, nonce } = props
  const t = LOCALES[language]
  const data = {
    ...answerTexts(town, language),
    service: profile.id,
    says: {
      scan: t['counter.scan'],
      gone: t['counter.gone'],
      refused: t['counter.refused'],
      tally: t['counter.tally'],
    },
  }
  return (
    <Page
      title={`${t['counter.title']} \u00b7 ${profile.title[language]}`}
      language={language}
      town={town}
      script={{ src: script, nonce }}
    >
      <Languages language={language} path={`/counter/${profile.id}`} />
      <h1>{profile.title[language]}</h1>
      <p>{t['counter.of'].replace('{organisation}', organisation)}</p>
      <p class="lead">{t['counter.lead']}</p>
      <div id="answer" role="status" aria-live="assertive" />
      <div id="question" hidden>
        <p class="lead">{t['counter.scan']}</p>
        <div id="code" />
        <p role="status">{t['counter.waiting']}</p>
      </div>
      <noscript>
        <p>{t['counter.needsScript']}</p>
      </noscript>
      <p class="govuk-button-group">
        <button type="button" id="ask" class="govuk-button" hidden>
          {t['counter.start']}
        </button>
        <a class="govuk-button govuk-button--secondary" href={`/v?lang=${language}`}>
          {t['check.camera']}
        </a>
      </p>
      <p id="tally" />
      <Asks language={language} profile={profile} />
      <PublicForm action={`/counter/${profile.id}/close?lang=${language}`}>
        <Button secondary>{t['counter.close']}</Button>
      </PublicForm>
      <Material id="counter" data={data} nonce={nonce} />
    </Page>
  )
}
