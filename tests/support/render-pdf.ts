import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'

/** Pictures of a document's pages as a browser's PDF viewer draws them. */
export async function renderPdf(browser: Browser, pdf: Uint8Array, scale = 2): Promise<Buffer[]> {
  const page = await browser.newPage()
  try {
    await page.route('https://viewer.example/**', (route) => {
      const { pathname } = new URL(route.request().url())
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html><body></body>' })
      const file = pathname === '/pdf.mjs' ? 'pdf.min.mjs' : 'pdf.worker.min.mjs'
      return route.fulfill({
        contentType: 'text/javascript',
        body: readFileSync(`node_modules/pdfjs-dist/build/${file}`, 'utf8'),
      })
    })
    await page.goto('https://viewer.example/')
    // As text: what the test runner compiles would not run in a page.
    const count = (await page.evaluate(`(async () => {
      const viewer = await import('https://viewer.example/pdf.mjs')
      viewer.GlobalWorkerOptions.workerSrc = 'https://viewer.example/worker.mjs'
      const data = Uint8Array.from(atob('${Buffer.from(pdf).toString('base64')}'), (letter) => letter.charCodeAt(0))
      const file = await viewer.getDocument({ data }).promise
      for (let at = 1; at <= file.numPages; at += 1) {
        const sheet = await file.getPage(at)
        const viewport = sheet.getViewport({ scale: ${scale} })
        const canvas = document.body.appendChild(document.createElement('canvas'))
        canvas.width = viewport.width
        canvas.height = viewport.height
        await sheet.render({ canvas, viewport }).promise
      }
      return file.numPages
    })()`)) as number
    const pictures: Buffer[] = []
    for (let at = 0; at < count; at += 1) pictures.push(await page.locator('canvas').nth(at).screenshot())
    return pictures
  } finally {
    await page.close()
  }
}
