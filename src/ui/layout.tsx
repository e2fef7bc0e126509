import type { Child } from 'hono/jsx'
import { LANGUAGES, type Language, LOCALES } from './language.ts'

/** The same page in every language we have. */
export function Languages(props: { language: Language; path: string }) {
  return (
    <nav class="languages" aria-label={LOCALES[props.language].languages}>
      {Object.entries(LANGUAGES).map(([code, { name, direction }]) => (
        <a
          href={`${props.path}?lang=${code}`}
          lang={code}
          dir={direction}
          {...(code === props.language ? { 'aria-current': 'true' } : {})}
        >
          {name}
        </a>
      ))}
    </nav>
  )
}

/** Every page: language, direction, a way past the header, one stylesheet of our own and nothing from elsewhere. */
export function Page(props: {
  title: string
  language: Language
  town: string
  script?: { src: string; nonce: string }
  /** What stands between the header and the page. */
  bar?: Child
  children: Child
}) {
  const t = LOCALES[props.language]
  return (
    <html lang={props.language} dir={LANGUAGES[props.language].direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{props.title}</title>
        <link rel="stylesheet" href="/assets/styles.css" />
        {props.script ? <script src={props.script.src} nonce={props.script.nonce} defer /> : ''}
      </head>
      <body>
        <a class="skip" href="#content">
          {t.skip}
        </a>
        <header>
          <a href="/">Padrón · {props.town}</a>
        </header>
        {props.bar ?? ''}
        <main id="content">{props.children}</main>
        <footer>
          <nav>
            <a href="/me">{t.rIn}</a>
            <a href="/complain">{t.kTitle}</a>
            <a href="/v">{t.vLink}</a>
            <a href="/providers">{t.oTitle}</a>
            <a href="/rights">{t.yTitle}</a>
            <a href="/services">{t.sTitle}</a>
            <a href="/firewall">{t.firewallLink}</a>
            <a href="/transparency">{t.transparencyLink}</a>
            <a href="/docs">{t.api}</a>
            <a href="/v1/purposes">{t.purposes}</a>
            <a href="/.well-known/jwks.json">{t.keys}</a>
          </nav>
        </footer>
      </body>
    </html>
  )
}
