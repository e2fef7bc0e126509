import { createSecretKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openBytes, sealBytes } from '../../src/keys/cipher.ts'
import { KeyMaterialInvalid, KeyUnavailable } from '../../src/keys/key-faults.ts'
import { KEY_FILE_FRESH, keyFileProvider, readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts'
import {
  equalInConstantTime,
  localKeyProvider,
  parseKeyMaterial,
  withAnnouncedKey,
  withNewKey,
} from '../../src/keys/key-provider.ts'
import { freshEpochs } from '../support/epochs.ts'

const EPOCHS = freshEpochs()

const folder = mkdtempSync(join(tmpdir(), 'padron-key-material-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const KEY = Buffer.alloc(32, 7).toString('base64')
const refusal = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    return error instanceof KeyMaterialInvalid ? error.message : error
  }
  return undefined
}

describe('key material', () => {
  it('is a current key among others', () => {
    expect(parseKeyMaterial(JSON.stringify({ current: 'a', keys: { a: KEY, 'B_2-': KEY }, more: 1 }))).toEqual({
      current: 'a',
      keys: { a: KEY, 'B_2-': KEY },
    })
  })

  it.each<[string, RegExp]>([
    ['keys', /JSON/],
    ['', /JSON/],
    ['"keys"', /"current" and "keys"/],
    ['5', /"current" and "keys"/],
    ['null', /"current" and "keys"/],
    ['{}', /"current" and "keys"/],
    ['{"current":"a"}', /"current" and "keys"/],
    [`{"keys":{"a":"${KEY}"}}`, /"current" and "keys"/],
    [`{"current":5,"keys":{"5":"${KEY}"}}`, /./],
    ['{"current":"a","keys":"a"}', /./],
    ['{"current":"a","keys":null}', /./],
    [`{"current":"b","keys":{"a":"${KEY}"}}`, /names no key/],
    ['{"current":"a","keys":{}}', /names no key/],
    [`{"current":"a","keys":{"a":5}}`, /32 bytes/],
    ['{"current":"a","keys":{"a":"YWJj"}}', /32 bytes/],
    [`{"current":"a","keys":{"a":"${Buffer.alloc(33).toString('base64')}"}}`, /32 bytes/],
    [`{"current":"a","keys":{"a":"${KEY}","b c":"${KEY}"}}`, /letters, digits/],
    [`{"current":"a","keys":{"a":"${KEY}","":"${KEY}"}}`, /letters, digits/],
    [`{"current":"a","keys":{"a":"${KEY}","é":"${KEY}"}}`, /letters, digits/],
    [`{"current":"a","keys":{"a":"${KEY}","${'x'.repeat(65)}":"${KEY}"}}`, /letters, digits/],
  ])('is not %s', (text, words) => {
    expect(refusal(() => parseKeyMaterial(text))).toMatch(words)
  })

  it('grows by a key, which becomes the current one, or is only announced', () => {
    const first = withNewKey()
    expect(first.current).toMatch(/^k[0-9a-z]+$/)
    expect(withNewKey(undefined, 'demo-').current).toMatch(/^demo-[0-9a-z]+$/)
    vi.setSystemTime(Date.now() + 5)
    const { material, id } = withAnnouncedKey(first)
    vi.useRealTimers()
    expect(material.current).toBe(first.current)
    expect(Object.keys(material.keys).sort()).toEqual([first.current, id].sort())
    expect(Buffer.from(material.keys[id] ?? '', 'base64')).toHaveLength(32)
    expect(material.keys[id]).not.toBe(first.keys[first.current])
    expect(parseKeyMaterial(JSON.stringify(material))).toEqual(material)
  })

  it('wraps for one town, one key and one purpose, and alike in every process that has it', () => {
    const material = { current: 'a', keys: { a: KEY, b: Buffer.alloc(32, 9).toString('base64') } }
    const at = { municipalityId: 'town', keyId: 'a', context: 'for this' }
    const dataKey = Buffer.alloc(32, 1)
    const wrapped = localKeyProvider(material, EPOCHS).wrap(at, dataKey)
    const other = localKeyProvider(() => material, EPOCHS)
    expect([...other.unwrap(at, wrapped)]).toEqual([...dataKey])
    for (const elsewhere of [{ municipalityId: 'other' }, { keyId: 'b' }, { context: 'for that' }])
      expect(() => other.unwrap({ ...at, ...elsewhere }, wrapped)).toThrow()
    // Wrapped by an earlier build with this key: whoever changes how keys are derived locks every town out.
    const before =
      '1cd682df3ee66c4b95e5fd3844c925257d38b1efbb09387f674438dba18a8e755cd578f4ae054ec195912941b08603ee34fc6eb297689dfba9956fed'
    expect([...other.unwrap(at, Buffer.from(before, 'hex'))]).toEqual([...dataKey])
    expect(() => other.wrap({ ...at, keyId: 'c' }, dataKey)).toThrow(KeyUnavailable)
    try {
      other.unwrap({ ...at, keyId: 'c' }, wrapped)
    } catch (error) {
      expect(error).toMatchObject({ code: 'key-unavailable', status: 503 })
      expect((error as Error).message).toContain('c')
    }
    expect([other.currentKeyId(), other.keyIds()]).toEqual(['a', ['a', 'b']])
  })
})

describe('bytes that are sealed', () => {
  const key = createSecretKey(Buffer.alloc(32, 3))
  it('are given back whole, none of them too, and otherwise refused by a code', () => {
    for (const plain of [Buffer.alloc(0), Buffer.from('a')]) {
      const sealed = sealBytes(key, { plain, context: 'here' })
      expect(sealed).toHaveLength(28 + plain.length)
      expect([...openBytes(key, sealed, 'here')]).toEqual([...plain])
    }
    for (const bytes of [new Uint8Array(27), new Uint8Array(28), new Uint8Array(0)]) {
      const refused = expect(() => openBytes(key, bytes, 'here'))
      refused.toThrow(expect.objectContaining({ code: 'seal-broken', status: 500 }))
      refused.toThrow(/\w+ \w+ \w+/)
    }
  })
})

describe('two secrets', () => {
  it('are equal when every byte is', () => {
    const bytes = (...all: number[]) => Uint8Array.from(all)
    expect(equalInConstantTime(bytes(1, 2), bytes(1, 2))).toBe(true)
    expect(equalInConstantTime(bytes(1, 2), bytes(1, 3))).toBe(false)
    expect(equalInConstantTime(bytes(1, 2), bytes(1, 2, 3))).toBe(false)
    expect(equalInConstantTime(bytes(), bytes())).toBe(true)
  })
})

describe('a key file', () => {
  const path = (name: string) => join(folder, name)
  const material = { current: 'a', keys: { a: KEY } }

  it('is written for its owner alone, in a folder of its owner, and read back', () => {
    const file = join(folder, 'deep', 'er', 'keys.json')
    writeKeyFile(file, material)
    expect([statSync(file).mode & 0o777, statSync(join(folder, 'deep')).mode & 0o777]).toEqual([0o600, 0o700])
    expect(readKeyFile(file)).toEqual(material)
  })

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601])('is not read with the mode %o', (mode) => {
    const file = path(`mode ${mode}`)
    writeFileSync(file, JSON.stringify(material), { mode: 0o600 })
    expect(readKeyFile(file)).toEqual(material)
    rmSync(file)
    const mask = process.umask(0)
    writeFileSync(file, JSON.stringify(material), { mode })
    process.umask(mask)
    expect(refusal(() => readKeyFile(file))).toMatch(/can be read by others.*chmod 600/)
  })

  it('is named where it is not there, or is a folder', () => {
    expect(refusal(() => readKeyFile(path('nothing')))).toBe(`There is no registry key file at ${path('nothing')}.`)
    mkdirSync(path('a folder'), { mode: 0o700 })
    expect(refusal(() => readKeyFile(path('a folder')))).toBe(
      `The registry key file at ${path('a folder')} cannot be read (EISDIR).`,
    )
  })

  it('is looked at again after a second, and keys are gone with it', () => {
    const now = vi.spyOn(performance, 'now')
    try {
      now.mockReturnValue(10_000)
      const file = path('watched.json')
      writeKeyFile(file, material)
      const provider = keyFileProvider(file, EPOCHS)
      writeKeyFile(file, { current: 'b', keys: { a: KEY, b: KEY } })
      now.mockReturnValue(10_000 + KEY_FILE_FRESH)
      expect(provider.currentKeyId()).toBe('a')
      now.mockReturnValue(10_001 + KEY_FILE_FRESH)
      expect(provider.currentKeyId()).toBe('b')
      rmSync(file)
      now.mockReturnValue(20_000)
      expect([provider.currentKeyId(), provider.keyIds()]).toEqual(['none', []])
      writeKeyFile(file, material)
      now.mockReturnValue(30_000)
      expect(provider.currentKeyId()).toBe('a')
    } finally {
      now.mockRestore()
    }
  })
})
