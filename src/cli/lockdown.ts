import { ConfigInvalid } from '../config.ts'
import type { Lockdown } from '../oversight/vote-lockdown.ts'

/** Asks the running service, as the officer whose token it is: a vote counts only where everyone can see it. @throws {ConfigInvalid} */
export async function askLockdown(address: string, token: string, what: string): Promise<Lockdown> {
  const vote = what !== 'status'
  const response = await fetch(`${address}/v1/lockdown${vote ? '/votes' : ''}`, {
    method: vote ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, ...(vote ? { 'content-type': 'application/json' } : {}) },
    ...(vote ? { body: JSON.stringify({ close: what === 'close' }) } : {}),
  })
  const answer = (await response.json()) as Lockdown & { title?: string }
  if (!response.ok) throw new ConfigInvalid(answer.title ?? `The service answered ${response.status}.`)
  return answer
}
