import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Config, ConfigInvalid } from '../config.ts'
import { makeEpochFile } from '../keys/epoch-file.ts'
import { newEpochs } from '../keys/epochs.ts'
import { readKeyFile, writeKeyFile } from '../keys/key-file.ts'
import { keyHolders, registryKeyStates } from '../keys/key-holding.ts'
import { type KeyMaterial, parseKeyMaterial, withAnnouncedKey, withNewKey } from '../keys/key-provider.ts'
import {
  announceRegistryKey,
  awaitedKeys,
  dataKeysToRewrap,
  retireRegistryKey,
  rewrapDataKeys,
  switchRegistryKey,
} from '../keys/rotation.ts'
import type { Holder } from '../keys/store.ts'
import type { Database } from '../platform/database.ts'
import { listMunicipalities } from '../town/store.ts'
import type { Progress } from './output.ts'
import { recordKeyOperation } from './record-keys.ts'
import { configuredKeys, withOwner } from './stores.ts'

export function keyFileOf(config: Config): string {
  if (config.registryKeys !== undefined) {
    throw new ConfigInvalid(
      'REGISTRY_KEYS: keys in the environment are changed where they are kept; this command changes a key file.',
    )
  }
  return config.registryKeyFile
}

/** Makes the first key file, and the file with the epoch keys. @throws when there is one already: nothing is ever overwritten */
export function createKeyFile(config: Config): { file: string; current: string; epochs: string } {
  const file = keyFileOf(config)
  if (existsSync(file))
    throw new ConfigInvalid(`REGISTRY_KEY_FILE: there are keys at ${file} already. Add one with: padron keys rotate`)
  const epochs = config.epochKeyFile
  if (existsSync(epochs)) throw new ConfigInvalid(`EPOCH_KEY_FILE: there are epoch keys at ${epochs} already.`)
  const material = withNewKey()
  makeEpochFile(epochs, newEpochs)
  writeKeyFile(file, material)
  return { file, current: material.current, epochs }
}

/** How long one command waits for processes to say that they hold a key, milliseconds: a file is seen within a second. */
const PATIENCE = 15_000

/**
 * Turns the registry key, in steps of which each may be the last: it is announced; every process says that it holds it;
 * it becomes the current one; every data key is wrapped by it. Run again, it goes on where it stopped. Nothing is wrapped by
 * a key that a process lacks, so that the service goes on meanwhile, on however many hosts.
 *
 * @throws {ConfigInvalid} where somebody has to do something first: it says what
 */
export async function rotateRegistryKey(
  config: Config,
  progress: Progress,
  patience = PATIENCE,
): Promise<{ current: string; rewrapped: number }> {
  return withOwner(config, async (owner) => {
    const towns = await listMunicipalities(owner)
    const [first] = towns
    const awaited = first ? await awaitedKeys(owner, first.id) : []
    const next = await nextKey(config, { owner, towns, awaited })
    if (next !== undefined) {
      const lacking = await holdersWithout(owner, ({ keys }) => keys.includes(next), patience)
      if (lacking > 0)
        throw new ConfigInvalid(
          `${next} is announced and nothing is wrapped by it yet: ${lacking} running processes do not hold it. Bring the keys to their hosts, and run this again.`,
        )
      for (const town of towns) await switchRegistryKey(owner, town.id, next)
      if (config.registryKeys === undefined) {
        const { keys } = readKeyFile(config.registryKeyFile)
        writeKeyFile(config.registryKeyFile, { current: next, keys })
      } else if (parseKeyMaterial(config.registryKeys).current !== next)
        throw new ConfigInvalid(
          `Every process holds ${next}. Make it "current" in REGISTRY_KEYS everywhere, start them anew, and run this again.`,
        )
    }
    const keys = configuredKeys(config)
    const current = keys.currentKeyId()
    // What still wraps with the old one goes on to, for a while: it is refused once that is retired.
    await holdersWithout(owner, (holder) => holder.current === current, patience)
    const total = await toRewrap(config, owner, towns)
    progress.begin('data keys', total)
    let done = 0
    for (const town of towns) {
      const before = done
      done += await rewrapDataKeys(owner, {
        keys,
        municipalityId: town.id,
        options: { progress: (count) => progress.at(before + count) },
      })
    }
    progress.end()
    await recordKeyOperation(config, { owner, action: 'registry-keys-rotated', occasion: { current } })
    return { current, rewrapped: done }
  })
}

/** The key to switch to: one that was announced, or a new one where nothing is under way. */
async function nextKey(
  config: Config,
  { owner, towns, awaited }: { owner: Database; towns: readonly { id: string }[]; awaited: readonly string[] },
): Promise<string | undefined> {
  const announce = async (id: string) => {
    for (const town of towns) await announceRegistryKey(owner, town.id, id)
    return id
  }
  if (config.registryKeys !== undefined) {
    const { keys, current } = parseKeyMaterial(config.registryKeys)
    const states = new Map((await registryKeyStates(owner)).map((state) => [state.id, state]))
    const unknown = Object.keys(keys).find((id) => !(states.get(id)?.needed || states.get(id)?.retired))
    if (unknown !== undefined) return announce(unknown)
    const other = Object.keys(keys).find((id) => id !== current)
    if (other === undefined)
      throw new ConfigInvalid('REGISTRY_KEYS: add a second key to it, leave "current" as it is, and run this again.')
    return undefined
  }
  const material = readKeyFile(config.registryKeyFile)
  const known = awaited.find((id) => material.keys[id] !== undefined)
  if (known !== undefined) return announce(known)
  if ((await toRewrap(config, owner, towns)) > 0) return undefined
  const { material: more, id } = withAnnouncedKey(material)
  await announce(id)
  writeKeyFile(config.registryKeyFile, more)
  return id
}

/** Waits until every process is as it should be. @returns how many are not */
async function holdersWithout(owner: Database, right: (holder: Holder) => boolean, patience: number): Promise<number> {
  const until = performance.now() + patience
  for (;;) {
    const wrong = (await keyHolders(owner)).filter((holder) => !right(holder)).length
    if (wrong === 0 || performance.now() > until) return wrong
    await pause(250)
  }
}

async function toRewrap(
  config: Config,
  owner: Parameters<Parameters<typeof withOwner>[1]>[0],
  towns: readonly { id: string }[],
): Promise<number> {
  const keys = configuredKeys(config)
  let total = 0
  for (const town of towns) total += await dataKeysToRewrap(owner, keys, town.id)
  return total
}

/**
 * Takes a key that wraps nothing any more out of the key file.
 *
 * @throws {KeyInUse} {ConfigInvalid}
 */
export async function retireKey(config: Config, keyId: string): Promise<Pick<KeyMaterial, 'current'>> {
  const material =
    config.registryKeys === undefined ? readKeyFile(config.registryKeyFile) : parseKeyMaterial(config.registryKeys)
  if (material.current === keyId) throw new ConfigInvalid(`${keyId} is the current key. Run padron keys rotate first.`)
  if (material.keys[keyId] === undefined) throw new ConfigInvalid(`There is no key ${keyId} among the keys given.`)
  await withOwner(config, async (owner) => {
    const users = (await keyHolders(owner)).filter(({ current }) => current === keyId).length
    if (users > 0)
      throw new ConfigInvalid(
        `${users} running processes still wrap with ${keyId}. Bring the new keys to their hosts first, and run padron keys rotate once more.`,
      )
    for (const town of await listMunicipalities(owner)) await retireRegistryKey(owner, town.id, keyId)
  })
  if (config.registryKeys === undefined) {
    const { [keyId]: _, ...keys } = material.keys
    writeKeyFile(config.registryKeyFile, { current: material.current, keys })
  }
  return { current: material.current }
}
