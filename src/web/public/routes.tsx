import arabic from '@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2?inline'
import type { Child } from 'hono/jsx'
import type { PolicyEngine } from '../../firewall/policies.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App, Incoming } from '../../identity/app.ts'
import { suspendedOrganisations } from '../../oversight/organisation-list.ts'
import type { Database } from '../../platform/database.ts'
import { countComplaints } from '../../requests/complaints.ts'
import type { Transparency } from '../../statistics/transparency.ts'
import { nameIn, readerOf } from '../reader.ts'
import { stayScript } from '../stay.tsx'
import { serveAsset, styles } from '../ui/assets.ts'
import { type ApiDocument, Docs } from './docs.tsx'
import { FirewallPage, TransparencyPage } from './firewall.tsx'
import { Landing } from './landing.tsx'
import { ServicesPage } from './services.tsx'

/** Pages about nobody: the front door, the description of the API, the stylesheet. */
export function publicPages(
  app: App,
  deps: {
    database: Database
    document: () => object
    policies: PolicyEngine
    transparency: (municipalityId: string) => Promise<Transparency>
  },
): void {
  const { document } = deps
  const page = (body: Child) =>
    Reply.material(`<!doctype html>${String(body)}`, 'text/html; charset=utf-8', { vary: 'accept-language, cookie' })
  const get = (path: string, draw: (request: Incoming) => Promise<Reply>) =>
    route(app, { kind: 'public', method: 'get', path }, draw)
  const reader = (request: Incoming) => {
    const { town, language } = readerOf(request)
    return { id: town.id, language, town: nameIn(town, language), law: town.accessLaw }
  }

  get('/', async (request) => page(<Landing {...reader(request)} />))
  get('/firewall', async (request) => page(<FirewallPage policies={deps.policies} {...reader(request)} />))
  get('/services', async (request) => {
    const read = reader(request)
    return page(<ServicesPage {...read} suspended={await suspendedOrganisations(deps.database, read.id)} />)
  })
  get('/transparency', async (request) => {
    const read = reader(request)
    const complaints = await countComplaints(deps, { id: read.id })
    return page(<TransparencyPage counted={await deps.transparency(read.id)} complaints={complaints} {...read} />)
  })
  get('/docs', async ({ town }) => page(<Docs document={document() as ApiDocument} town={nameIn(town, 'en')} />))
  get('/openapi.json', async () => Reply.material(JSON.stringify(document()), 'application/json; charset=utf-8'))
  const font = Buffer.from(arabic.slice(arabic.indexOf(',') + 1), 'base64')
  route(app, { kind: 'asset', method: 'get', path: '/assets/noto-sans-arabic.woff2' }, async () =>
    Reply.bytes(font, 'font/woff2', { 'cache-control': 'public, max-age=31536000, immutable' }),
  )
  serveAsset(app, styles)
  serveAsset(app, stayScript)
}
