import { describe, expect, it } from 'vitest'
import { readingOf } from '../../src/desk/reading.tsx'
import { pointIn } from '../../src/desk/registration-form.ts'

describe('a name', () => {
  it.each([
    [{ given: '王', family: ['小明'] }, /^[A-Za-z ]+$/],
    [{ given: 'فاطمة' }, /^[A-Za-z' ]+$/],
    [{ given: 'Олена', family: ['Шевченко'] }, /^Olena Shevchenko$/],
    [{ given: 'ሰላም' }, /^[A-Za-z' ]+$/],
  ])('in another script can be read aloud: %o', (name, reading) => {
    expect(readingOf(name)).toMatch(reading)
  })

  it('is read as its bearer spells it, where they do', () => {
    expect(readingOf({ given: '慧', transliteration: { given: 'Kei' } })).toBe('Kei')
  })

  it('in Latin letters needs no help, whatever is on them', () => {
    for (const given of ['Núria', 'Đặng', "O'Neill-Özgür", 'Þór']) expect(readingOf({ given })).toBeUndefined()
  })
})

describe('a point on a map', () => {
  const here = { coordinates: { latitude: 41.3874, longitude: 2.1686 } }
  it.each([
    '41.3874, 2.1686',
    '41.3874 2.1686',
    'geo:41.3874,2.1686;u=35',
    'https://www.openstreetmap.org/#map=17/41.3874/2.1686',
    'https://maps.example/place/@41.3874,2.1686,17z',
  ])('is taken as people have it: %s', (text) => {
    expect(pointIn(text)).toEqual(here)
  })

  it.each(['', 'by the river', '95.1, 2.1', '41.3874', '41.3874, 190.5'])('is none, and no error: %s', (text) => {
    expect(pointIn(text)).toEqual({})
  })
})
