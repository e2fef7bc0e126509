import { beginSession, type NewSession } from '../../src/identity/sessions.ts'
import type { House } from './house.ts'

/** A browser in which somebody is signed in, without the browser. */
export async function signedIn(house: House, who: NewSession) {
  const token = await beginSession(house.rooms, house.town, who)
  const cookie = `__Host-padron=${token}`
  const open = (path: string, init: RequestInit = {}) =>
    house.fetch(
      new Request(`https://vallmar.example${path}`, {
        ...init,
        redirect: 'manual',
        headers: { host: 'vallmar.example', cookie, 'accept-language': 'en', ...init.headers },
      }),
    )
  return {
    open,
    async send(path: string, fields: Record<string, string>, from = '/me') {
      const csrf = /name="csrf" value="([^"]+)"/.exec(await (await open(from)).text())?.[1] ?? ''
      return open(path, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) })
    },
  }
}
