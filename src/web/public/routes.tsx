import arabic from '@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2?inline'
import type { GrantsState } from '../../firewall/grant-table.ts'
import type { PolicyEngine } from '../../firewall/policies.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App, Incoming } from '../../identity/app.ts'
import { suspendedOrganisations } from '../../oversight/list-organisations.ts'
import type { Database } from '../../platform/database.ts'
import type { ComplaintCount } from '../../requests/complain.ts'
import type { Transparency } from '../../statistics/transparency.ts'
import { publicPage } from '../public-page.ts'
import { nameIn, readerOf } from '../reader.ts'
import { stayScript } from '../stay.tsx'
import { serveAsset, styles } from '../ui/assets.ts'
import type { Demo } from './demo.tsx'
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
    grants: (municipalityId: string) => Promise<GrantsState>
    transparency: (municipalityId: string) => Promise<Transparency>
    complaints: (municipalityId: string) => Promise<ComplaintCount[]>
    /** What a demonstration has ready; nothing anywhere else. */
    demo: () => Demo | undefined
  },
): void {
  const { document } = deps
  const get = (path: string, draw: (request: Incoming) => Promise<Reply>) =>
    route(app, { kind: 'public', method: 'get', path }, draw)
  const reader = (request: Incoming) => {
    const { town, language } = readerOf(request)
    return { id: town.id, language, town: nameIn(town, language), law: town.accessLaw }
  }

  get('/', async (request) => {
    const shown = deps.demo()
    if (shown === undefined) return publicPage(<Landing {...reader(request)} />)
    return Reply.page(shown.visitor, (visitor) => <Landing {...reader(request)} visitor={visitor} />)
  })
  get('/firewall', async (request) => {
    const read = reader(request)
    const grants = await deps.grants(read.id)
    return publicPage(
      <FirewallPage policies={deps.policies} grants={grants} timeZone={readerOf(request).town.timeZone} {...read} />,
    )
  })
  get('/services', async (request) => {
    const read = reader(request)
    return publicPage(<ServicesPage {...read} suspended={await suspendedOrganisations(deps.database, read.id)} />)
  })
  get('/transparency', async (request) => {
    const read = reader(request)
    const complaints = await deps.complaints(read.id)
    return publicPage(<TransparencyPage counted={await deps.transparency(read.id)} complaints={complaints} {...read} />)
  })
  get('/docs', async ({ town }) => publicPage(<Docs document={document() as ApiDocument} town={nameIn(town, 'en')} />))
  get('/openapi.json', async () => Reply.open(publicData(document())))
  const font = Buffer.from(arabic.slice(arabic.indexOf(',') + 1), 'base64')
  route(app, { kind: 'asset', method: 'get', path: '/assets/noto-sans-arabic.woff2' }, async () =>
    Reply.bytes(publicData(font), 'font/woff2', { 'cache-control': 'public, max-age=31536000, immutable' }),
  )
  serveAsset(app, styles)
  serveAsset(app, stayScript)
}
