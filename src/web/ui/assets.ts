import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { always } from '../../http/endpoint.ts'
import { Reply } from '../../http/reply.ts'
import { uuidv7 } from '../../platform/clock.ts'
import sheet from './styles.scss?inline'

/**
 * Something pages are made of. Its address names its content: a page never meets the stylesheet or the script of
 * another release, in whatever cache they lie.
 */
export interface Asset {
  path: string
  address: string
  serve(context: Context): Response
}

export function asset(path: `/assets/${string}`, body: string, type: string): Asset {
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return {
    path,
    address: `${path}?v=${version}`,
    serve(context) {
      const caching = context.req.query('v') === version ? 'public, max-age=31536000, immutable' : 'public, max-age=300'
      return Reply.material(body, type, { 'cache-control': caching }).toResponse(always(uuidv7()))
    },
  }
}

export const JAVASCRIPT = 'text/javascript; charset=utf-8'
export const styles = asset('/assets/styles.css', sheet, 'text/css; charset=utf-8')

/** The script of a service worker, told which files it keeps. */
export const workerFor = (script: string, assets: readonly Asset[]) =>
  `const PADRON_FILES=${JSON.stringify(assets.map(({ address }) => address))};${script}`
