import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { somebody } from './people.ts'

export interface Answered {
  status: number
  retryAfter: string | null
  text: string
}

/** Asks running services, one after the other, as somebody who holds a token. */
export type Asks = (method: string, path: string, body?: object, key?: string) => Promise<Answered>

export function asks(address: () => string, token: string): Asks {
  return async (method, path, body, key = randomUUID()) => {
    const response = await fetch(`${address()}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'padron-purpose': 'counter-service',
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': key } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(60_000),
    })
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
  }
}

/** Clerks at work, each in a lane. */
export interface Counter {
  statuses: Map<number, number>
  /** Whoever was acknowledged. */
  registered: string[]
  /** Waits until so many more are registered. */
  more(by: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Registers people in a few lanes until it is told to stop, each again with the same key until they are registered.
 *
 * @param rest milliseconds after each, in which others have the machine
 */
export function clerksAtWork(ask: Asks, lanes: number, rest = 0): Counter {
  const statuses = new Map<number, number>()
  const registered: string[] = []
  let stopped = false
  const work = Promise.all(
    Array.from({ length: lanes }, async () => {
      while (!stopped) {
        const [body, key] = [somebody(), randomUUID()]
        for (;;) {
          const answer = await ask('POST', '/v1/neighbours', body, key)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          if (answer.status === 201) {
            registered.push(JSON.parse(answer.text).id)
            if (rest > 0) await pause(rest)
            break
          }
          if (answer.status !== 503) throw new Error(`${answer.status} ${answer.text}`)
          expect(answer.retryAfter).not.toBeNull()
          await pause(50)
        }
      }
    }),
  )
  // Whoever waits for more is told when a lane ended.
  let failed: unknown
  work.catch((error: unknown) => {
    failed = error ?? new Error('a lane ended')
  })
  return {
    statuses,
    registered,
    more: async (by) => {
      const enough = registered.length + by
      while (registered.length < enough) {
        if (failed !== undefined) throw failed
        await pause(20)
      }
    },
    stop: async () => {
      stopped = true
      await work
    },
  }
}
