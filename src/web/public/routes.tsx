import arabic from '@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2?inline'
import type { Child } from 'hono/jsx'
import type { PolicyEngine } from '../../firewall/policies.ts'
import { always, type House } from '../../http/endpoint.ts'
import { suspendedOrganisations } from '../../oversight/organisation-list.ts'
import { uuidv7 } from '../../platform/clock.ts'
import type { Database } from '../../platform/database.ts'
import { countComplaints } from '../../requests/complaints.ts'
import type { Transparency } from '../../statistics/transparency.ts'
import type { Municipality } from '../../town/municipality.ts'
import { nameIn, readerOf } from '../reader.ts'
import { stayScript } from '../stay.tsx'
import { styles } from '../ui/assets.ts'
import { type ApiDocument, Docs } from './docs.tsx'
import { FirewallPage, TransparencyPage } from './firewall.tsx'
import { Landing } from './landing.tsx'
import { ServicesPage } from './services.tsx'

/** Pages about nobody: the front door, the description of the API, the stylesheet. */
export function publicPages(
  house: House<Municipality>,
  deps: {
    database: Database
    document: () => object
    policies: PolicyEngine
    transparency: (municipalityId: string) => Promise<Transparency>
  },
): void {
  const { document } = deps
  const answer = (body: string | Uint8Array<ArrayBuffer>, type: string, more: Record<string, string> = {}) =>
    new Response(body, { headers: { ...always(uuidv7()), 'content-type': type, ...more } })
  const page = (body: Child) =>
    answer(`<!doctype html>${String(body)}`, 'text/html; charset=utf-8', { vary: 'accept-language, cookie' })
  const reader = async (context: Parameters<typeof readerOf>[0]) => {
    const { town, language } = await readerOf(context)
    return { id: town.id, language, town: nameIn(town, language), law: town.accessLaw }
  }

  house.get('/', async (context) => page(<Landing {...(await reader(context))} />))
  house.get('/firewall', async (context) =>
    page(<FirewallPage policies={deps.policies} {...(await reader(context))} />),
  )
  house.get('/services', async (context) => {
    const read = await reader(context)
    return page(<ServicesPage {...read} suspended={await suspendedOrganisations(deps.database, read.id)} />)
  })
  house.get('/transparency', async (context) => {
    const read = await reader(context)
    const complaints = await countComplaints(deps, { id: read.id })
    return page(<TransparencyPage counted={await deps.transparency(read.id)} complaints={complaints} {...read} />)
  })
  house.get('/docs', async (context) => {
    const { town } = await readerOf(context)
    return page(<Docs document={document() as ApiDocument} town={nameIn(town, 'en')} />)
  })
  house.get('/openapi.json', () => answer(JSON.stringify(document()), 'application/json; charset=utf-8'))
  const font = Buffer.from(arabic.slice(arabic.indexOf(',') + 1), 'base64')
  house.get('/assets/noto-sans-arabic.woff2', () =>
    answer(font, 'font/woff2', { 'cache-control': 'public, max-age=31536000, immutable' }),
  )
  house.get(styles.path, styles.serve)
  house.get(stayScript.path, stayScript.serve)
}
