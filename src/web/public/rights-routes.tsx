import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import type { Clock } from '../../platform/clock.ts'
import { NoRenderer, type Renderer } from '../../proofs/paper/paper.ts'
import { publicPage } from '../public-page.ts'
import { nameIn, readerOf } from '../reader.ts'
import { LOCALES } from '../ui/language.ts'
import { RightsPage, rightsIn } from './rights.tsx'

/** What every neighbour has a right to, to read and to print. */
export function rightsPages(app: App, deps: { clock: Clock; renderer?: Renderer | undefined }): void {
  route(app, { kind: 'public', method: 'get', path: '/rights' }, async (request) => {
    const { town, language } = readerOf(request)
    const page = (
      <RightsPage town={nameIn(town, language)} language={language} origin={town.issuer} law={town.accessLaw} />
    )
    return publicPage(page)
  })
  // About nobody, and the same until the program is another: each is printed once.
  const leaflets = new Map<string, Promise<Uint8Array>>()
  route(app, { kind: 'public', method: 'get', path: '/rights.pdf' }, async (request) => {
    const { town, language } = readerOf(request)
    const { renderer } = deps
    if (renderer === undefined) throw new NoRenderer()
    const title = LOCALES[language]['rights.title']
    const sections = rightsIn(language, { town: nameIn(town, language), origin: town.issuer, law: town.accessLaw })
    const key = `${town.id} ${language}`
    const print = () => renderer.plain(town, { title, language, writtenAt: deps.clock.now(), sections })
    const leaflet = leaflets.get(key) ?? print()
    leaflets.set(key, leaflet)
    leaflet.catch(() => leaflets.delete(key))
    const headers = { 'content-disposition': 'inline; filename="padron.pdf"', vary: 'accept-language, cookie' } as const
    return Reply.bytes(publicData(await leaflet), 'application/pdf', headers)
  })
}
