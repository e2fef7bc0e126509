import { type Language, LOCALES, safeText } from '../ui/language.ts'
import { Languages, Page } from '../ui/layout.tsx'
import { TryIt, type Visitor } from './demo.tsx'

/** What anyone may know before they come: who can register, what it takes, and who never learns of it. */
export function Landing(props: { town: string; language: Language; law: string | null; visitor?: Visitor }) {
  const t = LOCALES[props.language]
  return (
    <Page title={`Padrón · ${props.town}`} language={props.language} town={props.town}>
      <Languages language={props.language} path="/" />
      <h1>{t['page.title']}</h1>
      {props.visitor ? <TryIt t={t} visitor={props.visitor} /> : ''}
      <p class="lead">{t['page.everyone'].replace('{town}', props.town)}</p>
      <h2>{t['page.bring']}</h2>
      <p>{t['page.bringText']}</p>
      <h2>{t['page.safe']}</h2>
      <p>{safeText(props.language, props.law)}</p>
      <p>
        <a href="/rights">{t['rights.title']}</a> · <a href="/firewall">{t['firewall.link']}</a>
      </p>
      <h2>{t['page.check']}</h2>
      <p>{t['page.checkText']}</p>
    </Page>
  )
}
