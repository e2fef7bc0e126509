import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import { type DataKeyOwner, unwrapDataKey } from '../../src/keys/seal.ts'

/** Whose key is looked for: who looks knows that much. */
export interface Sought {
  id: string
  owner: DataKeyOwner
  municipalityId: string
}

export interface Carved {
  /** Places that might be a wrapped key. */
  tried: number
  /** Of these the ones that opened, by the file they were in. */
  opened: string[]
}

const WRAPPED = 72

/**
 * Looks through files byte by byte for whatever might be the wrapped key of somebody, as bytes or as text, and tries it with every
 * key there is. Knows nothing of how a server lays out its files: a row that was deleted, a page that is free and a line of a log
 * are all looked into.
 */
export function carve(
  folders: readonly string[],
  keys: readonly KeyProvider[],
  { id, owner, municipalityId }: Sought,
): Carved {
  const opened = new Set<string>()
  let tried = 0
  // Where a failure came from is worked out for each otherwise.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const attempt = (file: string, wrapped: Uint8Array) => {
    for (const provider of keys)
      for (const registryKeyId of provider.keyIds()) {
        tried += 1
        try {
          unwrapDataKey(provider, { id, owner, municipalityId, registryKeyId, wrapped })
          opened.add(file)
        } catch {
          // No key of theirs, or no key at all.
        }
      }
  }
  const numbers = [...new Set(keys.flatMap((provider) => provider.epochs().map(({ epoch }) => epoch)))]
  for (const file of folders.flatMap(filesIn)) {
    const bytes = readFileSync(file)
    for (const epoch of numbers) {
      const head = Buffer.of(0, 0, 0, epoch)
      for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1))
        if (looksSealed(bytes, at)) attempt(file, bytes.subarray(at, at + WRAPPED))
      const text = Buffer.from(head.toString('hex'))
      for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
        const hex = bytes.subarray(at, at + WRAPPED * 2).toString('latin1')
        if (/^[0-9a-f]{144}$/.test(hex)) attempt(file, Buffer.from(hex, 'hex'))
      }
    }
  }
  Error.stackTraceLimit = stackTraceLimit
  return { tried, opened: [...opened] }
}

/** Sealed bytes look like chance: of seventy, two dozen that are nought are none. */
function looksSealed(bytes: Uint8Array, at: number): boolean {
  if (at + WRAPPED > bytes.length) return false
  let noughts = 0
  for (let i = at + 4; i < at + WRAPPED; i += 1) if (bytes[i] === 0) noughts += 1
  return noughts < 24
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}
