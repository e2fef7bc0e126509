// Keeps the checking page and what it is made of, so that it opens without a connection. It asks for addresses that
// never vary: nothing of what is checked passes through here.
/** The addresses of what pages are made of, as the service wrote them before this script. */
declare const PADRON_FILES: readonly string[]
const CACHE = `padron-check ${PADRON_FILES.join(' ')}`
const worker = self as unknown as ServiceWorkerGlobalScope

const page = (url: URL) => `/v${/^\?lang=[a-z]{2}$/.test(url.search) ? url.search : ''}`

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(['/v', ...PADRON_FILES]))
      .then(() => worker.skipWaiting()),
  )
})
worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      // Those of an earlier release; the desk has some of its own.
      .then((names) => names.filter((name) => name.startsWith('padron-check') && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  )
})
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (url.origin !== worker.location.origin) return
  const file = url.pathname + url.search
  if (/^\/v$/i.test(url.pathname) && event.request.mode === 'navigate') event.respondWith(freshPage(page(url)))
  else if (PADRON_FILES.includes(file)) event.respondWith(kept(file).then((found) => found ?? fetch(file)))
})

const kept = async (path: string) => (await caches.open(CACHE)).match(path)

/** The page of now, kept for later; the kept one where there is no line. */
async function freshPage(path: string): Promise<Response> {
  try {
    const response = await fetch(path)
    if (response.ok) await (await caches.open(CACHE)).put(path, response.clone())
    return response
  } catch {
    return (await kept(path)) ?? (await kept('/v')) ?? Response.error()
  }
}

export {}
