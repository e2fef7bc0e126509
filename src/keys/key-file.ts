import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EpochKeys } from './epochs.ts'
import { KeyMaterialInvalid } from './key-faults.ts'
import { type KeyMaterial, type KeyProvider, localKeyProvider, parseKeyMaterial } from './key-provider.ts'

/** Registry keys made for a demonstration begin with this; production refuses them. */
export const DEMO_KEY_PREFIX = 'demo-'

/** How long a process may go on with keys it read before, milliseconds: after that a changed file is seen. */
export const KEY_FILE_FRESH = 1_000

/**
 * Reads a key file that only its owner may read.
 *
 * @throws {KeyMaterialInvalid} when it is absent, cannot be read, can be read by others, or is not key material
 */
export function readKeyFile(path: string): KeyMaterial {
  if (!existsSync(path)) throw new KeyMaterialInvalid(`There is no registry key file at ${path}.`)
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new KeyMaterialInvalid(`The registry key file at ${path} can be read by others. Run: chmod 600 ${path}`)
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new KeyMaterialInvalid(
      `The registry key file at ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    )
  }
  return parseKeyMaterial(text)
}

/** Replaces a key file in one step, so that no reader sees half of it. */
export function writeKeyFile(path: string, material: KeyMaterial): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.new`
  writeFileSync(draft, `${JSON.stringify(material, null, 2)}\n`, { mode: 0o600, flush: true })
  chmodSync(draft, 0o600)
  renameSync(draft, path)
}

const NO_KEYS: KeyMaterial = { current: 'none', keys: {} }

/** Registry keys from a file, read again within a second of a change: a new key needs no restart. */
export function keyFileProvider(path: string, epochs: EpochKeys): KeyProvider {
  let material = readKeyFile(path)
  let seen = changeOf(path)
  let checked = performance.now()
  return localKeyProvider(() => {
    if (performance.now() - checked > KEY_FILE_FRESH) {
      checked = performance.now()
      const now = changeOf(path)
      // Without the file there are no keys: taking it away is a way to close the registry.
      if (now !== seen) material = now === undefined ? NO_KEYS : readKeyFile(path)
      seen = now
    }
    return material
  }, epochs)
}

function changeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.ino} ${stat.mtimeMs}`
}
