import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Address, Criteria, Name } from '../../../src/registry/model.ts'
import { sound, wordsOfName } from '../../../src/registry/person/names.ts'
import {
  indexRow,
  likenessOf,
  sufficient,
  type Token,
  tokenMaker,
  tokenSets,
  tokensOf,
} from '../../../src/registry/search/search-tokens.ts'

/** Tokens that can be read back: the registry's are keyed hashes, cut short. */
function readable() {
  const known: string[] = []
  const token: Token = (kind, ...parts) => {
    const text = [kind, ...parts].join(' ')
    if (!known.includes(text)) known.push(text)
    return known.indexOf(text)
  }
  return { token, read: (values: readonly number[]) => values.map((value) => known[value] ?? '?') }
}
const tokens = (person: { name: Name; dateOfBirth?: string; address?: Address }) => {
  const { token, read } = readable()
  const names = [wordsOfName(person.name)]
  return read(tokensOf(token, { names, dateOfBirth: person.dateOfBirth, address: person.address })).sort()
}
const sets = (criteria: Criteria) => {
  const { token, read } = readable()
  const { near, far } = tokenSets(token, criteria)
  return { near: near.map(read), far: far.map(read) }
}
const [amina, traore, major] = [sound('amina'), sound('traore'), 'major']

describe('a value of the index', () => {
  const hash32 = (text: string) => (text === 'exact\u0000a\u0000b' ? 0xffff_ffff : 0x8000_0001)

  it('keeps as many bits as the town has, the first ones', () => {
    expect(tokenMaker(hash32, 8)('exact', 'a', 'b')).toBe(0xff)
    expect(tokenMaker(hash32, 16)('exact', 'a', 'c')).toBe(0x8000)
    expect(tokenMaker(hash32, 31)('year', 1990)).toBe(0x4000_0000)
  })

  it('is made of its kind and its parts, which never run together, and once each', () => {
    const asked: string[] = []
    const token = tokenMaker((text) => asked.push(text), 31)
    for (const parts of [['ab', 'c'], ['a', 'bc'], ['abc']]) token('exact', ...parts)
    token('start', 'ab', 'c')
    token('exact', 'ab', 'c')
    expect(new Set(asked).size).toBe(4)
    expect(asked).toHaveLength(4)
  })
})

describe('what somebody is found by', () => {
  it('is pairs of their names, as written, as they begin and as they sound, and no name alone', () => {
    expect(tokens({ name: { given: 'Amina', family: ['Traore'] } })).toEqual(
      [
        'exact amina traore',
        'start ami tra',
        `sound ${[amina, traore].sort().join(' ')}`,
        `sound-year ${amina} unknown`,
        `sound-year ${traore} unknown`,
      ].sort(),
    )
  })

  it('is a name with the year, and with the street, and the street with its number', () => {
    const address: Address = { kind: 'dwelling', streetName: 'Major', number: '12 B' }
    const found = tokens({ name: { given: 'Amina', family: ['Traore'] }, dateOfBirth: '1990-05-17', address })
    expect(found).toEqual(
      [
        'exact amina traore',
        'start ami tra',
        `sound ${[amina, traore].sort().join(' ')}`,
        'start-year ami 1990',
        'start-year tra 1990',
        `sound-year ${amina} 1990`,
        `sound-year ${traore} 1990`,
        'start-street ami maj',
        'start-street tra maj',
        'place 0',
      ].sort(),
    )
  })

  it('is each of the years that a vague date may mean, and none where there are too many to tell', () => {
    const years = (dateOfBirth: string) =>
      tokens({ name: { given: 'Amina', family: ['Traore'] }, dateOfBirth }).filter((one) =>
        one.startsWith(`sound-year ${amina}`),
      )
    expect(years('1990~')).toEqual([1989, 1990, 1991].map((year) => `sound-year ${amina} ${year}`))
    expect(years('199X')).toHaveLength(10)
    expect(years('..1950')).toEqual([`sound-year ${amina} unknown`])
  })

  it('is the one name of whoever has one', () => {
    for (const name of [{ given: 'Wayan' }, { family: ['Wayan'] }])
      expect(tokens({ name })).toEqual([`only ${sound('wayan')}`, `sound-year ${sound('wayan')} unknown`])
    expect(tokens({ name: { given: 'Amina', family: ['Traore'] } }).join()).not.toContain('only')
  })

  it('is the two longest words of a street, and nothing of a place without one', () => {
    const name = { given: 'Wayan' }
    const streets = (address: Address) =>
      tokens({ name, address })
        .filter((one) => one.startsWith('start-street'))
        .map((one) => one.split(' ')[2])
    expect(streets({ kind: 'dwelling', streetName: 'Gran Via Corts Catalanes' })).toEqual(['cat', 'cor'])
    expect(streets({ kind: 'informal-dwelling', description: 'Under the bridge' })).toEqual([])
    expect(tokens({ name, address: { kind: 'dwelling', streetName: 'Major' } }).join()).not.toContain('place')
  })
})

describe('what is enough to look for', () => {
  it.each<[Criteria, boolean]>([
    [{ name: 'Amina Traore' }, true],
    [{ name: 'Amina' }, false],
    [{ name: 'de la' }, false],
    [{ name: 'Amina', dateOfBirth: '1990' }, true],
    [{ name: 'Amina', dateOfBirth: '1990~' }, true],
    [{ name: 'Amina', dateOfBirth: '199X' }, false],
    [{ name: 'Amina', dateOfBirth: 'once' }, false],
    [{ name: 'Amina', street: 'Major' }, true],
    [{ name: 'Wayan', mononym: true }, true],
    [{ name: 'Wayan', mononym: false }, false],
    [{ mononym: true }, false],
    [{ dateOfBirth: '1990-05-17' }, false],
    [{ street: 'Major' }, false],
    [{ number: '12' }, false],
    [{ street: 'Major', number: '12' }, true],
    [{ document: 'X' }, true],
    [{}, false],
  ])('%j: %s', (criteria, enough) => {
    expect(sufficient(criteria)).toBe(enough)
  })
})

describe('where it is looked', () => {
  const heard = `sound ${[amina, traore].sort().join(' ')}`

  it('first by the names as they are written and as they sound, then by how they begin', () => {
    expect(sets({ name: 'Amina Traore' })).toEqual({
      near: [['exact amina traore'], [heard]],
      far: [['start ami tra']],
    })
  })

  it('first by all names with the year, then by some of it, then as if the year were the slip', () => {
    expect(sets({ name: 'Amina Traore', dateOfBirth: '1990' })).toEqual({
      near: [['start-year ami 1990', 'start-year tra 1990', `sound-year ${amina} 1990`, `sound-year ${traore} 1990`]],
      far: [
        ['start-year ami 1990', 'start-year tra 1990'],
        [`sound-year ${amina} 1990`, `sound-year ${traore} 1990`],
        [`sound-year ${amina} 1990`],
        [`sound-year ${traore} 1990`],
        ['exact amina traore'],
        [heard],
        ['start ami tra'],
      ],
    })
    const one = sets({ name: 'Amina', dateOfBirth: '1990' })
    expect(one.near).toEqual([['start-year ami 1990', `sound-year ${amina} 1990`]])
    expect(one.far).toEqual([['start-year ami 1990'], [`sound-year ${amina} 1990`]])
  })

  it('by each year of a vague date', () => {
    const { near } = sets({ name: 'Amina', dateOfBirth: '1990~' })
    expect(near.map(([first]) => first)).toEqual(['start-year ami 1989', 'start-year ami 1990', 'start-year ami 1991'])
  })

  it('by a name with each word of the street, where no date is known', () => {
    expect(sets({ name: 'Amina', street: 'Major' })).toEqual({ near: [['start-street ami maj']], far: [] })
    expect(sets({ name: 'Amina', street: 'Major', dateOfBirth: '1990' }).near[0]?.[0]).toBe('start-year ami 1990')
  })

  it('by a street with its number, where no name is known', () => {
    expect(sets({ street: 'Major', number: '12 B' })).toEqual({ near: [['place 0']], far: [] })
    expect(sets({ street: major }).near).toEqual([])
  })

  it('by each pair alone where three words are known: one of them may be wrong', () => {
    const { near, far } = sets({ name: 'Amina Traore Sy' })
    expect(near[0]).toEqual(['exact amina traore', 'exact amina sy', 'exact sy traore'])
    expect(far).toEqual(
      expect.arrayContaining([['exact amina traore'], ['exact amina sy'], ['exact sy traore'], [heard]]),
    )
    expect(sets({ name: 'Amina Traore' }).far).not.toContainEqual(['exact amina traore'])
  })

  it('by one name where it is the only one', () => {
    expect(sets({ name: 'Wayan', mononym: true }).near).toContainEqual([`only ${sound('wayan')}`])
    expect(sets({ name: 'Wayan' }).near).not.toContainEqual([`only ${sound('wayan')}`])
  })

  it('by five words at the most', () => {
    const words = new Set(
      sets({ name: 'Aa Bb Cc Dd Ee Ff' })
        .near.flat()
        .flatMap((one) => one.split(' ').slice(1)),
    )
    expect(words).not.toContain('ff')
  })
})

describe('what is kept of somebody', () => {
  const hash32 = (text: string) => createHmac('sha256', 'of this town').update(text).digest().readUInt32BE()
  const token = tokenMaker(hash32, 16)
  const row = (person: { name: Name; dateOfBirth?: string; address?: Address }, id = 'somebody') => {
    const values = tokensOf(token, {
      names: [wordsOfName(person.name)],
      dateOfBirth: person.dateOfBirth,
      address: person.address,
    })
    return { values, row: indexRow(token, id, values) }
  }
  const amina1990 = { name: { given: 'Amina', family: ['Traore'] }, dateOfBirth: '1990' }

  it('is in order, each value once, and of a length that few things are', () => {
    const whole: Address = { kind: 'dwelling', streetName: 'Gran Via de les Corts', number: '12' }
    const long = { ...amina1990, name: { given: 'Amina Fatou', family: ['Traore', 'Sy'] }, address: whole }
    const lengths = [row({ name: { given: 'Wayan' } }), row(amina1990), row(long)].map(({ values, row: kept }) => {
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b))
      expect(values.every((value) => kept.includes(value))).toBe(true)
      return kept.length
    })
    expect(lengths).toEqual([24, 24, 48])
    expect(
      indexRow(
        token,
        'x',
        Array.from({ length: 100 }, (_, i) => i),
      ),
    ).toHaveLength(192)
  })

  it('is filled up with values that are the same each time, and others for somebody else', () => {
    expect(row(amina1990).row).toEqual(row(amina1990).row)
    const filled = (id: string) => row(amina1990, id).row.filter((value) => !row(amina1990).values.includes(value))
    expect(filled('one').filter((value) => filled('two').includes(value)).length).toBeLessThan(2)
    // After a move what is new in a row is no more than what is new about them.
    const moved = { ...amina1990, address: { kind: 'dwelling', streetName: 'Nova', number: '1' } as Address }
    const fresh = row(moved).row.filter((value) => !row(amina1990).row.includes(value))
    expect(fresh.every((value) => row(moved).values.includes(value))).toBe(true)
  })

  it.each([
    ['Carrer del Garbí', 'garbi', true],
    ['Garbí', 'carrer garbí', true],
    ['Avinguda de la Mar', 'mar', true],
    ['شارع النور', 'النور', true],
    ['Passatge', 'passatge', true],
    ['Gran Via de les Corts Catalanes', 'corts catalanes', true],
    ['Carrer del Garbí', 'Carrer de la Mar', false],
  ])('%s is looked for as %s: %s, whatever kind of way is written', (streetName, street, found) => {
    const address: Address = { kind: 'dwelling', streetName, number: '11' }
    // Nothing cut short, so that what is found is found for what it is called.
    const whole = tokenMaker((text) => (text.startsWith('place') ? Number(text.split('\u0000')[1]) : hash32(text)), 32)
    const [[value] = []] = tokenSets(whole, { street, number: '11' }).near
    expect(tokensOf(whole, { names: [wordsOfName({ given: 'Wayan' })], address }).includes(value ?? -1)).toBe(found)
  })

  it('has no value for one building: a street and a number share it with others', () => {
    const places = (number: number) => tokenSets(token, { street: 'Major', number: String(number) }).near.flat()[0]
    const all = Array.from({ length: 4_000 }, (_, i) => places(i))
    // Of 16 bits eight are left: sixteen buildings of these to a value.
    expect(new Set(all).size).toBeLessThanOrEqual(256)
    expect(new Set(all).size).toBeGreaterThan(200)
  })
})

describe('what two clerks who register one person have in common', () => {
  const likeness = (name: Name, dateOfBirth?: string) => {
    const { token, read } = readable()
    const { locks, sets: looked } = likenessOf(token, wordsOfName(name), dateOfBirth)
    return { locks: read(locks), sets: looked.map(read) }
  }
  const who = `sound ${[amina, traore].sort().join(' ')}`

  it('is how the first name and the first family name sound, whatever the others', () => {
    expect(likeness({ given: 'Amina', family: ['Traore'] })).toEqual({ locks: [who], sets: [[who]] })
    expect(likeness({ given: 'Amina Fatou', family: ['Traore', 'Sy'] }).locks).toEqual([who])
    expect(likeness({ given: 'Wayan' }).locks).toEqual([`only ${sound('wayan')}`])
  })

  it('is looked for in each of the years, and among those whose date nobody knows', () => {
    expect(likeness({ given: 'Amina', family: ['Traore'] }, '1990').sets).toEqual([
      [who, `sound-year ${amina} 1990`],
      [who, `sound-year ${amina} unknown`],
    ])
    expect(likeness({ given: 'Amina', family: ['Traore'] }, '1990~').sets).toHaveLength(4)
    expect(likeness({ given: 'Amina', family: ['Traore'] }, '..1950').sets).toEqual([[who]])
  })
})
