import type { Code } from '../platform/problem.ts'
import type { FromCaller } from './from-caller.ts'
import type { ReplyHeaders } from './headers.ts'
import { type BackWords, escaped, type FormFaults, type FormTyped, faultForm, fillForm } from './html-forms.ts'
import type { Path } from './path.ts'
import type { PublicData } from './public-data.ts'
import { reveal, type Sendable } from './sendable.ts'

/** Placeholder for the name on a page about a person; attribute that marks it as filled in. */
export const WHOM = '<!--whom-->'
export const NAMED = 'data-whom="yes"'

/** Headers; of those that may stand there more than once a list. */
type Said = Readonly<Record<string, string | readonly string[]>>

/**
 * An answer that may leave. Each way to make one takes a box, or words of the source; `returned` alone takes a string, which a
 * test of the tree keeps opened values out of (docs/walls.md).
 */
export class Reply {
  readonly #body: string | Uint8Array<ArrayBuffer> | null
  readonly #status: number
  readonly #headers: Said
  /** Error code, for the log alone: never words. */
  readonly code: Code | undefined

  // biome-ignore lint/complexity/useMaxParams: private, and called here alone
  private constructor(body: string | Uint8Array<ArrayBuffer> | null, status: number, headers: Said, code?: Code) {
    this.#body = body
    this.#status = status
    this.#headers = headers
    this.code = code
  }

  /** The same answer with some of it changed. */
  #but(changed: { body?: string; status?: number; headers?: Said; code?: Code }): Reply {
    const { body = this.#body, status = this.#status, headers = this.#headers, code = this.code } = changed
    return new Reply(body, status, headers, code)
  }

  get status(): number {
    return this.#status
  }

  /** Sends what the gate let through. Never stored by anyone on the way. */
  static disclose<T>(
    disclosed: Sendable<T>,
    status = 200,
    headers: ReplyHeaders | ((value: T) => ReplyHeaders) = {},
  ): Reply {
    const value = reveal(disclosed)
    return new Reply(JSON.stringify(value), status, {
      'content-type': JSON_TYPE,
      'cache-control': 'no-store',
      ...(typeof headers === 'function' ? headers(value) : headers),
    })
  }

  /** A problem document with what the gate let through beside it. */
  static problem(body: object, more: Sendable<unknown>, as: { status: number; headers: ReplyHeaders }): Reply {
    return new Reply(JSON.stringify({ ...body, ...(reveal(more) as object) }), as.status, { ...as.headers })
  }

  /** Shows what the gate let through as a page. */
  static page<T>(disclosed: Sendable<T>, draw: (value: T) => unknown, status = 200): Reply {
    return new Reply(`<!doctype html>${draw(reveal(disclosed))}`, status, {
      'content-type': HTML,
      'cache-control': 'no-store',
    })
  }

  /** Whether it is a page about a person on which the placeholder for the name is still empty. */
  get nameless(): boolean {
    return typeof this.#body === 'string' && this.#body.includes(WHOM) && !this.#body.includes(NAMED)
  }

  /** The same page with the person's name filled in, which was opened for it. */
  about(disclosed: Sendable<string>): Reply {
    if (typeof this.#body !== 'string') return this
    const said = `<p class="about"><bdi ${NAMED}>${escaped(reveal(disclosed))}</bdi></p>`
    return this.#but({ body: this.#body.replace(WHOM, () => said) })
  }

  /** The same answer, with another status. */
  as(status: number): Reply {
    return this.#but({ status })
  }

  /** The same answer, with more headers. */
  with(headers: ReplyHeaders): Reply {
    return this.#but({ headers: { ...this.#headers, ...headers } })
  }

  /** The same answer, with the code of what went wrong for the log: of a form that comes back with what is wrong on it. */
  because({ code }: { code: Code }): Reply {
    return this.#but({ code })
  }

  /** The same page with what somebody had typed put back into its form. */
  filled(typed: FormTyped, words: BackWords & { note: string }): Reply {
    if (typeof this.#body !== 'string') return this
    return this.#but({ body: fillForm(this.#body, typed, words) })
  }

  /** The same page with what somebody had typed put back, and why it was not taken. */
  faulted(typed: FormTyped, faults: FormFaults, status: number): Reply | undefined {
    if (typeof this.#body !== 'string') return undefined
    return this.#but({ body: faultForm(this.#body, typed, faults), status })
  }

  /** Shows a page with no opened data in it. */
  static returned(html: string, status = 200): Reply {
    return new Reply(html, status, { 'content-type': HTML, 'cache-control': 'no-store' })
  }

  /** Sends a file the gate let through. */
  static document(disclosed: Sendable<Uint8Array>, type: Code, headers: ReplyHeaders = {}): Reply {
    const bytes = Uint8Array.from(reveal(disclosed))
    return new Reply(bytes, 200, { 'content-type': type, 'cache-control': 'no-store', ...headers })
  }

  /** Sends a file the gate let through, to be saved and not shown: what somebody sent in is nobody's page. */
  static download(disclosed: Sendable<{ bytes: Uint8Array; mediaType: string }>, name: Code): Reply {
    const { bytes, mediaType } = reveal(disclosed)
    return new Reply(Uint8Array.from(bytes), 200, {
      'content-type': mediaType,
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${name}"`,
      'content-security-policy': "default-src 'none'; sandbox",
    })
  }

  /** Gives back to the caller what was made of what the caller sent, such as a proof they hold. */
  static giveBack(value: FromCaller<unknown>): Reply {
    return new Reply(JSON.stringify(reveal(value)), 200, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
  }

  /** Sends a browser on, after a form. The address names nobody. @see RFC 9110 section 15.4.4 */
  static redirect(path: Path | URL, headers: ReplyHeaders = {}): Reply {
    return new Reply(null, 303, { location: String(path), 'cache-control': 'no-store', ...headers })
  }

  /** Sends a browser on to the page of what was just written. */
  static onward<T>(disclosed: Sendable<T>, path: (value: T) => Path): Reply {
    return Reply.redirect(path(reveal(disclosed)))
  }

  /** 200 with `{}`, for scripts. */
  static done(): Reply {
    return new Reply('{}', 200, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
  }

  /** Says yes or no to a program. */
  static flag(name: Code, is: boolean): Reply {
    return new Reply(JSON.stringify({ [name]: is }), 200, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
  }

  /** 204. */
  static empty(): Reply {
    return new Reply(null, 204, {})
  }

  /** Sends something about nobody. */
  static open(data: PublicData<unknown>, status = 200, headers: ReplyHeaders = {}): Reply {
    return new Reply(JSON.stringify(reveal(data)), status, { 'content-type': JSON_TYPE, ...headers })
  }

  /** Sends signed public material or a page about nobody. */
  static material(text: PublicData<string>, type: Code, headers: ReplyHeaders = {}): Reply {
    return new Reply(reveal(text), 200, { 'content-type': type, ...headers })
  }

  /** Sends public material that is not text. */
  static bytes(bytes: PublicData<Uint8Array>, type: Code, headers: ReplyHeaders = {}): Reply {
    return new Reply(Uint8Array.from(reveal(bytes)), 200, { 'content-type': type, ...headers })
  }

  /** For the HTTP edge, which adds what every response carries. Headers are set once: that keeps the fast path. */
  toResponse(always: Readonly<Record<string, string>>): Response {
    const response = new Response(this.#body, { status: this.#status, headers: always })
    for (const [name, said] of Object.entries(this.#headers)) {
      response.headers.delete(name)
      for (const one of [said].flat()) response.headers.append(name, one)
    }
    return response
  }
}

const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'
