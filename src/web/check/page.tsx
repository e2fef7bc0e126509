import { localeTag } from '../../platform/locale-tag.ts'
import { claimNames } from '../../proofs/claim-names.ts'
import { paperTexts } from '../../proofs/paper/paper-words.ts'
import { profiles } from '../../proofs/profiles.ts'
import { Button, Field, PublicForm } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { Fact, Facts } from '../ui/parts.tsx'
import { type ClaimTexts, claimLines } from './claims-text.ts'
import type { Outcome } from './outcome.ts'
import { checkScript } from './script.ts'

/** What the page's script needs to check without asking anyone. All of it is public. */
export interface CheckMaterial {
  issuer: string
  keys: readonly object[]
  statusLists: Record<string, string>
  /** RFC 3339. */
  knownAt: string
}

export function claimTexts(language: Language): ClaimTexts {
  const { yes, no, bornAbout, bornBetween, bornBetweenDays, bornBefore } = paperTexts[language]
  const born = { bornAbout, bornBetween, bornBetweenDays, bornBefore }
  return { language: localeTag(language), names: claimNames(language), yes, no, ...born }
}

export const serviceTitles = (language: Language) =>
  Object.fromEntries([...profiles.values()].map(({ id, title }) => [id, title[language]]))

/** What a script says an answer with. */
export const answerTexts = (town: string, language: Language) => ({
  language,
  town,
  texts: Object.fromEntries(
    Object.entries(LOCALES[language]).filter(([key]) => /^(check\.|counter\.(why|wallet))/.test(key)),
  ),
  claims: claimTexts(language),
  services: serviceTitles(language),
})

/** Something a script of the page reads. */
export const Material = (props: { id: string; data: unknown; nonce: string }) => (
  <script
    type="application/json"
    id={props.id}
    nonce={props.nonce}
    dangerouslySetInnerHTML={{ __html: JSON.stringify(props.data).replaceAll('<', '\\u003c') }}
  />
)

/** Checks in the browser; without JavaScript it leads to the form that asks the city. */
export function CheckPage(props: { town: string; language: Language; material: CheckMaterial; nonce: string }) {
  const { town, language, material, nonce } = props
  const t = LOCALES[language]
  const data = { ...material, ...answerTexts(town, language) }
  return (
    <Page title={t['check.title']} language={language} town={town} script={{ src: checkScript.address, nonce }}>
      <Languages language={language} path="/v" />
      <h1>{t['check.title']}</h1>
      <p class="lead">{t['check.lead']}</p>
      <div id="answer" role="status" aria-live="assertive" />
      <div id="ways" hidden>
        <p class="govuk-button-group">
          <button type="button" id="camera" class="govuk-button">
            {t['check.camera']}
          </button>
          <label class="govuk-button">
            {t['check.photo']}
            <input type="file" id="photo" accept="image/*" />
          </label>
        </p>
        <video id="video" hidden muted playsinline aria-label={t['check.camera']} />
        <label class="govuk-label govuk-label--s" for="paste">
          {t['check.paste']}
        </label>
        <textarea class="govuk-textarea" id="paste" rows={4} spellcheck={false} autocomplete="off" dir="ltr" />
        <button type="button" id="go" class="govuk-button">
          {t['check.go']}
        </button>
      </div>
      <p>
        <a href={`/v/code?lang=${language}`}>{t['check.byCode']}</a>
      </p>
      <Material id="material" data={data} nonce={nonce} />
    </Page>
  )
}

/** The form for the printed code or a pasted text, and the city's answer. */
export function CodePage(props: { town: string; language: Language; outcome?: Outcome | undefined }) {
  const { town, language, outcome } = props
  const t = LOCALES[language]
  return (
    <Page title={t['check.byCode']} language={language} town={town}>
      <Languages language={language} path="/v/code" />
      <h1>{t['check.byCode']}</h1>
      {outcome ? <Answer outcome={outcome} language={language} town={town} /> : ''}
      <p class="lead">{t['check.codeLead']}</p>
      <PublicForm action={`/v/code?lang=${language}`}>
        <Field name="text" label={t['check.codeLabel']} lines={2} required ltr />
        <Button>{t['check.go']}</Button>
      </PublicForm>
    </Page>
  )
}

const WORDS = { valid: 'check.valid', 'not-valid': 'check.notValid', 'cannot-tell': 'check.cannotTell' } as const

/** One huge answer: a shape, a word and a colour; then why; then what the proof says. */
export function Answer(props: { outcome: Outcome; language: Language; town: string }) {
  const { outcome, language, town } = props
  const t = LOCALES[language]
  const { verdict, reason, proof } = outcome
  return (
    <section class={`answer ${verdict}`} role="status">
      <p class="verdict">{t[WORDS[verdict]]}</p>
      <p>{t[reason as keyof typeof t]}</p>
      {proof ? (
        <>
          <p>{t['check.lives'].replace('{town}', town)}</p>
          <Facts>
            {claimLines(proof.claims, claimTexts(language)).map(([name, value]) => (
              <Fact name={name}>
                <bdi>{value}</bdi>
              </Fact>
            ))}
            <Fact name={t['check.madeFor']}>{serviceTitles(language)[proof.service ?? ''] ?? proof.service}</Fact>
            <Fact name={t['check.until']}>
              {new Date(proof.expiresAt * 1000).toLocaleDateString(localeTag(language), { dateStyle: 'long' })}
            </Fact>
          </Facts>
        </>
      ) : (
        ''
      )}
    </section>
  )
}
