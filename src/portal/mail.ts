import { createTransport } from 'nodemailer'
import type { Post } from '../registry/notify.ts'
import { isLanguage, LOCALES } from '../ui/language.ts'

/**
 * Mail by the city's own server. It says that there is a message and names no service, no place, no status and nobody:
 * whoever reads it over a shoulder, or on a server in between, learns nothing.
 */
export function smtpPost(options: { url: string; from: string }): Post {
  const transport = createTransport(options.url)
  return async (to, language) => {
    const text = LOCALES[language !== undefined && isLanguage(language) ? language : 'en'].mText
    await transport.sendMail({
      from: options.from,
      to,
      subject: text,
      text,
      disableUrlAccess: true,
      disableFileAccess: true,
    })
  }
}
