import type { Outcome } from '../check/outcome.ts'
import { Answer } from '../check/page.tsx'
import { Button, Field, PublicForm } from '../ui/form.tsx'
import { type Language, LOCALES } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import type { PracticeId, PracticeProof } from './practice.ts'

const NAMES = {
  valid: 'tryValid',
  withheld: 'tryWithheld',
  expired: 'tryExpired',
  early: 'tryEarly',
  revoked: 'tryRevoked',
  other: 'tryOther',
  changed: 'tryChanged',
  added: 'tryAdded',
  key: 'tryKey',
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
    <Page title={t.tryTitle} language={language} town={t.tryTown}>
      <Languages language={language} path="/providers/try" />
      <h1>{t.tryTitle}</h1>
      <p class="lead">{t.tryLead}</p>
      <p class="govuk-inset-text">{t.tryNothing}</p>
      {shown ? (
        <div id="answer">
          <Answer outcome={shown.outcome} language={language} town={t.tryTown} />
          <p>
            {t.tryCode} <code dir="ltr">{shown.code}</code>
          </p>
        </div>
      ) : (
        ''
      )}
      <PublicForm action={action}>
        <Field name="text" label={t.tryText} value={shown?.text} lines={4} required ltr />
        <Button>{t.vGo}</Button>
      </PublicForm>
      <h2>{t.tryEach}</h2>
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
      <h2>{t.oCode}</h2>
      <p>{t.tryMachines}</p>
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
        <a href={`/providers?lang=${language}`}>{t.oTitle}</a>
      </p>
    </Page>
  )
}
