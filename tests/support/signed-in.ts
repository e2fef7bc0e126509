import { randomUUID } from 'node:crypto'
import { beginSession, type NewSession } from '../../src/identity/begin-session.ts'
import type { TestApp } from './app.ts'

/** A neighbour who came in by whichever card. */
type ByCard = { kind: 'resident'; subject: string; way?: undefined }
/** From wherever: what is compared with it has tests of its own. */
type FromAnywhere = Omit<Extract<NewSession, { kind: 'resident' }>, 'source'> & { source?: string }
type AsStaff = Extract<NewSession, { kind: 'staff' }>

/** A browser in which somebody is signed in, without the browser. */
export async function signedIn(app: TestApp, who: AsStaff | FromAnywhere | ByCard) {
  const by = 'way' in who || who.kind === 'staff' ? who : { ...who, way: { kind: 'card', id: randomUUID() } as const }
  const token = await beginSession(
    app.rooms,
    app.town,
    (by.kind === 'staff' ? by : { source: 'anywhere', ...by }) as NewSession,
  )
  const cookie = `__Host-padron=${token}`
  const open = (path: string, init: RequestInit = {}) =>
    app.fetch(
      new Request(`https://vallmar.example${path}`, {
        ...init,
        redirect: 'manual',
        headers: { host: 'vallmar.example', cookie, 'accept-language': 'en', ...init.headers },
      }),
    )
  return {
    cookie,
    open,
    /** @param file what was chosen as a file, and in which box */
    async send(path: string, fields: Record<string, string>, from = '/me', file?: { box: string; bytes: Uint8Array }) {
      const csrf = /name="csrf" value="([^"]+)"/.exec(await (await open(from)).text())?.[1] ?? ''
      if (file === undefined) return open(path, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) })
      const form = new FormData()
      for (const [name, value] of Object.entries({ csrf, ...fields })) form.append(name, value)
      form.append(file.box, new Blob([Uint8Array.from(file.bytes)]), 'file')
      const encoded = new Response(form)
      const body = await encoded.arrayBuffer()
      const type = encoded.headers.get('content-type') ?? ''
      const headers = { 'content-type': type, 'content-length': String(body.byteLength) }
      return open(path, { method: 'POST', body, headers })
    },
  }
}
