// The same corpus as a browser or a Worker would run it: without Node's own crypto.
Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'a browser' }, configurable: true })
await import('./verify.test.ts')
await import('./fetching.test.ts')

export {}
