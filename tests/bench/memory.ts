import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { townsperson } from './people.ts'
import { type Stage, serveOn } from './stage.ts'

export interface MemoryFigures {
  /** Resident set, MiB. */
  atRest: number
  afterHalf: number
  afterAll: number
  requests: number
  perSecond: number
}

const residentOf = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** A mixture as a busy day has it: mostly reading public material and checking proofs, some records, some registrations. */
export async function measureMemory(stage: Stage, requests: number): Promise<MemoryFigures> {
  const service = await serveOn(await stage.database('memory'))
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const { hostname, port } = new URL(service.address)
    const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const sent = request(
          {
            agent,
            hostname,
            port,
            method,
            path,
            headers: {
              ...headers,
              ...(text === undefined
                ? {}
                : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            },
          },
          (response) => {
            let answer = ''
            response.setEncoding('utf8').on('data', (chunk) => {
              answer += chunk
            })
            response.once('end', () => resolve({ status: response.statusCode ?? 0, text: answer }))
          },
        )
        sent.once('error', reject)
        sent.end(text)
      })
    const clerk = { authorization: `Bearer ${service.token}`, 'padron-purpose': 'counter-service' }
    const { id } = JSON.parse(
      (await ask('POST', '/v1/neighbours', townsperson(1), { ...clerk, 'idempotency-key': 'memory-first' })).text,
    )
    const { token } = JSON.parse(
      (
        await ask(
          'POST',
          `/v1/neighbours/${id}/proofs`,
          { profile: 'library' },
          { ...clerk, 'idempotency-key': 'memory-proof' },
        )
      ).text,
    )
    const atRest = residentOf(service.pid)
    let next = 0
    let afterHalf = 0
    const one = (i: number) => {
      if (i % 100 < 92) return ask('GET', '/v1/municipality')
      if (i % 100 < 95) return ask('POST', '/v1/verifications', { token })
      if (i % 100 < 99) return ask('GET', `/v1/neighbours/${id}`, undefined, clerk)
      return ask('POST', '/v1/neighbours', townsperson(i + 10), { ...clerk, 'idempotency-key': `memory-${i}` })
    }
    const start = performance.now()
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (next < requests) {
          const i = next
          next += 1
          if (i === Math.floor(requests / 2)) afterHalf = residentOf(service.pid)
          const { status } = await one(i)
          if (status >= 400) throw new Error(`request ${i} was answered ${status}`)
        }
      }),
    )
    const perSecond = requests / ((performance.now() - start) / 1000)
    agent.destroy()
    return { atRest, afterHalf, afterAll: residentOf(service.pid), requests, perSecond }
  } finally {
    await service.stop()
  }
}
