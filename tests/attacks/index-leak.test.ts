import { describe, expect, it } from 'vitest'
import { wordsOfName } from '../../src/registry/person/names.ts'
import { indexRow, tokenMaker, tokensOf } from '../../src/registry/search/search-tokens.ts'
import { blindIndexBits } from '../../src/town/store.ts'
import { pairAttack } from '../support/index-attack.ts'
import { Facts, keyedHash } from '../support/index-dump.ts'
import { infer } from '../support/index-inference.ts'
import { type Townsperson, town } from '../support/index-town.ts'

// Somebody with a dump and no key, who has made a town of their own in the same way, looks for two rows of one building or one year.
// Of 1,000 people here; of 2,000, and with people known beforehand: `node tests/bench/index-leak.ts`.

const SIZE = 1_000
/** What the product keeps of a town, under a key. */
function kept(people: readonly Townsperson[], key: string) {
  const token = tokenMaker(keyedHash(key), blindIndexBits(SIZE))
  return people.map(({ name, dateOfBirth, address }, i) =>
    indexRow(token, `${key} ${i}`, tokensOf(token, { names: [wordsOfName(name)], dateOfBirth, address })),
  )
}

describe('the index in a dump', () => {
  const [people, own] = [town(SIZE, 1), town(SIZE, 2)]
  const facts = new Facts(SIZE)
  const open = {
    facts,
    people: town(3_000, 3),
    shadow: {
      people: own,
      dump: { rows: kept(own, 'ours') },
      facts: own.map((person) => facts.of(person)),
    },
  }

  it('tells no two households of one building, nor two neighbours of one year, better than three times in ten', () => {
    const attack = pairAttack({ rows: kept(people, 'theirs') }, people, open)
    const figures = attack.tell([], infer(attack.counted, [], open))
    const of = (kind: string) => figures.find((one) => one.kind === kind)
    for (const kind of ['same building, not one household', 'same year']) {
      expect(of(kind)?.base, kind).toBeGreaterThan(0)
      expect(of(kind)?.precision, kind).toBeLessThan(0.3)
    }
  })

  it('would tell both in the order its values are made in, one for the year and one for the building: the attack works', () => {
    // As the index was before: a value for the year by itself, and one for the street with its number.
    const earlier = (of: readonly Townsperson[], key: string) => {
      const token = tokenMaker(keyedHash(key), blindIndexBits(SIZE))
      return of.map(({ name, dateOfBirth, address }) => [
        ...tokensOf(token, { names: [wordsOfName(name)], dateOfBirth, address }),
        token('year', dateOfBirth),
        token('street-number', address.streetName, address.number),
      ])
    }
    const shadow = { ...open.shadow, dump: { rows: earlier(own, 'ours').map((row) => row.sort((a, b) => a - b)) } }
    const dump = { rows: earlier(people, 'theirs').map((row) => row.sort((a, b) => a - b)) }
    const attack = pairAttack(dump, people, { ...open, shadow })
    const figures = attack.tell([], infer(attack.counted, [], { ...open, shadow }))
    const worst = Math.max(...figures.filter(({ kind }) => kind !== 'relatives').map(({ precision }) => precision))
    expect(worst).toBeGreaterThan(0.3)
  })
})
