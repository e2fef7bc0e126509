import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { oneAtATime } from './one-at-a-time.ts'

/** A real Chromium from npm, which brings the libraries it needs. */
export async function openBrowser(): Promise<Browser> {
  // Unpacked where this checkout's owner may run it: the system's temporary folder may hold another user's.
  const folder = resolve('node_modules/.cache/chromium')
  mkdirSync(folder, { recursive: true })
  const temporary = process.env.TMPDIR
  process.env.TMPDIR = folder
  // Read when the package is imported: it unpacks its own system libraries then.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs24.x'
  const [{ default: chromium }, { chromium: driver }] = await Promise.all([
    import('@sparticuz/chromium'),
    import('playwright-core'),
  ])
  // Files of two workers must not unpack the same program at once: it cannot be run while it is written.
  const executablePath = await oneAtATime(resolve(folder, 'unpacking.lock'), () => chromium.executablePath())
  if (temporary === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = temporary
  // The package's own font list names a folder of the system's, where nothing was unpacked.
  const fonts = resolve(folder, 'fonts.conf')
  writeFileSync(
    fonts,
    `<fontconfig><dir>${folder}/fonts/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`,
  )
  return driver.launch({
    env: { ...process.env, FONTCONFIG_FILE: fonts },
    executablePath,
    // None of the package's own switches: they turn off parts of the browser's security.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ],
    headless: true,
  })
}

/** Waits until a page's service worker has kept what it keeps and answers in its place. */
export async function keptForOffline(page: Page): Promise<void> {
  await page.evaluate(
    `navigator.serviceWorker.ready.then(({ active }) =>
      active.state === 'activated' || new Promise((done) => active.addEventListener('statechange', done)))`,
  )
}
