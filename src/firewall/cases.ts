import { z } from 'zod'
import type { Requester } from './requester.ts'

// Whether a case was issued: asked of the town's queue or file system, where it has one that answers.

/** A ticket or file number as offices write them: letters, digits, blanks and `/ . _ -`, 1 to 40. */
export const CASE_NUMBER = /^[\p{L}\p{N}][\p{L}\p{N}/._ -]{0,39}$/u

/**
 * Asks whether the town's queue or file system issued a case. It is told the town and the case, and nothing of who asks or
 * about whom.
 *
 * @returns nothing where nobody could say: there is no such system, or it did not answer
 */
export type CaseFile = (municipalityId: string, workCase: string) => Promise<boolean | undefined>

const PATIENCE = 1_000
/** How long an answer stands, milliseconds: a case that is not known yet may be a minute later. */
const STANDS = { issued: 3_600_000, unknown: 20_000 } as const
/** After a failure nobody waits for the system again for so long. */
const REST = 10_000
const MOST_KEPT = 10_000

const Answer = z.object({ issued: z.boolean() })

/**
 * A case file reached over HTTPS: it is sent `{ "municipality", "case" }` with a bearer token and answers `{ "issued": boolean }`.
 * Another way to ask is another function of the same type.
 *
 * @param slugOf what the town is called there
 */
export function httpCaseFile(options: {
  url: string
  token: string
  slugOf(municipalityId: string): Promise<string | undefined>
}): CaseFile {
  const known = new Map<string, { issued: boolean; until: number }>()
  const restsUntil = new Map<string, number>()
  return async (municipalityId, workCase) => {
    const key = `${municipalityId} ${workCase}`
    const now = performance.now()
    const kept = known.get(key)
    if (kept && kept.until > now) return kept.issued
    if ((restsUntil.get(municipalityId) ?? 0) > now) return undefined
    try {
      const response = await fetch(options.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ municipality: await options.slugOf(municipalityId), case: workCase }),
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE),
      })
      if (response.status >= 500) throw new Error('away')
      // Whoever does not find a case says so with or without a body. Anything else it refuses is nobody's answer.
      if (!response.ok && response.status !== 404) return undefined
      const { issued } = response.ok ? Answer.parse(await response.json()) : { issued: false }
      if (known.size >= MOST_KEPT) known.clear()
      known.set(key, { issued, until: now + (issued ? STANDS.issued : STANDS.unknown) })
      return issued
    } catch {
      restsUntil.set(municipalityId, performance.now() + REST)
      return undefined
    }
  }
}

/** What the case file says of the case somebody works on; nothing of whoever has none. */
export async function caseStands(
  cases: CaseFile | undefined,
  municipalityId: string,
  requester: Requester,
): Promise<boolean | undefined> {
  if (requester.kind !== 'staff' || requester.case === undefined) return undefined
  return cases?.(municipalityId, requester.case)
}
