import type { Post } from '../registry/notify.ts'
import { messageWords } from './words.ts'

const PATIENCE = 10_000

/**
 * Text messages by a provider that takes JSON over HTTPS: `{ "from", "to", "text" }` with a bearer token. Another
 * provider is another function of the same type. The text says that there is a message, and nothing else.
 *
 * @throws when the provider does not take it: it is tried again
 */
export function httpTexts(options: { url: string; token: string; from: string }): Post {
  return async (to, language) => {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ from: options.from, to, text: messageWords(language) }),
      // A redirect would carry the number to somebody nobody has chosen.
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE),
    })
    await response.body?.cancel()
    // Their words may repeat the number: only the status is ours to say.
    if (!response.ok) throw new TextNotTaken(response.status)
  }
}

/** @throws when a provider answers with anything but success. */
export class TextNotTaken extends Error {
  readonly code: string

  constructor(status: number) {
    super('the provider of text messages did not take a message')
    this.code = `sms-${status}`
  }
}
