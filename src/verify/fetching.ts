import type { PublicKey } from './crypto.ts'
import { ProofInvalid } from './errors.ts'

type Fetch = typeof globalThis.fetch

const LARGEST_ANSWER = 8 * 1024 * 1024
/** Seconds. */
const KEYS_KEPT = 300
const LIST_KEPT = 60
const LONGEST_KEPT = 3600
const KEYS_ASKED_AGAIN = 30
const MOST_KEPT = 64

interface Kept {
  text: string
  fetchedAt: number
  until: number
}

/** What was fetched, by the function it was fetched with and by address: bounded in time and number. */
const kept = new WeakMap<Fetch, Map<string, Kept>>()

async function fetched(
  url: string,
  { fetcher, now, seconds }: { fetcher: Fetch; now: number; seconds: (text: string) => number },
): Promise<Kept> {
  const mine = kept.get(fetcher) ?? new Map<string, Kept>()
  kept.set(fetcher, mine)
  const known = mine.get(url)
  if (known !== undefined && known.until > now && known.fetchedAt <= now) return known
  const text = await fetchText(url, fetcher)
  const fresh = { text, fetchedAt: now, until: now + Math.min(LONGEST_KEPT, seconds(text)) }
  mine.delete(url)
  mine.set(url, fresh)
  const oldest = mine.keys().next().value
  if (mine.size > MOST_KEPT && oldest !== undefined) mine.delete(oldest)
  return fresh
}

/**
 * The issuer's public keys, kept for five minutes; asked for again at most every half minute for a key not among them.
 *
 * @throws {ProofInvalid} keys-unavailable
 */
export async function fetchKeys(
  issuer: string,
  { fetcher, now, missing }: { fetcher: Fetch; now: number; missing: (keys: readonly PublicKey[]) => boolean },
): Promise<readonly PublicKey[]> {
  const url = `${issuer}/.well-known/jwks.json`
  try {
    const known = await fetched(url, { fetcher, now, seconds: () => KEYS_KEPT })
    const keys = parsed(known)
    if (!missing(keys) || now - known.fetchedAt < KEYS_ASKED_AGAIN) return keys
    kept.get(fetcher)?.delete(url)
    return parsed(await fetched(url, { fetcher, now, seconds: () => KEYS_KEPT }))
  } catch {
    throw new ProofInvalid('keys-unavailable')
  }
}

/** The same objects for the same text, so that each is imported once. */
const parsedKeys = new WeakMap<Kept, readonly PublicKey[]>()

function parsed(known: Kept): readonly PublicKey[] {
  const before = parsedKeys.get(known)
  if (before) return before
  const { keys } = JSON.parse(known.text) as { keys: PublicKey[] }
  if (!Array.isArray(keys)) throw new Error('no keys')
  parsedKeys.set(known, keys)
  return keys
}

/**
 * A status list of the issuer's, kept as long as the list itself says and no longer than an hour.
 *
 * @throws {ProofInvalid} status-unavailable
 */
export async function fetchStatusList(
  issuer: string,
  { uri, fetcher, now }: { uri: string; fetcher: Fetch; now: number },
): Promise<string> {
  // Only ever from the issuer itself: a proof cannot send its verifier anywhere else.
  if (!uri.startsWith(`${issuer}/`)) throw new ProofInvalid('status-unavailable')
  try {
    return (await fetched(uri, { fetcher, now, seconds: timeToLive })).text
  } catch {
    throw new ProofInvalid('status-unavailable')
  }
}

/** What the list says of itself; it is checked, signature and all, before it is believed. */
function timeToLive(token: string): number {
  try {
    const body = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const { ttl } = JSON.parse(atob(body)) as { ttl?: unknown }
    return typeof ttl === 'number' && ttl > 0 ? ttl : LIST_KEPT
  } catch {
    return 0
  }
}

/** Follows no redirect: neither to another city nor to a private address. */
async function fetchText(url: string, fetcher: Fetch): Promise<string> {
  const response = await fetcher(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
  if (!response.ok || response.body === null) throw new Error('no answer')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += value
    if (text.length > LARGEST_ANSWER) {
      await reader.cancel()
      throw new Error('too large')
    }
  }
}
