import type { Reply } from '../http/reply.ts'
import type { Incoming } from '../identity/app.ts'
import type { Problem } from '../platform/problem.ts'
import { nameIn, readerOf } from './reader.ts'
import { pageOf } from './signed-in.tsx'
import { ProblemPage } from './ui/problem-page.tsx'

/** An error as a page in its reader's language. */
export async function problemPage(request: Incoming, problem: Problem): Promise<Reply> {
  const { town, language } = readerOf(request)
  const about = { problem, town: nameIn(town, language), language, timeZone: town.timeZone }
  return pageOf(<ProblemPage {...about} />, problem.status)
}
