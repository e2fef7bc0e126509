import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { isThisMachine } from '../platform/network.ts'
import { type MessageWords, NotSent, type Post } from './notify.ts'

/**
 * Mail by the city's own server, over TLS: a server that does not offer it gets nothing. It says that there is a message and names no service, no place, no status and nobody:
 * whoever reads it over a shoulder, or on a server in between, learns nothing.
 */
export function smtpPost(options: { url: string; from: string }, words: MessageWords): Post {
  const transport = createTransport({ url: options.url, requireTLS: !isThisMachine(options.url), ...PATIENCE })
  const domain = options.from.slice(options.from.lastIndexOf('@') + 1)
  return async (to, language, idempotencyKey) => {
    const text = words(language)
    try {
      await transport.sendMail({
        from: options.from,
        to,
        subject: text,
        text,
        // A server that gets it twice can tell; from what the message is about nothing can be told.
        messageId: `<${createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32)}@${domain}>`,
        disableUrlAccess: true,
        disableFileAccess: true,
      })
    } catch (error) {
      if (didNotLeave(error)) throw new NotSent('mail-not-taken')
      throw error
    }
  }
}

/** Milliseconds: until there is a line, until the server greets, and in which it says nothing. */
const PATIENCE = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/** What nodemailer says where there was no line, or where it was refused before anything was handed over. */
const BEFORE = ['EDNS', 'EAUTH', 'EENVELOPE']

/**
 * The server said no, or there never was a line to it. Whatever else went wrong, a line that ended or was silent after all was
 * handed over among it, leaves open whether it left.
 */
function didNotLeave(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { responseCode, syscall, code } = error as { responseCode?: number; syscall?: string; code?: string }
  return responseCode !== undefined || syscall === 'connect' || (code !== undefined && BEFORE.includes(code))
}
