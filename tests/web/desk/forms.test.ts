import { describe, expect, it } from 'vitest'
import { demoTown } from '../../../src/cli/demo-town.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { Contact, Name } from '../../../src/registry/model.ts'
import { lifeRules } from '../../../src/registry/person/dates/life-dates.ts'
import { readingOf } from '../../../src/web/desk/reading.tsx'
import { pointIn } from '../../../src/web/record/address-form.ts'
import { check, contactIn, type FormReader, nameIn } from '../../../src/web/record/registration-form.ts'
import { type Language, LOCALES } from '../../../src/web/ui/language.ts'

const reader = (language: Language): FormReader => {
  const town = { ...demoTown('https://vallmar.example', Temporal.Now.instant()), id: '', blindIndexBits: 8 }
  return { t: LOCALES[language], language, town, rules: lifeRules(systemClock, town) }
}

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

describe('a name in two boxes', () => {
  it('may have more words in its family name than anyone counts', () => {
    const family = 'de la Santísima Trinidad y del Espíritu Santo'
    const name = nameIn('José', family)
    expect(Name.safeParse(name).success).toBe(true)
    expect(name.family?.join(' ')).toBe(family)
  })

  it('is another when a word goes from one box to the other', () => {
    expect(nameIn('Maria', 'Josep Roig', { given: 'Maria Josep', family: ['Roig'] })).toEqual({
      given: 'Maria',
      family: ['Josep', 'Roig'],
    })
  })
})

describe('how to reach somebody', () => {
  it.each([
    ['a@example.org', { email: 'a@example.org' }],
    ['+34 600 000 000', { phone: '+34 600 000 000' }],
    ['+34 600 000 000, a@example.org', { phone: '+34 600 000 000', email: 'a@example.org' }],
    ['ask at the bar, mornings', { other: 'ask at the bar, mornings' }],
    ['600 000 000; 600 000 001', { other: '600 000 000; 600 000 001' }],
    ['Rosa, 600 000 000', { other: 'Rosa, 600 000 000' }],
    ['600 000 000, Rosa', { other: '600 000 000, Rosa' }],
    ['not@an@address', { other: 'not@an@address' }],
  ])('is told apart by how it looks: %s', (text, contact) => {
    expect(contactIn(text)).toEqual(contact)
    expect(Contact.safeParse(contactIn(text)).success).toBe(true)
  })

  it('stays as it is recorded where its box was not touched, and changes in part', () => {
    const friend = { other: 'Rosa, 600 000 000' }
    expect(contactIn('Rosa, 600 000 000', friend)).toEqual(friend)
    const several = { email: 'a@example.org', phone: '600 000 000', other: 'the bar, mornings' }
    expect(contactIn('a@example.org, 600 000 009, the bar, mornings', several)).toEqual({
      ...several,
      phone: '600 000 009',
    })
  })
})

describe('a form typed on a keyboard with other digits', () => {
  it('is the same form: dates, numbers and telephones; words stay as they were written', () => {
    const typed = {
      p0_given: 'نادية',
      'p0_born-year': '١٩٩٠',
      'p0_born-month': '٥',
      p0_contact: '٦٠٠٠٠٠٠٠٠',
      where: 'informal-dwelling',
      description: 'قرب المحطة ٣',
      number: '١٢',
      postcode: '٠٨٠٠١',
      'since-day': '١',
      'since-month': '٢',
      'since-year': '٢٠٢٤',
    }
    const { people, faults } = check(typed, reader('ar'), {})
    expect(faults).toEqual({})
    expect(people.map(({ registration }) => registration)).toMatchObject([
      {
        dateOfBirth: '1990-05',
        contact: { phone: '600000000' },
        since: '2024-02-01',
        address: { description: 'قرب المحطة ٣', number: '12', postcode: '08001' },
      },
    ])
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
