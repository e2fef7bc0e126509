import type { Code } from './problem.ts'

declare const loggable: unique symbol
/** A text that may stand in the log: made here and by the front door alone, which a test of the tree checks. */
export type LogText = string & { readonly [loggable]: true }
export const logText = (text: string) => text as LogText

/**
 * One line of the log. Routes appear as patterns, never as URLs; errors as names and codes, never as messages. Whatever is not a
 * code of our own has to be a `LogText`.
 */
export interface LogLine {
  level: 'info' | 'error'
  event: Code
  /** Of a request: `api`, `page`, `public` or `asset`. */
  kind?: Code
  requestId?: LogText
  method?: Code
  route?: LogText
  status?: number
  milliseconds?: number
  /** Who asked: a kind, and a mark of one day. */
  who?: LogText
  error?: LogText
  code?: Code | LogText
  at?: LogText
}

export type Log = (line: LogLine) => void

/** JSON lines on standard output. */
export const standardLog: Log = (line) => {
  // biome-ignore lint/suspicious/noConsole: where there is no process with a standard output, as on Workers
  console.log(stamped(line))
}

/**
 * The same for a busy process: lines of one turn of the event loop go out in one write. Errors go at once,
 * after what waits, and nothing waits past the end of the process.
 */
export function gatheringLog(out: { write(text: string): unknown }): { log: Log; flush(): void } {
  let waiting = ''
  const flush = () => {
    if (waiting === '') return
    const text = waiting
    waiting = ''
    out.write(text)
  }
  return {
    log(line) {
      if (waiting === '' && line.level === 'info') setImmediate(flush)
      waiting += `${stamped(line)}\n`
      if (line.level === 'error') flush()
    },
    flush,
  }
}

const stamped = (line: LogLine) => JSON.stringify({ time: Temporal.Now.instant().toString(), ...line })

/** Does the work while the warnings of a library are not written. */
export async function withoutWarningsOf<T>(library: string, work: () => Promise<T>): Promise<T> {
  const { warn } = console
  console.warn = (...said: unknown[]) => {
    if (!String(said[0]).includes(`${library} WARNING`)) warn(...said)
  }
  try {
    return await work()
  } finally {
    console.warn = warn
  }
}

/** What may be said of an unexpected error: its kind and where, since messages and details may quote data. */
export function outlineOf(error: unknown): Pick<LogLine, 'error' | 'code' | 'at'> {
  if (!(error instanceof Error)) return { error: logText(typeof error) }
  const code =
    'code' in error && typeof error.code === 'string' && /^[\w-]{1,40}$/.test(error.code) ? error.code : undefined
  const at = error.stack
    ?.split('\n')
    .find((line) => /^\s+at /.test(line))
    ?.trim()
    .replace(/\(?(?:file:\/\/)?\/.*\//, '(')
  return {
    error: logText(error.constructor.name),
    ...(code ? { code: logText(code) } : {}),
    ...(at ? { at: logText(at) } : {}),
  }
}
