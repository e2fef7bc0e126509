import type { Outcome } from '../check/outcome.ts'
import { Answer } from '../check/page.tsx'
import { Button, Field, PublicForm } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import type { PracticeId, PracticeProof } from './practice.ts'

const NAMES = {
  valid: 'practice.valid',
  withheld: 'practice.withheld',
  expired: 'practice.expired',
  early: 'practice.early',
  revoked: 'practice.revoked',
  other: 'practice.other',
  changed: 'practice.changed',
  added: 'practice.added',
  key: 'practice.key',
} as const satisfies Record<PracticeId, string>

/** Practice proofs to look at, copy, change and check; nothing on it names the city as where anybody lives. */
export function PracticePage(props: {
  language: Language
  proofs: readonly PracticeProof[]
  shown?: { text: string; outcome: Outcome; code: string }
}) {
  const { language, proofs, shown } = props
  const t = LOCALES[language]
  const action = `/providers/try?lang=${language}#answer`
  return (
    <Page title={t['practice.title']} language={language} town={t['practice.town']}>
      <Languages language={language} path="/providers/try" />
      <h1>{t['practice.title']}</h1>
      <p class="lead">{t['practice.lead']}</p>
      <p class="govuk-inset-text">{t['practice.nothing']}</p>
      {shown ? (
        <div id="answer">
          <Answer outcome={shown.outcome} language={language} town={t['practice.town']} />
          <p>
            {t['practice.code']} <code dir="ltr">{shown.code}</code>
          </p>
        </div>
      ) : (
        ''
      )}
      <PublicForm action={action}>
        <Field name="text" label={t['practice.text']} value={shown?.text} lines={4} required ltr />
        <Button>{t['check.go']}</Button>
      </PublicForm>
      <h2>{t['practice.each']}</h2>
      <ol>
        {proofs.map(({ id, token }) => (
          <li>
            <PublicForm action={action}>
              <input type="hidden" name="text" value={token} />
              <Button secondary>{t[NAMES[id]]}</Button>
            </PublicForm>
          </li>
        ))}
      </ol>
      <h2>{t['openData.code']}</h2>
      <p>{t['practice.machines']}</p>
      <ul>
        {['/practice/proofs', '/practice/.well-known/jwks.json', '/practice/status-list'].map((path) => (
          <li>
            <a href={path}>
              <code dir="ltr">{path}</code>
            </a>
          </li>
        ))}
      </ul>
      <p>
        <a href={`/providers?lang=${language}`}>{t['openData.title']}</a>
      </p>
    </Page>
  )
}
