import { describe, expect, it } from 'vitest'
import { WEIGHTS } from '../../src/firewall/leaving.ts'
import { purposes } from '../../src/firewall/policies.ts'
import { PARTICULARS, WRITTEN } from '../../src/registry/particulars.ts'
import { OPENABLE } from '../../src/registry/person/neighbours.ts'

/** Every field that some purpose opens. */
const fields = new Set([...purposes.values()].flatMap((purpose) => purpose.fields))

describe('a field of a neighbour', () => {
  it('weighs something wherever it may be shown: one without a weight would leave uncounted', () => {
    expect([...fields].filter((field) => !Object.hasOwn(WEIGHTS, field))).toEqual([])
  })

  it('is opened by some purpose where it can be asked for', () => {
    expect(OPENABLE.filter((field) => !fields.has(field))).toEqual([])
  })

  it('that a registration writes down is one that a record can show again', () => {
    expect(WRITTEN.filter((field) => !OPENABLE.some((openable) => openable === field))).toEqual([])
  })

  it('stands in one ciphertext and no other', () => {
    const all = Object.values(PARTICULARS).flat()
    expect(new Set(all).size).toBe(all.length)
  })
})
