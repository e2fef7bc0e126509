// Forms that could not be sent, in the browser's own database. Each is sealed (AES-GCM) under a key that the desk gives to
// its clerk alone after signing in: nobody else at this machine reads them, signed in or not.

const LONGEST = 7 * 24 * 60 * 60 * 1000
const STORE = 'forms'

interface Row {
  /** The same on every sending, so that the registry takes it once. */
  idempotencyKey: string
  at: number
  iv: Uint8Array<ArrayBuffer>
  sealed: ArrayBuffer
}
export interface KeptForm {
  idempotencyKey: string
  fields: [string, string][]
}

const asked = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

async function forms(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open('padron-desk', 2)
  // What an earlier build kept under another key is of no service that holds data: it goes.
  opening.onupgradeneeded = () => {
    const database = opening.result
    if (database.objectStoreNames.contains(STORE)) database.deleteObjectStore(STORE)
    database.createObjectStore(STORE, { keyPath: 'idempotencyKey' })
  }
  return (await asked(opening)).transaction(STORE, mode).objectStore(STORE)
}

/** @param text base64url, 32 bytes */
export function keyFrom(text: string): Promise<CryptoKey> {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

const bound = (iv: Uint8Array<ArrayBuffer>, idempotencyKey: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(idempotencyKey),
})

export async function keepForm(key: CryptoKey, { idempotencyKey, fields }: KeptForm): Promise<void> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    bound(iv, idempotencyKey),
    key,
    new TextEncoder().encode(JSON.stringify(fields)),
  )
  await asked((await forms('readwrite')).put({ idempotencyKey, at: Date.now(), iv, sealed } satisfies Row))
}

export async function dropForm(idempotencyKey: string): Promise<void> {
  await asked((await forms('readwrite')).delete(idempotencyKey))
}

/** Those that this clerk's key opens. What is a week old goes. */
export async function keptForms(key: CryptoKey): Promise<KeptForm[]> {
  const rows = (await asked((await forms('readonly')).getAll())) as Row[]
  const opened: KeptForm[] = []
  for (const { idempotencyKey, at, iv, sealed } of rows) {
    if (at < Date.now() - LONGEST) {
      await dropForm(idempotencyKey)
      continue
    }
    try {
      const text = new TextDecoder().decode(await crypto.subtle.decrypt(bound(iv, idempotencyKey), key, sealed))
      opened.push({ idempotencyKey, fields: JSON.parse(text) })
    } catch {
      // Another clerk's.
    }
  }
  return opened
}
