import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { SealBroken } from '../../src/keys/cipher.ts'
import { KeyMaterialInvalid, KeyUnavailable } from '../../src/keys/key-faults.ts'
import { keyFileProvider, readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts'
import { localKeyProvider, parseKeyMaterial, withNewKey } from '../../src/keys/key-provider.ts'
import { DataKey, newDataKey, rewrap, sealedKeyId, unwrapDataKey } from '../../src/keys/seal.ts'
import { uuidv7 } from '../../src/platform/clock.ts'
import { freshEpochs } from '../support/epochs.ts'

const EPOCHS = freshEpochs()

const TOWN = uuidv7()
const place = { table: 'particulars', column: 'identity', row: 'a/1' }
const folder = mkdtempSync(join(tmpdir(), 'padron-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('sealing', () => {
  it('gives back any value, and only under its own key, row and column', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const key = newDataKey(uuidv7())
        const sealed = key.seal(place, value)
        expect(key.open(place, sealed)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(sealedKeyId(sealed)).toBe(key.id)
        for (const elsewhere of [
          { ...place, row: 'b/1' },
          { ...place, column: 'contact' },
          { ...place, table: 'addresses' },
        ]) {
          expect(() => key.open(elsewhere, sealed)).toThrow(SealBroken)
        }
        expect(() => newDataKey(key.id).open(place, sealed)).toThrow(SealBroken)
        expect(() => newDataKey(uuidv7()).open(place, sealed)).toThrow(SealBroken)
      }),
    )
  })

  it('notices any changed byte', () => {
    const key = newDataKey(uuidv7())
    const sealed = key.seal(place, { name: 'Ona' })
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => key.open(place, changed)).toThrow(SealBroken)
    }
    for (const length of [0, 1, 16, 17, 30, sealed.length - 1])
      expect(() => key.open(place, sealed.subarray(0, length))).toThrow(SealBroken)
  })

  it('never gives the same ciphertext twice, and hides short lengths', () => {
    const key = newDataKey(uuidv7())
    expect(key.seal(place, 'Ona')).not.toEqual(key.seal(place, 'Ona'))
    expect(key.seal(place, 'Ona').length).toBe(key.seal(place, 'Montserrat de la Font').length)
  })
})

describe('indexing', () => {
  it('gives the first 32 bits of HMAC-SHA-256, of texts of any length and script', () => {
    const key = newDataKey(uuidv7())
    const texts = ['', 'ana', 'خالد', '慧', '\u{1f6b2}', '\ud800', 'x'.repeat(55), 'ж'.repeat(64), 'né'.repeat(5_000)]
    for (const text of [...texts, ...texts]) expect(key.hash32(text)).toBe(key.hash(text).readUInt32BE())
  })

  it('is what RFC 4231 says', () => {
    const key = new DataKey(uuidv7(), Buffer.from('Jefe'.padEnd(32, '\0')))
    expect(key.hash32('what do ya want for nothing?')).toBe(0x5bdcc146)
  })
})

describe('registry keys', () => {
  it('wrap data keys for one municipality and owner only', () => {
    const keys = localKeyProvider(withNewKey(), EPOCHS)
    const key = newDataKey(uuidv7())
    const wrapped = key.wrap(keys, TOWN, 'neighbour')
    const sealed = key.seal(place, 1)
    expect(unwrapDataKey(keys, wrapped).open(place, sealed)).toBe(1)
    for (const change of [
      { municipalityId: uuidv7() },
      { owner: 'ledger' as const },
      { id: uuidv7() },
      { wrapped: Buffer.concat([wrapped.wrapped.subarray(0, 12), randomBytes(60)]) },
    ]) {
      expect(() => unwrapDataKey(keys, { ...wrapped, ...change })).toThrow(SealBroken)
    }
  })

  it('that are missing give an error that names the key, never garbage', () => {
    const wrapped = newDataKey(uuidv7()).wrap(localKeyProvider(withNewKey(), EPOCHS), TOWN, 'neighbour')
    const other = localKeyProvider(withNewKey(undefined, 'other'), EPOCHS)
    expect(() => unwrapDataKey(other, wrapped)).toThrow(KeyUnavailable)
    try {
      unwrapDataKey(other, wrapped)
    } catch (error) {
      expect(error).toMatchObject({ code: 'key-unavailable', keyId: wrapped.registryKeyId, status: 503 })
    }
  })

  it('with the same name and other bytes are noticed', () => {
    const material = withNewKey()
    const wrapped = newDataKey(uuidv7()).wrap(localKeyProvider(material, EPOCHS), TOWN, 'neighbour')
    const forged = { current: material.current, keys: { [material.current]: randomBytes(32).toString('base64') } }
    expect(() => unwrapDataKey(localKeyProvider(forged, EPOCHS), wrapped)).toThrow(SealBroken)
  })

  it('rewrap without touching what was sealed', () => {
    const material = withNewKey(undefined, 'old')
    const key = newDataKey(uuidv7())
    const wrapped = key.wrap(localKeyProvider(material, EPOCHS), TOWN, 'neighbour')
    const sealed = key.seal(place, 'still here')
    const both = localKeyProvider(withNewKey(material, 'new'), EPOCHS)
    const fresh = rewrap(both, wrapped)
    expect(fresh.registryKeyId).not.toBe(wrapped.registryKeyId)
    expect(unwrapDataKey(both, fresh).open(place, sealed)).toBe('still here')
  })

  it.each([
    '',
    'x',
    '[]',
    '{}',
    '{"current":"a","keys":{}}',
    '{"current":"a","keys":{"a":"short"}}',
    '{"current":"a b","keys":{"a b":"x"}}',
  ])('that are no keys are refused without being quoted: %j', (text) =>
    expect(() => parseKeyMaterial(text)).toThrow(KeyMaterialInvalid),
  )
})

describe('a key file', () => {
  it('is readable by its owner only, and refused otherwise', () => {
    const path = join(folder, 'keys.json')
    const material = withNewKey()
    writeKeyFile(path, material)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readKeyFile(path)).toEqual(material)
    chmodSync(path, 0o640)
    expect(() => readKeyFile(path)).toThrow(/chmod 600/)
  })

  it('is refused when it is not there or not keys', () => {
    expect(() => readKeyFile(join(folder, 'none.json'))).toThrow(KeyMaterialInvalid)
    const path = join(folder, 'bad.json')
    writeFileSync(path, 'secret nonsense', { mode: 0o600 })
    expect(() => readKeyFile(path)).toThrow(KeyMaterialInvalid)
    expect(() => readKeyFile(path)).not.toThrow(/nonsense/)
  })

  it('that changes is seen without a restart', async () => {
    const path = join(folder, 'moving.json')
    const first = withNewKey(undefined, 'first')
    writeKeyFile(path, first)
    const keys = keyFileProvider(path, EPOCHS)
    expect(keys.currentKeyId()).toBe(first.current)
    const second = withNewKey(first, 'second')
    writeKeyFile(path, second)
    await expect.poll(() => keys.currentKeyId(), { timeout: 10_000 }).toBe(second.current)
    expect([...keys.keyIds()].sort()).toEqual([first.current, second.current].sort())
  })
})
