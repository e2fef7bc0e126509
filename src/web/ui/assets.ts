import { createHash } from 'node:crypto'
import type { ReplyHeaders } from '../../http/headers.ts'
import { publicData } from '../../http/public-data.ts'
import { Reply } from '../../http/reply.ts'
import { type App, route, type World } from '../../http/route.ts'
import type { Code } from '../../platform/problem.ts'
import sheet from './styles.scss?inline'

/**
 * Something pages are made of. Its address names its content: a page never meets the stylesheet or the script of
 * another release, in whatever cache they lie.
 */
export interface Asset {
  path: string
  address: string
  /** @param version the one that was asked for */
  reply(version: string): Reply
}

export function asset(path: `/assets/${string}`, body: string, type: Code): Asset {
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return {
    path,
    address: `${path}?v=${version}`,
    reply(asked) {
      const caching = asked === version ? 'public, max-age=31536000, immutable' : 'public, max-age=300'
      return Reply.material(publicData(body), type, { 'cache-control': caching })
    },
  }
}

export function serveAsset<W extends World>(app: App<W>, { path, reply }: Asset): void {
  route(app, { kind: 'asset', method: 'get', path }, async (request) => reply(request.query('v')))
}

/** A script that is read with every release anew: its address stays, since a browser keeps it by that. */
export const scriptReply = (code: string, headers: ReplyHeaders): Reply =>
  Reply.material(publicData(code), JAVASCRIPT, headers)

export const JAVASCRIPT = 'text/javascript; charset=utf-8'
export const styles = asset('/assets/styles.css', sheet, 'text/css; charset=utf-8')

/** The script of a service worker, told which files it keeps. */
export const workerFor = (script: string, assets: readonly Asset[]) =>
  `const PADRON_FILES=${JSON.stringify(assets.map(({ address }) => address))};${script}`
