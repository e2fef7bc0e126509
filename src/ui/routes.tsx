import arabicRegular from '@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff2?inline'
import arabicBold from '@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-700-normal.woff2?inline'
import type { Child } from 'hono/jsx'
import { always, type House } from '../firewall/endpoint.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Municipality } from '../registry/municipality.ts'
import { type ApiDocument, Docs } from './docs.tsx'
import { Landing } from './landing.tsx'
import { isLanguage, type Language, languageFor } from './language.ts'
import styles from './styles.css?inline'

/** Pages about nobody: the front door, the description of the API, the stylesheet. */
export function publicPages(house: House<Municipality>, document: () => object): void {
  const answer = (body: string | Uint8Array<ArrayBuffer>, type: string, more: Record<string, string> = {}) =>
    new Response(body, { headers: { ...always(uuidv7()), 'content-type': type, ...more } })
  const page = (body: Child) =>
    answer(`<!doctype html>${String(body)}`, 'text/html; charset=utf-8', { vary: 'accept-language' })
  const townOf = (context: {
    var: { reception: { townOf(host: string): Promise<Municipality> } }
    req: { header(name: string): string | undefined }
  }) => context.var.reception.townOf(context.req.header('host') ?? '')
  const nameIn = (town: Municipality, language: Language) => town.name[language] ?? Object.values(town.name)[0] ?? ''

  house.get('/', async (context) => {
    const town = await townOf(context)
    const asked = context.req.query('lang') ?? ''
    const language = isLanguage(asked) ? asked : languageFor(context.req.header('accept-language'), town.languages)
    return page(<Landing town={nameIn(town, language)} language={language} />)
  })
  house.get('/docs', async (context) => {
    const town = await townOf(context)
    return page(<Docs document={document() as ApiDocument} town={nameIn(town, 'en')} />)
  })
  house.get('/openapi.json', () => answer(JSON.stringify(document()), 'application/json; charset=utf-8'))
  for (const [weight, data] of [
    ['400', arabicRegular],
    ['700', arabicBold],
  ] as const) {
    const font = Buffer.from(data.slice(data.indexOf(',') + 1), 'base64')
    house.get(`/assets/noto-sans-arabic-${weight}.woff2`, () =>
      answer(font, 'font/woff2', { 'cache-control': 'public, max-age=31536000, immutable' }),
    )
  }
  house.get('/assets/styles.css', () =>
    answer(styles, 'text/css; charset=utf-8', { 'cache-control': 'public, max-age=3600' }),
  )
}
