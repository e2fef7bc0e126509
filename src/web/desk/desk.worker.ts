// Without a line, a page of the desk is one that says so. It is about nobody; no other page is kept.
/** The addresses of what pages are made of, as the service wrote them before this script. */
declare const PADRON_FILES: readonly string[]
const CACHE = `padron-desk ${PADRON_FILES.join(' ')}`
const OFFLINE = '/desk/offline'
const worker = self as unknown as ServiceWorkerGlobalScope

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([OFFLINE, ...PADRON_FILES]))
      .then(() => worker.skipWaiting()),
  )
})
worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      // Those of an earlier release; the checking page has some of its own.
      .then((names) => names.filter((name) => name.startsWith('padron-desk') && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  )
})
worker.addEventListener('fetch', (event) => {
  const { pathname, search, origin } = new URL(event.request.url)
  if (origin !== worker.location.origin) return
  if (event.request.mode === 'navigate') event.respondWith(fetch(event.request).catch(() => kept(OFFLINE)))
  else if (PADRON_FILES.includes(pathname + search))
    event.respondWith(fetch(event.request).catch(() => kept(pathname + search)))
})

const kept = async (path: string) => (await caches.match(path, { cacheName: CACHE })) ?? Response.error()

export {}
