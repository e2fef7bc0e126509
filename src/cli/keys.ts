import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { furnish } from '../app.tsx'
import { type Config, ConfigInvalid } from '../config.ts'
import { KEY_FILE_FRESH, readKeyFile, writeKeyFile } from '../firewall/key-file.ts'
import { type KeyMaterial, withNewKey } from '../firewall/key-provider.ts'
import { loadPolicies } from '../firewall/policies.ts'
import { announceRegistryKey, dataKeysToRewrap, retireRegistryKey, rewrapDataKeys } from '../firewall/rotation.ts'
import { systemClock } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import { listMunicipalities } from '../registry/municipality.ts'
import type { Progress } from './output.ts'
import { configuredKeys, withOwner } from './stores.ts'

/** Writes down, in every town's ledger, that keys were made, moved, withdrawn or destroyed. */
export async function recordKeyOperation(
  config: Config,
  owner: Database,
  action: string,
  occasion: Record<string, string> = {},
): Promise<void> {
  const { gate } = furnish({
    database: owner,
    clock: systemClock,
    keys: configuredKeys(config),
    policies: loadPolicies(cedar),
  })
  const by = { kind: 'job', id: 'padron keys' } as const
  for (const town of await listMunicipalities(owner)) await gate.record(town.id, { by, action, occasion })
}

export function keyFileOf(config: Config): string {
  if (config.registryKeys !== undefined) {
    throw new ConfigInvalid(
      'REGISTRY_KEYS: keys in the environment are changed where they are kept; this command changes a key file.',
    )
  }
  return config.registryKeyFile
}

/** Makes the first key file. @throws when there is one already: nothing is ever overwritten */
export function createKeyFile(config: Config): { file: string; current: string } {
  const file = keyFileOf(config)
  if (existsSync(file))
    throw new ConfigInvalid(`REGISTRY_KEY_FILE: there are keys at ${file} already. Add one with: padron keys rotate`)
  const material = withNewKey()
  writeKeyFile(file, material)
  return { file, current: material.current }
}

/**
 * Adds a registry key, or takes up a rotation that was interrupted, and wraps every data key by the current one.
 * The service goes on meanwhile: it has both keys.
 */
export async function rotateRegistryKey(
  config: Config,
  progress: Progress,
): Promise<{ current: string; rewrapped: number }> {
  const file = keyFileOf(config)
  return withOwner(config, async (owner) => {
    const towns = await listMunicipalities(owner)
    let material = readKeyFile(file)
    const unfinished = await toRewrap(config, owner, towns)
    if (unfinished === 0) {
      material = withNewKey(material)
      for (const town of towns) await announceRegistryKey(owner, town.id, material.current)
      writeKeyFile(file, material)
    }
    // Every process on this key file wraps with the new key from here on.
    await pause(2 * KEY_FILE_FRESH)
    const keys = configuredKeys(config)
    const total = await toRewrap(config, owner, towns)
    progress.begin('data keys', total)
    let done = 0
    for (const town of towns) {
      const before = done
      done += await rewrapDataKeys(owner, keys, town.id, { progress: (count) => progress.at(before + count) })
    }
    progress.end()
    await recordKeyOperation(config, owner, 'registry-keys-rotated', { current: material.current })
    return { current: material.current, rewrapped: done }
  })
}

async function toRewrap(
  config: Config,
  owner: Parameters<Parameters<typeof withOwner>[1]>[0],
  towns: { id: string }[],
): Promise<number> {
  const keys = configuredKeys(config)
  let total = 0
  for (const town of towns) total += await dataKeysToRewrap(owner, keys, town.id)
  return total
}

/**
 * Takes a key that wraps nothing any more out of the key file.
 *
 * @throws {KeyInUse}
 */
export async function retireKey(config: Config, keyId: string): Promise<KeyMaterial> {
  const file = keyFileOf(config)
  const material = readKeyFile(file)
  if (material.current === keyId) throw new ConfigInvalid(`${keyId} is the current key. Run padron keys rotate first.`)
  if (material.keys[keyId] === undefined) throw new ConfigInvalid(`There is no key ${keyId} in ${file}.`)
  await withOwner(config, async (owner) => {
    for (const town of await listMunicipalities(owner)) await retireRegistryKey(owner, town.id, keyId)
  })
  const { [keyId]: _, ...keys } = material.keys
  const left = { current: material.current, keys }
  writeKeyFile(file, left)
  return left
}
