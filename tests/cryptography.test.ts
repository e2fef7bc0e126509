import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

// Who audits it finds every use of cryptography by one page.

const LIBRARIES =
  /from '(node:crypto|jose|@noble\/[^']*|pkijs|asn1js|shamir-secret-sharing|@simplewebauthn[^']*|@openid4vc[^']*|@sd-jwt[^']*|@peculiar[^']*)'/
const NUMBERS_ALONE = /^import \{ randomUUID \} from 'node:crypto'$/
const TYPES_ALONE = /^(import|export) type /

/** Whether a file encrypts, signs, hashes or draws secrets. */
function uses(text: string): boolean {
  const lines = text.replaceAll(/\{\s+([^}]*?),?\s+\}/g, '{ $1 }').split('\n')
  return lines.some(
    (line) =>
      /\bcrypto\.(subtle|getRandomValues)\b/.test(line) ||
      (LIBRARIES.test(line) && !NUMBERS_ALONE.test(line) && !TYPES_ALONE.test(line)),
  )
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file}`)
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))

describe('the page about cryptography', () => {
  it('names every file that encrypts, signs, hashes or draws secrets, once, and no other', () => {
    const page = readFileSync('docs/cryptography.md', 'utf8')
    const [, listed = ''] = /## Where it is in the source([\s\S]*?)\n## /.exec(page) ?? []
    const named = [...listed.matchAll(/`(src\/[^`]+)`/g)].map(([, file = '']) => file).sort()
    expect(new Set(named).size).toBe(named.length)
    expect(named).toEqual(sources.filter((file) => uses(readFileSync(file, 'utf8'))).sort())
  })

  it('finds a use that was added, and a number that is none', () => {
    expect(uses("import { createHash } from 'node:crypto'")).toBe(true)
    expect(uses("import {\n  createHash,\n  randomUUID,\n} from 'node:crypto'")).toBe(true)
    expect(uses('  return crypto.subtle.sign(key, bytes)')).toBe(true)
    expect(uses("import { randomUUID } from 'node:crypto'")).toBe(false)
    expect(uses("import type { JWK } from 'jose'")).toBe(false)
  })

  it('has no algorithm that is broken', () => {
    for (const file of sources)
      expect(readFileSync(file, 'utf8'), file).not.toMatch(
        /['"`](md5|sha-?1|des|rc4|aes-\d+-(cbc|ecb)|HS256|none)['"`].*(hash|cipher|alg)/i,
      )
  })
})
