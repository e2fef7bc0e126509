import type { Context } from 'hono'
import { always, type House, problemResponse } from '../http/endpoint.ts'
import { Reply } from '../http/reply.ts'
import { uuidv7 } from '../platform/clock.ts'
import { Problem, problemOf, retryAfter } from '../platform/problem.ts'
import { outlineOf } from '../platform/telemetry.ts'
import type { Municipality } from '../town/municipality.ts'
import { nameIn, readerOf } from './reader.ts'
import { ProblemPage } from './ui/problem-page.tsx'

type Asked = Parameters<Parameters<House<Municipality>['notFound']>[0]>[0]

/** An error as its reader wants it: a page for a browser, a problem document (RFC 9457) for a machine. */
export async function problemAnswer(context: Context | Asked, error: unknown): Promise<Response> {
  if (!(error instanceof Problem))
    context.var.reception?.log({
      level: 'error',
      event: 'page',
      method: context.req.method.toLowerCase(),
      ...outlineOf(error),
    })
  const machine = /^\/(v1|wallet|ledger|status-lists|credentials|\.well-known)\//.test(context.req.path)
  if (machine || !context.req.header('accept')?.includes('text/html')) return problemResponse(error, uuidv7())
  try {
    const { town, language } = await readerOf(context as Asked)
    const problem = problemOf(error)
    const page = (
      <ProblemPage problem={problem} town={nameIn(town, language)} language={language} timeZone={town.timeZone} />
    )
    return Reply.returned(`<!doctype html>${page}`, problem.status).toResponse({
      ...always(uuidv7()),
      ...retryAfter(problem),
    })
  } catch {
    // Not even the town could be read: the plain answer needs nothing.
    return problemResponse(error, uuidv7())
  }
}
