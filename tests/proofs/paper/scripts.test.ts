import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { printSheet } from '../../../src/proofs/paper/document.ts'
import { canPrint, facesFor, graphemes } from '../../../src/proofs/paper/fonts.ts'
import { shaped } from '../../../src/proofs/paper/shape.ts'
import { namesByScript } from '../../support/names-by-script.ts'

const exemplars: Record<string, string> = JSON.parse(readFileSync('tests/vectors/letters/exemplars.json', 'utf8'))
const hangul = Array.from({ length: 11_172 }, (_, at) => String.fromCodePoint(0xac00 + at)).join(' ')

const A4 = { width: 595.28, height: 841.89 }
const plain = (text: string) => text.normalize('NFKC').replaceAll(/\s+/g, ' ')

/** What somebody who copies a document gets, and how far its words reach. */
async function copied(pdf: Uint8Array): Promise<{ text: string; left: number; right: number }> {
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const file = await getDocument({ data: new Uint8Array(pdf), verbosity: 0 }).promise
  const found = { text: '', left: A4.width, right: 0 }
  for (let at = 1; at <= file.numPages; at += 1) {
    const page = await file.getPage(at)
    for (const item of (await page.getTextContent()).items) {
      if (!('str' in item)) continue
      found.text += item.str + (item.hasEOL ? '\n' : '')
      const [, , , , x = 0] = item.transform as number[]
      if (item.str.trim() === '') continue
      found.left = Math.min(found.left, x)
      found.right = Math.max(found.right, x + item.width)
    }
  }
  await file.destroy()
  return found
}

/** Letters that no font has, or that the font taken for them draws as the box for what it lacks. */
async function missing(letters: Iterable<string>): Promise<string[]> {
  const found: string[] = []
  for (const letter of letters) {
    const faces = await facesFor([letter])
    for (const { segment } of graphemes.segment(letter)) {
      const face = faces(segment)
      const drawn = face
        ? shaped(segment, { direction: 'ltr', face, weight: 400 }).flatMap(({ parts }) => parts)
        : [{ id: 0 }]
      if (drawn.some(({ id }) => id === 0)) found.push(segment)
    }
  }
  return found
}

describe('letters', () => {
  it.each([...Object.entries(exemplars), ['Hangul', hangul]])(
    'of %s, every one that a language needs, can be printed',
    async (_, letters) => {
      expect(await missing(new Set(letters.split(' ')))).toEqual([])
    },
  )
})

describe('names', () => {
  it.each(namesByScript())(
    'in %s are copied from a paper as they were written, none beyond its edge',
    async (_, names) => {
      expect(await missing(names)).toEqual([])
      const pdf = await printSheet(
        { title: 'Names', language: 'en', author: 'Vallmar', created: new Date(0) },
        (sheet) => {
          for (const name of names) sheet.field([{ text: 'Name', language: 'en' }], { text: name, language: 'en' })
        },
      )
      const { text, left, right } = await copied(pdf)
      const whole = plain(text)
      const long = names.at(-1) ?? ''
      expect(names.slice(0, -1).filter((name) => !whole.includes(plain(name)))).toEqual([])
      expect(whole.replaceAll(' ', '')).toContain(plain(long).replaceAll(' ', ''))
      expect(left).toBeGreaterThanOrEqual(56)
      expect(right).toBeLessThanOrEqual(A4.width - 55)
    },
  )

  it('among words of the other direction stay whole', async () => {
    const names = ['Fatou (Diallo)', 'ਹਰਪ੍ਰੀਤ ਸਿੰਘ', 'สมชาย ใจดี', '王小明', 'محمدٌ عليٌّ', 'לֵוִי יִצְחָק']
    const pdf = await printSheet(
      { title: 'Names', language: 'ar', author: 'Vallmar', created: new Date(0) },
      (sheet) => {
        for (const name of names) sheet.paragraph({ text: `الاسم: \u2068${name}\u2069 (نعم)`, language: 'ar' })
      },
    )
    const { text } = await copied(pdf)
    for (const name of names) expect(plain(text)).toContain(plain(name))
  })

  it('that no font has are known before anything is printed', async () => {
    expect(await canPrint('Núria 王小明 ਸਿੰਘ')).toBe(true)
    expect(await canPrint('𞤀𞤣𞤤𞤢𞤥')).toBe(false)
  })
})
