import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { closes, FUNCTIONS, functionOf, functionTitle } from '../../src/firewall/functions.ts'
import { LANGUAGES } from '../../src/web/ui/language.ts'

describe('what organisations do', () => {
  it('is one list: the database has the same, and every language has a name for each', () => {
    const rows = [...readFileSync('schema/0004_firewall.sql', 'utf8').matchAll(/\('([a-z-]+)', (true|false)\)/g)]
    expect(rows.map(([, id, shuts]) => [id, shuts === 'true'])).toEqual(
      [...FUNCTIONS.values()].map((one) => [one.id, one.closes]),
    )
    for (const { id, title } of FUNCTIONS.values())
      for (const language of Object.keys(LANGUAGES)) {
        expect(title[language], `${id} ${language}`).toBeTruthy()
        expect(functionTitle(id, language)).toBe(title[language])
      }
  })

  it('closes the gate by every word for it, however it is written', () => {
    const words = [
      ...['immigration-control', 'Border Police', 'deportation', 'homeland-security', 'immigration-enforcement-'],
      ...['  Immigration_Enforcement', 'BORDER–GUARD', 'Extranjería', 'aliens police', 'removals'],
    ]
    for (const word of words) expect(functionOf(word), word).toBe('immigration-enforcement')
    for (const word of ['data broker', 'credit-bureau', 'debt-collector', 'tenant-check', 'fusion-center', 'ALPR'])
      expect(closes([functionOf(word) ?? 'library']), word).toBe(true)
    expect(closes(['library', 'tax'])).toBe(false)
    // Of a function nobody has listed nobody has said that it is harmless.
    expect(closes(['library', 'border-library'])).toBe(true)
  })

  it('is nothing where the list does not say what it is', () => {
    for (const word of ['other', 'border-library', 'immigration-enforcement-not', '', '---', 'constructor'])
      expect(functionOf(word), word).toBeUndefined()
  })

  it('has no word twice', () => {
    const words = [...FUNCTIONS.values()].flatMap(({ id, also }) => [id, ...also])
    expect(words).toEqual([...new Set(words)])
    for (const word of words) expect(functionOf(word), word).toBeDefined()
  })
})
