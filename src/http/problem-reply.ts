import { OAuthProblem, problemOf, retryAfter } from '../platform/problem.ts'
import type { ReplyHeaders } from './headers.ts'
import { publicData } from './public-data.ts'
import { Reply } from './reply.ts'
import { Sendable } from './sendable.ts'

/** An error as a problem document. @see RFC 9457; of OAuth as RFC 6749 section 5.2 has it */
export function problemReply(error: unknown): Reply {
  const problem = problemOf(error)
  if (problem instanceof OAuthProblem) {
    const answer = { error: problem.code, error_description: problem.message }
    return Reply.open(publicData(answer), problem.status, { 'cache-control': 'no-store' })
  }
  const body = {
    type: `/problems/${problem.code}`,
    title: problem.message,
    status: problem.status,
    code: problem.code,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
    ...('until' in problem ? { until: problem.until } : {}),
  }
  const headers: ReplyHeaders = {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...retryAfter(problem),
  }
  return 'disclosed' in problem && problem.disclosed instanceof Sendable
    ? Reply.problem(body, problem.disclosed, { status: problem.status, headers })
    : Reply.open(publicData(body), problem.status, headers)
}
