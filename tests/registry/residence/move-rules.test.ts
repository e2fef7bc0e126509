import { describe, expect, it } from 'vitest'
import { InvalidInput } from '../../../src/platform/problem.ts'
import type { Address, Move } from '../../../src/registry/model.ts'
import { correctsAddress, livesThere, type Settled, startOf } from '../../../src/registry/residence/move-rules.ts'
import { residenceStart, startOf as startOfRegistration } from '../../../src/registry/residence/residence-start.ts'
import type { Municipality } from '../../../src/town/model.ts'

const REFERENCE = { name: 'Town hall', streetName: 'Major', number: '1' }
const TOWN = { referenceAddress: REFERENCE, referenceAddresses: [] } as unknown as Municipality
const HOME: Address = { kind: 'dwelling', streetName: 'Nou', number: '2' }
const living = (more: Partial<Settled> = {}): Settled => ({
  id: 'one',
  residence: { validFrom: '2020-01-01', residentSince: '2018-01-01' },
  address: HOME,
  household: { id: 'home', size: 2 },
  ...more,
})
const said = (from: string, present = true) =>
  [{ id: 's', residenceId: 'r', from, present }] as unknown as NonNullable<Settled['said']>
const moves = (address: Address | undefined, record: Settled = living()) =>
  livesThere(record, { address } as Move, TOWN)

describe('whether somebody lives already where a move is to', () => {
  it('is told by the household, whatever the address', () => {
    expect(livesThere(living(), { householdId: 'home' } as Move, TOWN)).toBe(true)
    expect(livesThere(living(), { householdId: 'other', address: HOME } as Move, TOWN)).toBe(false)
    expect(livesThere(living({ household: undefined } as never), { householdId: 'home' } as Move, TOWN)).toBe(false)
  })

  it.each<[string, Address, boolean]>([
    ['the same address', { ...HOME }, true],
    ['in other capitals and spaces', { ...HOME, streetName: ' NOU  ' }, true],
    ['with a space where there is none', { ...HOME, streetName: 'N ou' }, false],
    ['in letters of full width', { ...HOME, number: '２' }, true],
    ['another number', { ...HOME, number: '3' }, false],
    ['one with a floor', { ...HOME, floor: '1' }, false],
    ['the same words of another kind', { ...HOME, kind: 'collective' }, false],
    ['no address', { kind: 'no-fixed-address' }, false],
  ])('is told by the address: %s', (_, address, there) => {
    expect(moves(address)).toBe(there)
  })

  it('is told by words between which there is one space or several, and not by none', () => {
    const street = (streetName: string) => ({ ...HOME, streetName })
    const home = living({ address: street('Carrer  Nou') })
    expect(moves(street('carrer nou'), home)).toBe(true)
    expect(moves(street('carrernou'), home)).toBe(false)
  })

  it('is told by where post is kept, for whoever has no address', () => {
    const outside = living({ address: { kind: 'no-fixed-address', referenceAddress: REFERENCE } })
    expect(moves({ kind: 'no-fixed-address' }, outside)).toBe(true)
    expect(moves({ kind: 'no-fixed-address', usualArea: 'The arches' }, outside)).toBe(false)
  })

  it('is never so without an address on either side', () => {
    expect(moves(undefined)).toBe(false)
    expect(moves(undefined, living({ address: undefined } as never))).toBe(false)
    expect(moves(HOME, living({ address: undefined } as never))).toBe(false)
  })
})

describe('a day that corrects the address and moves nobody', () => {
  it('is the first of the present residence, as it is confirmed or as it is said', () => {
    expect(correctsAddress(living(), '2020-01-01')).toBe(true)
    expect(correctsAddress(living(), '2020-01-02')).toBe(false)
    expect(correctsAddress(living(), undefined)).toBe(false)
    expect(correctsAddress(living({ said: said('2015-05-05') }), '2015-05-05')).toBe(true)
    expect(correctsAddress(living({ said: said('2015-05-05', false) }), '2015-05-05')).toBe(false)
    expect(correctsAddress(living({ residence: undefined } as never), undefined)).toBe(false)
  })
})

describe('from when somebody lives where they move to', () => {
  const at = (
    one: Settled,
    start: { from: string; said?: string },
    who: { mover?: boolean; corrected?: boolean } = {},
  ) =>
    startOf(
      one,
      { from: start.from, said: start.said },
      { mover: who.mover ?? true, corrected: who.corrected ?? false },
    )

  it('is the day that was said, for whoever lives nowhere yet', () => {
    const nowhere = living({ residence: undefined } as never)
    expect(at(nowhere, { from: '2021-01-01', said: '2010-01-01' })).toEqual({ from: '2021-01-01', said: '2010-01-01' })
  })

  it('is all their time, where the address is corrected', () => {
    expect(at(living(), { from: '2021-01-01', said: '2019-01-01' }, { corrected: true })).toEqual({
      from: '2020-01-01',
      said: undefined,
    })
  })

  it('is the day of the move for who asked, and for others no day before they came', () => {
    expect(at(living(), { from: '2019-06-01' })).toEqual({ from: '2019-06-01', said: undefined })
    expect(at(living(), { from: '2019-06-01' }, { mover: false })).toEqual({ from: '2020-01-01', said: undefined })
    expect(at(living(), { from: '2021-01-01' }, { mover: false })).toEqual({ from: '2021-01-01', said: undefined })
  })

  it('keeps a day that was said and is not confirmed, if it is before the one that is', () => {
    expect(at(living(), { from: '2026-01-01', said: '2022-01-01' })).toEqual({ from: '2026-01-01', said: '2022-01-01' })
    expect(at(living(), { from: '2026-01-01', said: '2026-01-01' })).toEqual({ from: '2026-01-01', said: undefined })
    expect(at(living(), { from: '2026-01-01', said: '2027-01-01' })).toEqual({ from: '2026-01-01', said: undefined })
  })

  it('is refused to who asked where they would have moved before they came', () => {
    const pointers = (work: () => unknown) => {
      try {
        work()
      } catch (error) {
        return (error as InvalidInput).errors.map(({ pointer, detail }) => [pointer, detail.length > 20])
      }
      return undefined
    }
    for (const day of ['2020-01-01', '2019-01-01'])
      expect(pointers(() => at(living(), { from: '2026-01-01', said: day }))).toEqual([['/since', true]])
    const sameDay = living({
      residence: { validFrom: '2026-01-01', residentSince: '2026-01-01' },
      said: said('2015-01-01'),
    })
    expect(pointers(() => at(sameDay, { from: '2026-01-01', said: '2018-01-01' }))).toEqual([['/since', true]])
    expect(() => at(living({ said: said('2015-01-01') }), { from: '2026-01-01', said: '2014-01-01' })).toThrow(
      InvalidInput,
    )
    expect(at(living({ said: said('2015-01-01') }), { from: '2026-01-01', said: '2016-01-01' }).said).toBe('2016-01-01')
  })

  it('takes others along from the day they came, and says that they were never at the place before', () => {
    const along = { mover: false }
    expect(at(living(), { from: '2026-01-01', said: '2019-01-01' }, along)).toEqual({
      from: '2026-01-01',
      said: '2020-01-01',
      neverThere: true,
    })
    expect(at(living(), { from: '2026-01-01', said: '2022-01-01' }, along)).not.toHaveProperty('neverThere')
  })

  it('waits for the start before it, where both would begin on the same day', () => {
    const today = living({
      residence: { validFrom: '2026-01-01', residentSince: '2026-01-01' },
      said: said('2015-01-01'),
    })
    expect(() => at(today, { from: '2026-01-01', said: '2018-01-01' })).toThrow(InvalidInput)
  })
})

describe('when the residence of somebody who is registered begins', () => {
  const rules = { today: Temporal.PlainDate.from('2026-06-10'), floor: Temporal.PlainDate.from('1900-01-01') }
  const begins = (form: { since?: string; dateOfBirth?: string; confirmedAge?: true }) =>
    startOfRegistration(rules, { town: { backdateDays: 30 }, form, source: 'word' })
  const pointers = (form: Parameters<typeof begins>[0]) => {
    try {
      begins(form)
    } catch (error) {
      return (error as InvalidInput).errors.map(({ pointer }) => pointer)
    }
    return []
  }

  it('is the day that is said, or today, beside a date of birth that can be', () => {
    expect(begins({ dateOfBirth: '1990' })).toEqual({ from: '2026-06-10', said: undefined })
    expect(begins({ since: '2026-06-01', dateOfBirth: '2026-06-01' })).toEqual({ from: '2026-06-01', said: undefined })
    expect(begins({ since: '2010-01-01', dateOfBirth: '1990' })).toEqual({ from: '2026-06-10', said: '2010-01-01' })
  })

  it('is not before they were born; and of a birth that cannot be, that is said alone', () => {
    expect(pointers({ since: '2026-06-01', dateOfBirth: '2026-06-02' })).toEqual(['/since'])
    expect(pointers({ dateOfBirth: '2027-01-01' })).toEqual(['/dateOfBirth'])
    expect(pointers({ since: '2027-01-01', dateOfBirth: '2027-06-01' })).toEqual(['/dateOfBirth', '/since'])
    expect(pointers({ since: '2026-06-01', dateOfBirth: '1850' })).toEqual(['/dateOfBirth'])
    expect(pointers({ since: '2026-06-01', dateOfBirth: '1850', confirmedAge: true })).toEqual([])
  })
})

describe('when a residence begins that somebody says began on a day', () => {
  const rules = { today: Temporal.PlainDate.from('2026-06-10'), floor: Temporal.PlainDate.from('1900-01-01') }
  const begins = (since: string | undefined, source?: 'word' | 'register') =>
    residenceStart(rules, { municipality: { backdateDays: 30 }, since, source })

  it('is today where no day is said', () => {
    expect(begins(undefined)).toEqual({ from: '2026-06-10', said: undefined })
  })

  it('is that day as far back as the town takes on anybody’s word, and today with the day as said before', () => {
    expect(begins('2026-06-10')).toEqual({ from: '2026-06-10', said: undefined })
    expect(begins('2026-05-11')).toEqual({ from: '2026-05-11', said: undefined })
    expect(begins('2026-05-10')).toEqual({ from: '2026-06-10', said: '2026-05-10' })
    expect(begins('2010-01-01', 'word')).toEqual({ from: '2026-06-10', said: '2010-01-01' })
  })

  it('is that day, however long ago, where another register says so', () => {
    expect(begins('2010-01-01', 'register')).toEqual({ from: '2010-01-01', said: undefined })
  })

  it('is no day to come', () => {
    expect(() => begins('2026-06-11')).toThrow(InvalidInput)
    expect(() => begins('2026-06-11', 'register')).toThrow(InvalidInput)
    expect(() => begins('1899-12-31', 'register')).toThrow(InvalidInput)
  })
})
