import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_OFFICE } from '../../../src/cli/demo-town.ts'
import { LANGUAGES } from '../../../src/web/ui/language.ts'
import { openApp, type TestApp } from '../../support/app.ts'
import { register } from '../../support/people.ts'
import { signedIn } from '../../support/signed-in.ts'

let app: TestApp
beforeAll(async () => {
  app = await openApp()
})
afterAll(() => app?.close())

const visit = (path: string, cookie = '', init: RequestInit = {}) =>
  app.fetch(
    new Request(`https://vallmar.example${path}`, {
      ...init,
      redirect: 'manual',
      headers: { host: 'vallmar.example', 'accept-language': 'en', cookie, ...init.headers },
    }),
  )
const languageOf = async (response: Response) => /<html[^>]* lang="(\w+)"/.exec(await response.text())?.[1]

describe('the language that somebody chose', () => {
  it.each(Object.keys(LANGUAGES))(
    '%s, before signing in stays when they are in, and on public pages',
    async (language) => {
      const entrance = await visit(`/me/in?lang=${language}`)
      const kept = entrance.headers.get('set-cookie') ?? ''
      expect(kept).toBe(`language=${language}; Path=/; HttpOnly; SameSite=Lax`)
      const [cookie = ''] = kept.split(';')
      const { id } = await register(app)
      const own = await signedIn(app, { kind: 'resident', subject: id })
      const session = await own.cookie
      expect(await languageOf(await visit('/me', `${cookie}; ${session}`))).toBe(language)
      expect(await languageOf(await visit('/rights', cookie))).toBe(language)
      expect(await languageOf(await visit('/', cookie))).toBe(language)
    },
  )

  it('is what its address says first, and only ever one of ours', async () => {
    expect(await languageOf(await visit('/?lang=fr', 'language=ar'))).toBe('fr')
    expect(await languageOf(await visit('/', 'language=xx'))).toBe('en')
    expect((await visit('/?lang=xx')).headers.get('set-cookie')).toBeNull()
    expect((await visit('/')).headers.get('set-cookie')).toBeNull()
  })

  it('can be chosen on every page of the portal, and the page stays the same', async () => {
    const { id } = await register(app)
    const own = await signedIn(app, { kind: 'resident', subject: id })
    for (const path of ['/me', '/me/record', '/me/change', '/me/looked?kind=name', '/me/devices', '/me/proof']) {
      const page = await own.open(path)
      expect(page.status, path).toBe(200)
      const html = await page.text()
      const again = `${path}${path.includes('?') ? '&amp;' : '?'}lang=`
      for (const code of Object.keys(LANGUAGES)) expect(html, path).toContain(`href="${again}${code}"`)
    }
  })
})

describe('every page of the desk', () => {
  it('says as what one is signed in, where, and in which language', async () => {
    const desk = await signedIn(app, {
      ...{ kind: 'staff', subject: 'clerk-1', role: 'clerk', office: DEMO_OFFICE },
    })
    const html = await (await desk.open('/desk')).text()
    expect(html).toMatch(/Signed in: Counter staff · [^–]+ · English/)
  })
})
