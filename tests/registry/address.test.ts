import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressText } from '../../src/proofs/address-text.ts'
import { Address } from '../../src/registry/model.ts'

const KINDS = ['dwelling', 'informal-dwelling', 'collective'] as const

describe('an address', () => {
  it.each([
    { kind: 'dwelling' },
    { kind: 'dwelling', number: '3', floor: '2', postcode: '99001' },
    { kind: 'dwelling', streetName: '.' },
    { kind: 'dwelling', streetName: ' - ', description: '…' },
    { kind: 'informal-dwelling' },
    { kind: 'informal-dwelling', coordinates: { latitude: 41, longitude: 1 } },
    { kind: 'collective' },
    { kind: 'collective', streetType: 'carrer' },
    { kind: 'no-fixed-address', referenceAddress: {} },
    { kind: 'no-fixed-address', referenceAddress: { number: '3' } },
  ])('that says nothing is none: %j', (address) => {
    expect(Address.safeParse(address).success).toBe(false)
  })

  it.each([
    { kind: 'dwelling', streetName: 'Nou' },
    { kind: 'dwelling', description: 'Mas Rovira' },
    { kind: 'informal-dwelling', streetName: 'Nou' },
    { kind: 'informal-dwelling', description: 'قرب الجسر' },
    { kind: 'collective', name: 'Night shelter' },
    { kind: 'no-fixed-address' },
  ])('is a street, or words by which a place is found: %j', (address) => {
    expect(Address.safeParse(address).success).toBe(true)
  })

  it('that is accepted always has something to stand on a paper', () => {
    const part = fc.option(fc.string({ maxLength: 12 }), { nil: undefined })
    const place = fc.record(
      { streetName: part, number: part, postcode: part, description: part, name: part, floor: part },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), place, (kind, said) => {
        const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
        const parsed = Address.safeParse({ kind, ...given })
        if (parsed.success) expect(addressText(parsed.data)).toMatch(/[\p{L}\p{N}]/u)
      }),
      { numRuns: 2000 },
    )
  })
})
