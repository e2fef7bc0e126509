import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { documentIn } from '../../src/firewall/document-numbers.ts'
import { plainWords, tooMuchIn, wordAboutPapers, writtenTooMuch } from '../../src/firewall/plain-words.ts'
import { LANGUAGES } from '../../src/web/ui/language.ts'

describe('words that say too much', () => {
  it('are known in every language the service speaks', () => {
    expect(Object.keys(plainWords).sort()).toEqual(Object.keys(LANGUAGES).sort())
    for (const words of Object.values(plainWords)) expect(words.length).toBeGreaterThan(15)
  })

  it.each([
    // English
    'undocumented since 2019',
    'an asylum seeker',
    'ASYLUM SEEKERS live here',
    'he was deported last year',
    'awaiting deportation',
    'her visa has run out',
    'Passports are with the consulate',
    'has no valid papers',
    'nationality: none',
    'residence permit',
    'stateless',
    // Spanish
    'vive aquí sin papeles',
    'está sin los papeles',
    'fue expulsada en mayo',
    'solicitantes de asilo',
    'una familia refugiada',
    'permiso de residencia caducado',
    'PERMISO DE RESIDENCIA',
    'país de origen',
    'inmigrantes',
    'su nie está caducado',
    'tarjeta roja',
    'apátrida',
    'apatrida',
    'proteccion internacional',
    'proteccio\u0301n internacional',
    // Catalan
    'sense papers',
    'il·legal',
    'il.legals',
    'iŀlegal',
    'passaport caducat',
    'sol·licitant d’asil',
    "d'asil",
    'refugiades',
    'permís de treball',
    'permis de treball',
    'estrangera',
    'arrelament social',
    // French
    'demandeur d’asile',
    'carte de séjour 2020',
    'sans-papiers',
    'sans papiers',
    'SANS TITRE',
    'expulsée en mars',
    'une réfugiée',
    'une refugiee',
    'déboutés',
    'une étrangère',
    'sous OQTF',
    'O.Q.T.F.',
    'titre de sejour',
    // Portuguese
    'dorme na estação, sem papéis',
    'sem papeis',
    'autorização de residência',
    'autorizacao de residencia',
    'uma estrangeira',
    'deportada',
    'imigrantes ilegais',
    // Arabic, with what is written together with a word, and with vowel signs
    'لاجئ من',
    'واللاجئون',
    'بدون أوراق',
    'بدون اوراق',
    'بلا إقامة',
    'إقامته منتهية',
    'الاقامة',
    'وبجواز',
    'للمهاجرين',
    'كالمهاجرين',
    'جَوَاز سفر',
    'جــواز سفر',
    'بالتأشيرة',
    'غير شرعية',
    'ترحيلها',
    'الجنسية',
    'أجنبية',
    // Hidden letters and other kinds of dash, apostrophe and space
    'pass\u200bport',
    'sans‑papiers',
    'sin\u00a0papeles',
    'ＶＩＳＡ',
  ])('are noticed in “%s”', (text) => {
    expect(wordAboutPapers(text)).toBeDefined()
  })

  it.each([
    'near the station',
    'debajo del puente de Marina',
    'plaça de les Glòries',
    'barca “La Niña”',
    'chez sa sœur Aïcha',
    '+34 600 123 456',
    'قرب المحطة',
    'مكان الإقامة: قرب المحطة',
    'شارع الإمام',
    'Revisat per la veïna',
    'foi visto na praça',
    'Basile',
    'Jean-Nief',
    'il nie tout',
    'Carrer del Paper, 3',
    'papers pintats',
    'debout près du pont',
    'casa ocupada de la calle Mayor 12',
    'Rue du Passage 4',
    'tie the boat here',
    'Calle Nieto',
    'Calle de la Residencia',
  ])('are not seen in “%s”', (text) => {
    expect(tooMuchIn(text)).toBeUndefined()
  })

  it('are shown to whoever wrote them as they wrote them', () => {
    expect(writtenTooMuch('vive aquí, sin Papeles, desde mayo')).toBe('sin Papeles')
    expect(writtenTooMuch('Une réfugiée, au 3e')).toBe('réfugiée')
    expect(writtenTooMuch('Puerta 12345678Z')).toBe('12345678Z')
    expect(writtenTooMuch('Puerta 3')).toBeUndefined()
  })
})

// Numbers of nobody: specimens of the authorities, and zeros.
const SPECIMENS: readonly (readonly [string, string])[] = [
  ['a DNI', '12345678Z'],
  ['a DNI as it is said', '12.345.678-Z'],
  ['a DNI with a space', 'DNI 12345678 Z'],
  ['a NIE', 'X1234567L'],
  ['a NIE with dashes', 'y-1234567-x'],
  ['a NIE with spaces', 'Z 1234567 R'],
  ['a NIE of eight figures', 'X01234567L'],
  ['a NIE in digits of another script', 'X١٢٣٤٥٦٧L'],
  ['a NIE among words', 'tercero (X1234567L), al fondo'],
  ['a codice fiscale', 'RSSMRA85T10A562S'],
  ['a NIR', '2 55 08 14 168 025 38'],
  ['a NIR in one', '255081416802538'],
  ['a cartão de cidadão', '00000000 0 ZZ4'],
  ['a CNP', '1800101221144'],
  ['a Belgian number', '85.07.30-033.28'],
  ['an AHV number', '756.9217.0769.85'],
  ['a Finnish code', '131052-308T'],
]

// The specimens of ICAO Doc 9303 and of the Spanish card: nobody's.
const PASSPORT = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10'
const CARD = 'I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<'
const LINES = [...PASSPORT.split('\n'), ...CARD.split('\n'), PASSPORT, CARD, PASSPORT.toLowerCase()]

describe('the number of a document', () => {
  it.each(SPECIMENS)('is noticed: %s', (_, text) => {
    expect(documentIn(text)).toBeDefined()
  })

  it.each(LINES)('is noticed in a line that a reader reads: %s', (line) => {
    expect(documentIn(line)).toBeDefined()
    expect(documentIn(`beside the bridge ${line} by the river`)).toBeDefined()
  })

  it.each(['12345678A', 'X1234567A', 'RSSMRA85T10A562T', '255081416802539', '131052-308A', '85.07.30-033.29'])(
    'has a check digit that fits: %s is none',
    (text) => {
      expect(documentIn(text)).toBeUndefined()
    },
  )

  it('ends in the one letter of twenty-three that its figures have', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999 }),
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
        (n, letter) => {
          const text = `${String(n).padStart(8, '0')}${letter}`
          expect(documentIn(text) !== undefined).toBe('TRWAGMYFPDXBNJZSQVHLCKE'[n % 23] === letter)
        },
      ),
    )
  })

  const digits = (least: number, most: number) =>
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most }).map((list) => list.join(''))
  const apart = fc.constantFrom('', ' ', '-', '.', ' - ')
  /** Groups of two to four figures, as people write telephones. */
  const grouped = (number: string, size: number, by: string) =>
    (number.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(by)

  it('is never a telephone', () => {
    const said = fc.constantFrom('', 'tel. ', 'teléfono ', 'whatsapp: ', 'هاتف ')
    const after = fc.constantFrom('', ' y el de su hermana', ' a partir de las 5', ' e também', ', piso 2', '.')
    const country = fc.constantFrom('', '+34 ', '+212', '00221 ', '+1 (', '0033', '+')
    fc.assert(
      fc.property(
        said,
        country,
        digits(6, 11),
        fc.integer({ min: 2, max: 4 }),
        apart,
        after,
        (before, code, number, size, by, rest) => {
          const text = `${before}${code}${grouped(number, size, by)}${rest}`
          expect(documentIn(text), text).toBeUndefined()
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('is never a bank account', () => {
    const countries = fc.constantFrom('ES22', 'FR25', 'DE20', 'PT23', 'IT25', 'BE14', 'RO22', 'MA26')
    const letters = fc.array(fc.constantFrom(...'0123456789ABCDEFGHIJ'), { minLength: 26, maxLength: 26 })
    const spaced = fc.boolean()
    fc.assert(
      fc.property(countries, letters, fc.boolean(), spaced, (country, all, digitsAlone, spaces) => {
        const body = all
          .slice(0, Number(country.slice(2)))
          .map((one) => (digitsAlone ? String(one.charCodeAt(0) % 10) : one))
          .join('')
        const numeric = [...`${body}${country.slice(0, 2)}00`].map((one) => Number.parseInt(one, 36)).join('')
        const check = String(98n - (BigInt(numeric) % 97n)).padStart(2, '0')
        const iban = `${country.slice(0, 2)}${check}${body}`
        const text = `IBAN ${spaces ? grouped(iban, 4, ' ') : iban}`
        expect(documentIn(text), text).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it('is never a post code, a house number or a floor', () => {
    const codes = fc.constantFrom(
      '08001',
      '75011',
      '1012 AB',
      'SW1A 1AA',
      'D02 X285',
      'AD100',
      '1000-001',
      '00-950',
      'K1A 0B1',
    )
    const inside = fc.constantFrom('3º 2ª', 'bis 2', 'km 12,300', 'esc. B', '4-6', '12B', 's/n', 'BP 1234567')
    fc.assert(
      fc.property(codes, inside, digits(1, 4), (code, door, number) => {
        const text = `${number} ${door} ${code}`
        expect(documentIn(text), text).toBeUndefined()
      }),
    )
  })
})

describe('what people write who do not write like a dictionary', () => {
  it.each([
    'refugiad@s en la casa',
    'asilad@',
    'es extranjer@',
    'no tiene papeles',
    'nie caducado',
    'permiso residencia',
    'ils n’ont pas de papiers',
    'has no papers',
    '12 345 678 Z',
    '1234 5678 Z',
    'x 1234567 l',
    'Х1234567L',
    '+12345678Z',
  ])('is known too: %s', (text) => {
    expect(tooMuchIn(text)).toBeDefined()
  })

  it.each(['ana@sol.example', 'escriviu a casa@s.example', '+34 600 123 456', 'C/ Nou 12, 1r 2a', 'Bus 1234 5678 B'])(
    'and what is about something else is not: %s',
    (text) => {
      expect(tooMuchIn(text)).toBeUndefined()
    },
  )
})
