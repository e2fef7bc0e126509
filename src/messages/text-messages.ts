import { createHash } from 'node:crypto'
import { type MessageWords, NotSent, type Post } from './notify.ts'

const PATIENCE = 10_000
/** Answers of somebody in between, who does not know what became of it. */
const UNKNOWN = [408, 502, 504]

/** @throws where nobody knows whether a text left. */
class TextUnknown extends Error {
  readonly code: string

  constructor(status: number) {
    super('nobody knows whether a text left')
    this.code = `sms-${status}`
  }
}

/** There was no line on which anything could have left. */
const NO_LINE = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/**
 * Text messages by a provider that takes JSON over HTTPS: `{ "from", "to", "text" }` with a bearer token, and an
 * `Idempotency-Key` by which it can tell that one comes twice. Another provider is another function of the same type. The
 * text says that there is a message, and nothing else.
 *
 * @throws {NotSent} when the provider answers with anything but success, or cannot be reached
 */
export function httpTexts(options: { url: string; token: string; from: string }, words: MessageWords): Post {
  return async (to, language, idempotencyKey) => {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${options.token}`,
        'content-type': 'application/json',
        'idempotency-key': createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32),
      },
      body: JSON.stringify({ from: options.from, to, text: words(language) }),
      // Following it would carry the number to somebody nobody has chosen.
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    }).catch((error: Error & { cause?: { code?: string } }) => {
      if (NO_LINE.includes(error.cause?.code ?? '')) throw new NotSent('sms-no-line')
      throw error
    })
    await response.body?.cancel()
    // Their words may repeat the number: only the status is ours to say.
    if (UNKNOWN.includes(response.status)) throw new TextUnknown(response.status)
    if (!response.ok) throw new NotSent(`sms-${response.status}`)
  }
}
