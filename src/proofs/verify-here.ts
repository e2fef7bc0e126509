import { isUuid } from '../platform/uuid.ts'
import type { Municipality } from '../town/model.ts'
import { ProofInvalid, type RefusalCode, type VerifiedProof, type VerifyOptions, verifyProof } from '../verify/index.ts'
import type { ProofDeps } from './issue.ts'
import { publishedKeys } from './signing-keys.ts'
import { statusListToken, statusListUri } from './status-list.ts'

export type Verification = ({ valid: true } & VerifiedProof) | { valid: false; code: RefusalCode }

/** Checks a proof for someone who would rather ask than check. Only what the token itself says is used. */
export async function verifyHere(
  deps: ProofDeps,
  town: Municipality,
  {
    token,
    service,
    holder,
  }: { token: string; service?: string | undefined; holder?: { nonce: string; audience: string } | undefined },
): Promise<Verification> {
  const { keys } = await publishedKeys(deps, town.id)
  const fetchStatus: typeof fetch = async (input) => {
    const listId = String(input).replace(statusListUri(town, ''), '')
    const list = isUuid(listId) ? await statusListToken(deps, town, listId) : undefined
    return list === undefined ? new Response(null, { status: 404 }) : new Response(list)
  }
  return answerOf(token, {
    issuer: town.issuer,
    keys,
    fetch: fetchStatus,
    now: Math.floor(deps.clock.now().epochMilliseconds / 1000),
    ...(service === undefined ? {} : { service }),
    ...holder,
  })
}

/** What a verifier says, as a value. */
export async function answerOf(token: string, options: VerifyOptions): Promise<Verification> {
  try {
    return { valid: true, ...(await verifyProof(token, options)) }
  } catch (error) {
    if (error instanceof ProofInvalid) return { valid: false, code: error.code }
    throw error
  }
}
