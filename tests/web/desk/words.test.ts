import { describe, expect, it } from 'vitest'
import { demoTown } from '../../../src/cli/demo-town.ts'
import { formOf } from '../../../src/http/form.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { lifeRules } from '../../../src/registry/person/dates/life-dates.ts'
import { criteriaOf, saidAgain, understood } from '../../../src/web/desk/query.ts'
import { withoutClosed } from '../../../src/web/record/document-lines.ts'
import { readDocument } from '../../../src/web/record/machine-readable.ts'
import { check, type FormReader, typedIn } from '../../../src/web/record/registration-form.ts'
import { LOCALES } from '../../../src/web/ui/language.ts'

describe('what people say at a counter', () => {
  it.each([
    ['Fatou Diallo', { name: 'Fatou Diallo' }],
    ['Fatou 1990', { name: 'Fatou', dateOfBirth: '1990' }],
    ['1990 Fatou Diallo', { name: 'Fatou Diallo', dateOfBirth: '1990' }],
    ['Fatou 17/5/1990', { name: 'Fatou', dateOfBirth: '1990-05-17' }],
    ['Fatou 1990-05-17', { name: 'Fatou', dateOfBirth: '1990-05-17' }],
    ['Fatou 05/1990', { name: 'Fatou', dateOfBirth: '1990-05' }],
    ['فاطمة ١٩٩٠', { name: 'فاطمة', dateOfBirth: '1990' }],
    ['Mallorca 401 3-2', { street: 'Mallorca', number: '401' }],
    ['carrer de la Pau 77', { street: 'carrer de la Pau', number: '77' }],
    ['X1234567L', { document: 'X1234567L' }],
    ['12345678Z', { document: '12345678Z' }],
    ['王小明', { name: '王小明' }],
  ])('%s', (said, criteria) => {
    expect(criteriaOf(said, false)).toEqual(criteria)
  })

  it.each([
    ['Fatou', false, 'Name: Fatou · '],
    ['Fatou 1990', true, 'Name: Fatou · Born: 1990 · '],
    ['Mallorca 401 3-2', true, 'Street: Mallorca 401 · '],
    ['1990', false, 'Born: 1990 · '],
    ['X1234567L', true, 'A document · '],
  ])('%s is understood as it is typed, and whether it is enough', (said, enough, text) => {
    const t = LOCALES.en
    expect(understood(criteriaOf(said, false), t)).toEqual({
      enough,
      text: text + (enough ? t['search.enough'] : t['desk.tooWide']),
    })
  })

  // The specimens of ICAO Doc 9303 and of the Spanish card: nobody's.
  const PASSPORT = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10'
  const CARD = 'I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<'
  const SPANISH = 'IDESPBAA000589599999999R<<<<<<8001014F3106028ESP<<<<<<<<<<<1ESPANOLA<ESPANOLA<<CARMEN<<<<<'

  it.each([
    ['a passport', PASSPORT, { document: 'L898902C3', name: 'Anna Maria Eriksson', dateOfBirth: '1974-08-12' }],
    ['a card', CARD, { document: 'D23145890', name: 'Anna Maria Eriksson', dateOfBirth: '1974-08-12' }],
    [
      'a card with a number of its own, in one line',
      SPANISH,
      { document: '99999999R', name: 'Carmen Espanola Espanola', dateOfBirth: '1980-01-01' },
    ],
    [
      'a passport whose number was read wrong',
      PASSPORT.replace('L898902C3', 'L898902C8'),
      { name: 'Anna Maria Eriksson', dateOfBirth: '1974-08-12' },
    ],
    [
      'a passport that knows the year alone',
      PASSPORT.replace('7408122', '74<<<<1'),
      { document: 'L898902C3', name: 'Anna Maria Eriksson', dateOfBirth: '1974' },
    ],
  ])('is read from %s, and nothing else of it', (_, lines, criteria) => {
    expect(criteriaOf(lines, false)).toEqual(criteria)
    expect(saidAgain(lines)).toBe(`${criteria.name} ${criteria.dateOfBirth}`)
  })

  it.each([PASSPORT, CARD, SPANISH])('is all that leaves the browser in a draft', (lines) => {
    const sent = withoutClosed(lines)
    expect(sent).not.toMatch(/^[A-Z]|UTO|ESP(?!ANOLA)|120415|310602|ZE184226B/)
    expect(readDocument(sent, 2026)).toEqual(readDocument(lines, 2026))
    expect(withoutClosed('Fatou <3 1990')).toBe('Fatou <3 1990')
  })

  // Without scripts the first Enter of a reader sends what it has typed so far.
  it.each(['P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<', 'P<UTOERIKSSON<<ANNA<MARIA<', PASSPORT.slice(0, 70)])(
    'tells nothing in a part of the lines: %s',
    (part) => {
      expect(withoutClosed(part)).toBe('')
      expect(criteriaOf(part, false)).toEqual({})
      expect(saidAgain(part)).toBe('')
      expect(typed('p0_given', part)).toEqual({ p0_given: '', p0_document: '?' })
      expect(typed('p0_contact', part)).toEqual({ p0_contact: '' })
    },
  )

  const typed = (field: string, lines: string) =>
    typedIn({
      form: formOf(new URLSearchParams({ [field]: lines })),
      t: LOCALES.en,
      language: 'en',
    })
  const reader = (): FormReader => {
    const town = { ...demoTown('https://vallmar.example', Temporal.Now.instant()), id: '', blindIndexBits: 8 }
    return { t: LOCALES.en, language: 'en', town, rules: lifeRules(systemClock, town) }
  }

  it('keeps of a document that was read its number alone, or says that it could not be read', () => {
    expect(typed('p0_document', PASSPORT)).toEqual({ p0_document: 'L898902C3' })
    const wrong = typed('p0_document', PASSPORT.replace('L898902C3', 'L898902C8'))
    expect(JSON.stringify(wrong)).not.toMatch(/UTO|L898902/)
    expect(check(wrong, reader(), {}).faults.p0_document).toBe(LOCALES.en['register.notRead'])
    expect(typed('p0_document', 'X1234567L')).toEqual({ p0_document: 'X1234567L' })
    const scrap = { p0_given: 'Anna', p0_evidence: 'document', p0_document: 'X1234567<8', where: 'no-fixed-address' }
    expect(check(scrap, reader(), {}).faults).toEqual({ p0_document: LOCALES.en['register.notRead'] })
  })

  it.each(['p2_given', 'p2_family'])('fills in a person where a reader typed into %s, to be looked at', (field) => {
    expect(typed(field, PASSPORT)).toEqual({
      p2_given: 'Anna Maria',
      p2_family: 'Eriksson',
      'p2_born-year': '1974',
      'p2_born-month': '08',
      'p2_born-day': '12',
      p2_evidence: 'photo-document',
      p2_document: 'L898902C3',
      read: 'yes',
    })
  })

  it.each(['street', 'usual', 'p0_institution', 'p0_contact'])('leaves nothing of it in %s', (field) => {
    expect(typed(field, PASSPORT)).toEqual({ [field]: '' })
  })

  it('takes a birth of this century for one, and no birth in the future', () => {
    const born = (line: string) => readDocument(PASSPORT.replace('7408122', line), 2026)?.dateOfBirth
    expect([born('2601010'), born('2701013')]).toEqual(['2026-01-01', '1927-01-01'])
  })

  it('may be the only name somebody has', () => {
    expect(criteriaOf('Wayan', true)).toEqual({ name: 'Wayan', mononym: true })
  })
})
