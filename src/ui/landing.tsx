import { LANGUAGES, type Language, LOCALES } from './language.ts'
import { Page } from './layout.tsx'

/** What anyone may know before they come: who can register, what it takes, and who never learns of it. */
export function Landing(props: { town: string; language: Language }) {
  const t = LOCALES[props.language]
  return (
    <Page title={`Padrón · ${props.town}`} language={props.language} town={props.town}>
      <nav class="languages" aria-label={t.languages}>
        {Object.entries(LANGUAGES).map(([code, { name, direction }]) => (
          <a
            href={`/?lang=${code}`}
            lang={code}
            dir={direction}
            {...(code === props.language ? { 'aria-current': 'true' } : {})}
          >
            {name}
          </a>
        ))}
      </nav>
      <h1>{t.title}</h1>
      <p class="lead">{t.everyone.replace('{town}', props.town)}</p>
      <h2>{t.bring}</h2>
      <p>{t.bringText}</p>
      <h2>{t.safe}</h2>
      <p>{t.safeText}</p>
      <h2>{t.check}</h2>
      <p>{t.checkText}</p>
    </Page>
  )
}
