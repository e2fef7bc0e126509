import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import { uuidv7 } from '../platform/clock.ts'
import { securityHeaders } from './headers.ts'

// What stands around the front door on Node: before it opens, while it closes, and for what is no request at all.

/** Headers of what never reaches the front door; the same as everywhere. */
const bareHeaders = () => ({ ...securityHeaders(uuidv7()), 'content-type': 'text/plain; charset=utf-8' })

/** Answers what never reaches the front door: before it stands, after it closed, or for nobody's address. */
export function bare(
  response: ServerResponse,
  {
    status,
    word,
    headers,
  }: {
    status: number
    word: 'starting' | 'stopping' | 'one Host, please' | 'nothing is expected here'
    headers: Record<string, string>
  },
): void {
  response.writeHead(status, { ...bareHeaders(), ...headers }).end(word)
}

/** What Node finds wrong before there is a request, by its own codes. */
const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers bytes that Node cannot read as HTTP, with headers like any other answer, and ends the line. */
export function answerUnreadable(http: Server): void {
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Where an answer has begun nothing may be put into it.
    const begun = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent ?? false
    if (!socket.writable || begun || error.code === 'ECONNRESET') return void socket.destroy()
    const headers = Object.entries({ ...bareHeaders(), connection: 'close', 'content-length': '0' })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.end(`HTTP/1.1 ${UNREADABLE[error.code ?? ''] ?? '400 Bad Request'}\r\n${lines}\r\n`)
  })
  http.on('checkExpectation', (_, response) =>
    bare(response, { status: 417, word: 'nothing is expected here', headers: { connection: 'close' } }),
  )
}

/** What is no request at all, such as one to a host that no address can have. */
export const notARequest = () => new Response('not a request', { status: 400, headers: bareHeaders() })

/**
 * Milliseconds in which a connection that is kept is told, with its next answer, that it ends; without a question, after which
 * those that are left end; and after which all do.
 */
const STOPPING = { told: 1_500, quiet: 250, all: 20_000 } as const

/**
 * Takes nobody in any more. Connections that are kept end with their next answer, which says so; those that ask nothing are
 * ended once no question has come for a moment, and whatever is left after 20 s.
 */
export async function closeServer(http: Server): Promise<void> {
  if (!http.listening) return
  let ending: ReturnType<typeof setInterval> | undefined
  let asked = false
  http.on('request', () => {
    asked = true
  })
  const told = setTimeout(() => {
    // Right after what has arrived was read: a process that is behind takes no connection for idle on which a question waits.
    ending = setInterval(() => {
      setImmediate(() => {
        if (!asked) http.closeIdleConnections()
        asked = false
      })
    }, STOPPING.quiet)
  }, STOPPING.told)
  const impatience = setTimeout(() => http.closeAllConnections(), STOPPING.all)
  // Not its own: that one ends connections on which a question may be on its way.
  await new Promise<void>((resolve) => void NetServer.prototype.close.call(http, () => resolve()))
  clearTimeout(told)
  clearTimeout(impatience)
  clearInterval(ending)
}
