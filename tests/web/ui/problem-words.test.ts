import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LOCALES } from '../../../src/web/ui/language.ts'
import { TEXTS } from '../../../src/web/ui/problem-page.tsx'

/** Every code that is thrown anywhere, as the source has it: also those of one class with several. */
function codes(): string[] {
  const found = new Set<string>()
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(file)) continue
    const text = readFileSync(`src/${file}`, 'utf8')
    for (const [, code = ''] of text.matchAll(/(?:super|new (?:Problem|OAuthProblem))\(\s*'([a-z][a-z_-]+)',\s*\d{3}/g))
      found.add(code)
    if (!/super\(code, \d{3}, REASONS\[code\]\)/.test(text)) continue
    const reasons = /const REASONS[^=]*= \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? ''
    for (const [, quoted, bare] of reasons.matchAll(/^ {2}(?:'([a-z-]+)'|([a-z]+)):/gm)) found.add(quoted ?? bare ?? '')
  }
  return [...found].sort()
}

/** What is the service\u2019s own fault, and of which nobody can do anything but try again. */
const OURS = ['seal-broken', 'unexpected']

describe('a problem', () => {
  it('has words of its own, whatever its code, and only our own faults are called that', () => {
    const all = codes()
    expect(all.length).toBeGreaterThan(70)
    expect(all.filter((code) => TEXTS[code] === undefined)).toEqual([])
    expect(all.filter((code) => TEXTS[code] === 'problem.other')).toEqual(OURS)
  })

  it.each(Object.keys(LOCALES))('has them in %s', (language) => {
    const t = LOCALES[language as keyof typeof LOCALES]
    for (const [code, key] of Object.entries(TEXTS)) expect(t[key]?.length ?? 0, `${code}: ${key}`).toBeGreaterThan(5)
    if (language !== 'en')
      for (const key of new Set(Object.values(TEXTS))) expect(t[key], key).not.toBe(LOCALES.en[key])
  })
})
