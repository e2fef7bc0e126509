import { describe, expect, it } from 'vitest'
import { facesFor } from '../../../src/proofs/paper/fonts.ts'
import { isolated, typesetter } from '../../../src/proofs/paper/typeset.ts'

/** The letters that are drawn, from left to right, a line each. */
async function drawn(text: string, direction: 'ltr' | 'rtl', width = 500): Promise<string[]> {
  const lines = new Map<number, { x: number; text: string }[]>()
  const font = {
    draw(pieces: readonly { text: string }[], { x, baseline: y }: { x: number; baseline: number }) {
      const piece = pieces.map((one) => one.text).join('')
      lines.set(y, [...(lines.get(y) ?? []), { x, text: piece }])
    },
    end() {},
  }
  typesetter(font, await facesFor([text])).write(text, { x: 0, y: 0, width }, { size: 10, direction })
  return [...lines.values()].map((stretches) =>
    stretches
      .sort((a, b) => a.x - b.x)
      .map((stretch) => stretch.text)
      .join(''),
  )
}

const backwards = (text: string) => [...text].reverse().join('')

describe('a line that runs from right to left', () => {
  it('has its commas and colons after the word they follow, which is to its left', async () => {
    for (const text of ['الاسم, تاريخ', 'عدد الأشخاص: 1', 'الاسم, تاريخ, عدد'])
      expect(await drawn(text, 'rtl')).toEqual([backwards(text)])
  })

  it('keeps a Latin name whole, and its own brackets about it', async () => {
    expect(await drawn(`(${isolated('Fatou 1990')}) ساكن`, 'rtl')).toEqual([`${backwards('ساكن')} )Fatou 1990(`])
  })

  it('draws no mark that only says which way text runs', async () => {
    expect((await drawn('25\u200f/11\u200f/2026', 'rtl')).join()).not.toMatch(/[\u200e\u200f\u2066-\u2069]/)
  })
})

describe('a line that is too long', () => {
  it('never begins the next with a comma', async () => {
    for (let width = 40; width < 120; width += 5)
      for (const line of await drawn('one, two, three, four', 'ltr', width)) expect(line).not.toMatch(/^[\s,]/)
  })

  it('is broken within a word that is wider than the page, none of its letters lost', async () => {
    const name = 'Núria'.repeat(40)
    const lines = await drawn(name, 'ltr', 100)
    expect(lines.join('')).toBe(name)
    expect(lines.length).toBeGreaterThan(5)
    expect((await drawn(`Sra. ${name}`, 'ltr', 100)).join(' ')).toMatch(/^Sra\./)
  })
})
