import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { styles } from './assets.ts'
import { LANGUAGES, type Language, LOCALES } from './language.ts'

/** The rooms of somebody who is signed in, one of them the one they are in, and what they can do everywhere. */
export function Rooms(props: {
  label: string
  rooms: readonly { path: string; name: string; here?: boolean }[]
  children: Child
}) {
  return (
    <div class="govuk-service-navigation">
      <div class="govuk-width-container">
        <div class="govuk-service-navigation__container">
          <nav class="govuk-service-navigation__wrapper" aria-label={props.label}>
            <ul class="govuk-service-navigation__list">
              {props.rooms.map(({ path, name, here }) => (
                <li class={`govuk-service-navigation__item${here ? ' govuk-service-navigation__item--active' : ''}`}>
                  <a class="govuk-service-navigation__link" href={path} {...(here ? { 'aria-current': 'page' } : {})}>
                    {name}
                  </a>
                </li>
              ))}
              {props.children}
            </ul>
          </nav>
        </div>
      </div>
    </div>
  )
}

/** Something to do from every room: locking, leaving. */
export function RoomAction(props: { action: string; name: string; accesskey?: string; children: Child }) {
  return (
    <li class="govuk-service-navigation__item">
      <form method="post" action={props.action}>
        {props.children}
        <button type="submit" {...(props.accesskey ? { accesskey: props.accesskey } : {})}>
          {props.name}
        </button>
      </form>
    </li>
  )
}

/** The same page in every language we have. */
export function Languages(props: { language: Language; path: string; posts?: Readonly<Record<string, string>> }) {
  const { language, path, posts } = props
  if (posts) return <LanguageButtons language={language} path={path} posts={posts} />
  return (
    <nav class="govuk-language-navigation" aria-label={LOCALES[props.language]['page.languages']}>
      <ul class="govuk-language-navigation__list">
        {Object.entries(LANGUAGES).map(([code, { name, direction }]) => (
          <li class="govuk-language-navigation__list-item">
            <a
              class="govuk-language-navigation__link"
              href={`${props.path}${props.path.includes('?') ? '&' : '?'}lang=${code}`}
              rel="alternate"
              lang={code}
              hreflang={code}
              dir={direction}
              {...(code === props.language ? { 'aria-current': 'true' } : {})}
            >
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** The same of a page that came by a form, which an address would have to give away: its hidden fields are sent again. */
function LanguageButtons(props: { language: Language; path: string; posts: Readonly<Record<string, string>> }) {
  return (
    <nav class="govuk-language-navigation" aria-label={LOCALES[props.language]['page.languages']}>
      <form method="post" action={props.path}>
        {Object.entries(props.posts).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <ul class="govuk-language-navigation__list">
          {Object.entries(LANGUAGES).map(([code, { name, direction }]) => (
            <li class="govuk-language-navigation__list-item">
              <button
                type="submit"
                formaction={`${props.path}?lang=${code}`}
                class="link govuk-language-navigation__link"
                lang={code}
                dir={direction}
                {...(code === props.language ? { 'aria-current': 'true' } : {})}
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
      </form>
    </nav>
  )
}

/** What a page says is wrong, in the order its boxes stand on it; of a group of boxes the link leads to the first. */
function inOrder(content: string): string {
  const [list = '', start = ''] =
    /(<ul class="govuk-list govuk-error-summary__list">)[\s\S]*?<\/ul>/.exec(content) ?? []
  const items = list.slice(start.length, -'</ul>'.length).match(/<li>[\s\S]*?<\/li>/g) ?? []
  const found = items.map((item) => {
    const [, id = ''] = /href="#([^"]*)"/.exec(item) ?? []
    const [tag = ''] = new RegExp(`<\\w+[^>]*\\sid="${id.replaceAll(/[^\w-]/g, '\\$&')}"`).exec(content) ?? []
    const at = tag === '' ? content.length : content.indexOf(tag)
    const [, first] =
      /<(?:input|select|textarea)\b(?![^>]*type="hidden")[^>]*\sid="([^"]+)"/.exec(content.slice(at)) ?? []
    const group = tag !== '' && !/^<(input|select|textarea)\b/.test(tag)
    return { at, item: group && first ? item.replace(`href="#${id}"`, `href="#${first}"`) : item }
  })
  const sorted = found.toSorted((one, other) => one.at - other.at).map(({ item }) => item)
  return items.length === 0 ? content : content.replace(list, () => `${start}${sorted.join('')}</ul>`)
}

/** Every page: language, direction, a way past the header, one stylesheet of our own and nothing from elsewhere. */
export function Page(props: {
  title: string
  language: Language
  town: string
  script?: { src: string; nonce: string }
  /** What stands between the header and the page. */
  bar?: Child
  /** What stands below the page, and is no part of what it says. */
  below?: Child
  children: Child
}) {
  const t = LOCALES[props.language]
  // Drawn first: what went wrong on the page is said in its title too.
  const content = String(
    <main id="content" class="govuk-width-container govuk-main-wrapper">
      {props.children}
    </main>,
  )
  const title = content.includes('class="govuk-error-summary"')
    ? t['session.error'].replace('{title}', props.title)
    : props.title
  return (
    <html class="govuk-template" lang={props.language} dir={LANGUAGES[props.language].direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href={styles.address} />
        {props.script ? <script src={props.script.src} nonce={props.script.nonce} defer /> : ''}
      </head>
      <body class="govuk-template__body">
        <a class="govuk-skip-link" href="#content">
          {t['page.skip']}
        </a>
        <header class="govuk-generic-header">
          <div class="govuk-width-container govuk-generic-header__logo">
            <a class="govuk-generic-header__homepage-link" href="/">
              Padrón · {props.town}
            </a>
          </div>
        </header>
        {props.bar ?? ''}
        {raw(inOrder(content))}
        {props.below ?? ''}
        <footer>
          <nav class="govuk-width-container">
            <ul>
              <li>
                <a href="/me">{t['entrance.in']}</a>
              </li>
              <li>
                <a href="/complain">{t['complaint.title']}</a>
              </li>
              <li>
                <a href="/v">{t['check.link']}</a>
              </li>
              <li>
                <a href="/providers">{t['openData.title']}</a>
              </li>
              <li>
                <a href="/rights">{t['rights.title']}</a>
              </li>
              <li>
                <a href="/services">{t['services.title']}</a>
              </li>
              <li>
                <a href="/firewall">{t['firewall.link']}</a>
              </li>
              <li>
                <a href="/transparency">{t['transparency.link']}</a>
              </li>
              <li>
                <a href="/docs">{t['page.api']}</a>
              </li>
              <li>
                <a href="/v1/purposes">{t['page.purposes']}</a>
              </li>
              <li>
                <a href="/.well-known/jwks.json">{t['page.keys']}</a>
              </li>
            </ul>
          </nav>
        </footer>
      </body>
    </html>
  )
}
