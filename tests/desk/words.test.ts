import { describe, expect, it } from 'vitest'
import { criteriaOf } from '../../src/desk/query.ts'
import { sensitiveWord, withoutSensitive } from '../../src/desk/sensitive.ts'

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

  it('may be the only name somebody has', () => {
    expect(criteriaOf('Wayan', true)).toEqual({ name: 'Wayan', mononym: true })
  })
})

describe('words that say too much', () => {
  it.each([
    'vive aquí sin papeles',
    'undocumented since 2019',
    'asylum seeker',
    'sense papers',
    'demandeur d’asile',
    'carte de séjour 2020',
    'sans-papiers',
    'NIE X1234567L',
    'passaport caducat',
    'لاجئ من',
    'بدون أوراق',
    'nationality: none',
    'Visa expired',
    'Y7654321-B',
    'AB1234567',
    'il·legal',
    'expulsado',
  ])('are noticed in “%s”', (text) => {
    expect(sensitiveWord(text)).toBeDefined()
    expect(sensitiveWord(withoutSensitive(text))).toBeUndefined()
  })

  it.each([
    'near the station',
    'debajo del puente de Marina',
    'plaça de les Glòries',
    'barca “La Niña”',
    'chez sa sœur Aïcha',
    '+34 600 123 456',
    'قرب المحطة',
    'Revisat per la veïna',
    'Basile',
    'Jean-Nief',
    'casa ocupada de la calle Mayor 12',
  ])('are not seen in “%s”', (text) => {
    expect(sensitiveWord(text)).toBeUndefined()
  })
})
