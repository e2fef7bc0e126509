// Keeps the checking page and what it is made of, so that it opens without a connection. It asks for addresses that
// never vary: nothing of what is checked passes through here.
const CACHE = 'padron-check-1'
const FILES = ['/assets/styles.css', '/assets/check.js']
const worker = self as unknown as ServiceWorkerGlobalScope

const page = (url: URL) => `/v${/^\?lang=[a-z]{2}$/.test(url.search) ? url.search : ''}`

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(['/v', ...FILES]))
      .then(() => worker.skipWaiting()),
  )
})
worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  )
})
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  const wanted = /^\/v$/i.test(url.pathname) && event.request.mode === 'navigate' ? page(url) : url.pathname
  if (url.origin !== worker.location.origin || (wanted === url.pathname && !FILES.includes(wanted) && wanted !== '/v'))
    return
  event.respondWith(freshOrKept(wanted))
})

/** What is kept, at once, while a newer one is fetched for the next time; the page itself is fetched first. */
async function freshOrKept(path: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  const fetched = fetch(path).then(async (response) => {
    if (response.ok) await cache.put(path, response.clone())
    return response
  })
  const kept = (await cache.match(path)) ?? (path.startsWith('/v') ? await cache.match('/v') : undefined)
  if (kept === undefined) return fetched
  if (path.startsWith('/v')) return fetched.catch(() => kept)
  fetched.catch(() => undefined)
  return kept
}
