// Without a line, a page of the desk is one that says so. It is about nobody; no other page is kept.
const CACHE = 'padron-desk-1'
const OFFLINE = '/desk/offline'
const FILES = [OFFLINE, '/assets/styles.css', '/assets/desk.js']
const worker = self as unknown as ServiceWorkerGlobalScope

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => worker.skipWaiting()),
  )
})
worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim())
})
worker.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url)
  if (origin !== worker.location.origin) return
  if (event.request.mode === 'navigate') event.respondWith(fetch(event.request).catch(() => kept(OFFLINE)))
  else if (FILES.includes(pathname)) event.respondWith(fetch(event.request).catch(() => kept(pathname)))
})

const kept = async (path: string) => (await caches.match(path, { cacheName: CACHE })) ?? Response.error()

export {}
