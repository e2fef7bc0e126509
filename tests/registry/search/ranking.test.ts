import { describe, expect, it } from 'vitest'
import type { Address, Criteria } from '../../../src/registry/model.ts'
import { type Compared, rank, scoreOf } from '../../../src/registry/search/ranking.ts'

const HOME: Address = { kind: 'dwelling', streetName: 'Gran Via', number: '12 B' }
const AMINA: Compared = {
  name: { given: 'Amina', family: ['Traore'] },
  dateOfBirth: '1990-05-17',
  address: HOME,
}

describe('how well somebody fits what is looked for', () => {
  it.each<[string, Criteria, number]>([
    ['a document, which found them', {}, 1],
    ['the whole name', { name: 'Amina Traore' }, 1],
    ['the words of it that are known', { name: 'amina' }, 1],
    ['a name of which half is another', { name: 'Amina Puigdemont' }, 0.5],
    ['another name', { name: 'Jordi Puig' }, 0],
    ['the day', { dateOfBirth: '1990-05-17' }, 1],
    ['the year', { dateOfBirth: '1990' }, 1],
    ['another day of that year', { dateOfBirth: '1990-05-18' }, 0.7],
    ['the year before', { dateOfBirth: '1989' }, 0.3],
    ['two years before', { dateOfBirth: '1988' }, 0],
    ['no date', { dateOfBirth: 'once' }, 0],
    ['the street', { street: 'gran via' }, 1],
    ['another street', { street: 'Nou' }, 0],
    ['the number, however it is written', { number: '12-b' }, 1],
    ['another number', { number: '12' }, 0],
    ['a name and the wrong number', { name: 'Amina Traore', number: '1' }, 0.5],
    ['all of it', { name: 'Amina Traore', dateOfBirth: '1990', street: 'Gran Via', number: '12 b' }, 1],
    ['all but the year', { name: 'Amina Traore', dateOfBirth: '1970', street: 'Gran Via', number: '12 b' }, 0.75],
  ])('%s', (_, criteria, score) => {
    expect(scoreOf(AMINA, criteria)).toBeCloseTo(score, 10)
  })

  it('is told by a name they had before as by the one they have', () => {
    const renamed: Compared = { name: { given: 'Tamara' }, previousNames: [{ given: 'Tomàs', family: ['Vell'] }] }
    expect(scoreOf(renamed, { name: 'tomas vell' })).toBe(1)
    expect(scoreOf(renamed, { name: 'tamara' })).toBe(1)
    expect(scoreOf({}, { name: 'tamara' })).toBe(0)
  })

  it('is half, of whoever’s date of birth nobody knows', () => {
    expect(scoreOf({}, { dateOfBirth: '1990' })).toBe(0.5)
    expect(scoreOf({ dateOfBirth: 'unreadable' }, { dateOfBirth: '1990' })).toBe(0)
  })

  it('is nothing by a street or a number, of whoever has none', () => {
    for (const address of [undefined, { kind: 'no-fixed-address' }, { kind: 'dwelling', description: 'Mas' }] as (
      | Address
      | undefined
    )[]) {
      const one: Compared = address === undefined ? {} : { address }
      expect(scoreOf(one, { street: 'Gran Via' })).toBe(0)
      expect(scoreOf(one, { number: '12' })).toBe(0)
    }
  })
})

describe('those who are shown', () => {
  it('fit well enough, the best first, and two who fit alike always in the same order', () => {
    const people = [
      { id: 'b', ...AMINA },
      { id: 'c', ...AMINA, name: { given: 'Amina', family: ['Traora'] } },
      { id: 'a', ...AMINA },
      { id: 'd', ...AMINA, name: { given: 'Jordi' } },
    ]
    const shown = (records: typeof people) => rank(records, { name: 'Amina Traore' }).map(({ record }) => record.id)
    expect(shown(people)).toEqual(['a', 'b', 'c'])
    expect(shown(people.toReversed())).toEqual(['a', 'b', 'c'])
  })

  it('are those from three fifths on', () => {
    const year = (dateOfBirth: string) => rank([{ id: 'a', ...AMINA }], { name: 'Amina Traore', dateOfBirth }).length
    // (1 + 0.3) / 2 and (1 + 0) / 2.
    expect([year('1989'), year('1988')]).toEqual([1, 0])
    const [street] = rank([{ id: 'a', ...AMINA }], { name: 'Amina Puigdemont', dateOfBirth: '1990-05-18' })
    // (0.5 + 0.7) / 2 is exactly enough.
    expect(street?.score).toBeCloseTo(0.6, 10)
  })
})
