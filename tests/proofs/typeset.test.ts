import PDFDocument from 'pdfkit'
import { describe, expect, it } from 'vitest'
import { isolated, typesetter } from '../../src/proofs/press/typeset.ts'

/** What is drawn, from left to right, a line each. */
function drawn(text: string, direction: 'ltr' | 'rtl', width = 500): string[] {
  const lines = new Map<number, { x: number; text: string }[]>()
  const pdf = new (class extends PDFDocument {
    override text(piece: string, ...at: unknown[]): this {
      const [x, y] = at as [number, number]
      lines.set(y, [...(lines.get(y) ?? []), { x, text: piece }])
      return super.text(piece, ...(at as [number, number, object]))
    }
  })({ font: null as never })
  typesetter(pdf).write(text, { x: 0, y: 0, width }, { size: 10, direction })
  return [...lines.values()].map((runs) =>
    runs
      .sort((a, b) => a.x - b.x)
      .map((run) => run.text)
      .join('|'),
  )
}

describe('a line that runs from right to left', () => {
  it('has its commas and colons after the word they follow, which is to its left', () => {
    expect(drawn('الاسم, تاريخ', 'rtl')).toEqual(['تاريخ| ,|الاسم'])
    expect(drawn('عدد الأشخاص: 1', 'rtl')).toEqual(['1| :|الأشخاص| |عدد'])
  })

  it('keeps a Latin name whole, and its own brackets about it', () => {
    expect(drawn(`(${isolated('Fatou 1990')}) ساكن`, 'rtl')[0]).toBe('ساكن| (|Fatou 1990|)')
  })

  it('draws no mark that only says which way text runs', () => {
    expect(drawn('25\u200f/11\u200f/2026', 'rtl').join()).not.toMatch(/[\u200e\u200f\u2066-\u2069]/)
  })
})

describe('a line that is too long', () => {
  it('never begins the next with a comma', () => {
    for (let width = 40; width < 120; width += 5)
      for (const line of drawn('one, two, three, four', 'ltr', width)) expect(line).not.toMatch(/^[\s,]/)
  })
})
