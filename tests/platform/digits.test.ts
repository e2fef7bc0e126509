import { describe, expect, it } from 'vitest'
import { latinDigits } from '../../src/platform/digits.ts'

describe('digits', () => {
  it.each([
    ['٠١٢٣٤٥٦٧٨٩', 'Arabic'],
    ['۰۱۲۳۴۵۶۷۸۹', 'Persian and Urdu'],
    ['०१२३४५६७८९', 'Devanagari'],
    ['০১২৩৪৫৬৭৮৯', 'Bengali'],
    ['੦੧੨੩੪੫੬੭੮੯', 'Gurmukhi'],
    ['０１２３４５６７８９', 'full width'],
    ['𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡', 'one set of several in one run'],
    ['0123456789', 'ours'],
  ])('are read in any script: %s (%s)', (digits) => {
    expect(latinDigits(digits)).toBe('0123456789')
  })

  it('leave what is no digit as it is', () => {
    expect(latinDigits('قرب المحطة ٣، 2º')).toBe('قرب المحطة 3، 2º')
  })
})
