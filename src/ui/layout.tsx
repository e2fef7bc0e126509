import type { Child } from 'hono/jsx'

/** Every page: language, direction, a way past the header, one stylesheet of our own and nothing from elsewhere. */
export function Page(props: { title: string; language: string; town: string; children: Child }) {
  return (
    <html lang={props.language} dir={props.language === 'ar' ? 'rtl' : 'ltr'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{props.title}</title>
        <link rel="stylesheet" href="/assets/styles.css" />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header>Padrón · {props.town}</header>
        <main id="content">{props.children}</main>
        <footer>
          <a href="/docs">The API</a> · <a href="/openapi.json">OpenAPI</a> · <a href="/v1/purposes">Purposes</a> ·{' '}
          <a href="/.well-known/jwks.json">Public keys</a>
        </footer>
      </body>
    </html>
  )
}
