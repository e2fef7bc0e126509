import type { Child } from 'hono/jsx'
import { LANGUAGES, type Language, LOCALES } from './language.ts'

/** Every page: language, direction, a way past the header, one stylesheet of our own and nothing from elsewhere. */
export function Page(props: { title: string; language: Language; town: string; children: Child }) {
  const t = LOCALES[props.language]
  return (
    <html lang={props.language} dir={LANGUAGES[props.language].direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{props.title}</title>
        <link rel="stylesheet" href="/assets/styles.css" />
      </head>
      <body>
        <a class="skip" href="#content">
          {t.skip}
        </a>
        <header>
          <a href="/">Padrón · {props.town}</a>
        </header>
        <main id="content">{props.children}</main>
        <footer>
          <nav>
            <a href="/docs">{t.api}</a>
            <a href="/v1/purposes">{t.purposes}</a>
            <a href="/v1/services">{t.services}</a>
            <a href="/.well-known/jwks.json">{t.keys}</a>
          </nav>
        </footer>
      </body>
    </html>
  )
}
