import { latinDigits } from '../../platform/digits.ts'
import { type Address, Address as AddressSchema } from '../../registry/model.ts'
import { referenceAddressesOf } from '../../town/reference-addresses.ts'
import type { Faults } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import { boxText } from '../ui/problem-page.tsx'
import type { Typed } from './typed.ts'

/** In which box each part of an address is typed. */
export const ADDRESS_BOXES: Readonly<Record<string, string>> = {
  ...{ streetName: 'street', number: 'number', floor: 'floor', postcode: 'postcode' },
  ...{ description: 'description', name: 'description', usualArea: 'usual' },
}

/** The boxes of each kind of address. */
export const PLACED = ['description', 'street', 'number', 'floor', 'postcode', 'district', 'point']

export const BOXES: Record<Address['kind'], readonly string[]> = {
  dwelling: PLACED,
  'informal-dwelling': PLACED,
  collective: PLACED,
  'no-fixed-address': ['usual', 'keptAt'],
}

/** Where somebody lives, as typed, and what is wrong with it: no kind, no street or words by which it is found, a box that would be lost. */
export function addressIn(typed: Typed, town: Towns, t: Texts): { address: Address | undefined; faults: Faults } {
  const get = (name: string) => (typed[name] ?? '').trim()
  const part = (key: string, name: string) => (get(name) ? { [key]: get(name) } : {})
  const number = (key: string, name: string) => (get(name) ? { [key]: latinDigits(get(name)) } : {})
  const kind = get('where')
  const [, district] = /^(\d{1,2})$/.exec(latinDigits(get('district'))) ?? []
  const point = pointIn(latinDigits(get('point')))
  const place = {
    ...part('streetName', 'street'),
    ...number('number', 'number'),
    ...number('floor', 'floor'),
    ...number('postcode', 'postcode'),
    ...(district ? { territory: { district: district.padStart(2, '0') } } : {}),
    ...point,
  }
  // Nothing chosen: the registry takes the nearest.
  const kept = /^\d{1,2}$/.test(get('keptAt')) ? referenceAddressesOf(town)[Number(get('keptAt'))] : undefined
  const addresses: Record<Address['kind'], Address> = {
    dwelling: { kind: 'dwelling', ...part('description', 'description'), ...place },
    'informal-dwelling': { kind: 'informal-dwelling', ...part('description', 'description'), ...place },
    collective: { kind: 'collective', ...part('name', 'description'), ...place },
    'no-fixed-address': {
      kind: 'no-fixed-address',
      ...part('usualArea', 'usual'),
      ...(kept === undefined ? {} : { referenceAddress: kept }),
    },
  }
  const faults: Record<string, string> = {}
  if (get('district') && !district) faults.district = t['problem.district']
  if (get('point') && !point.coordinates) faults.point = t['problem.point']
  if (!isKind(kind)) return { address: undefined, faults: { where: t['problem.whereMissing'], ...faults } }
  const own = BOXES[kind]
  for (const name of Object.values(BOXES).flat())
    if (!own.includes(name) && get(name)) faults[name] = t['problem.otherAnswer']
  const parsed = AddressSchema.safeParse(addresses[kind])
  if (!parsed.success)
    for (const { code, path } of parsed.error.issues) {
      const box = ADDRESS_BOXES[String(path[0])]
      if (box === undefined || code === 'custom') faults.where = t['problem.placeMissing']
      else faults[box] ??= boxText(t, get(box), code === 'too_big')
    }
  return { address: addresses[kind], faults }
}

export type Towns = Parameters<typeof referenceAddressesOf>[0]

/** A point as people have it: two numbers, a `geo:` address, a link copied from a map. @see RFC 5870 */
export function pointIn(text: string): { coordinates?: { latitude: number; longitude: number } } {
  const [, north, east] = /(-?\d{1,2}\.\d+)\s*[,;/ ]\s*(-?\d{1,3}\.\d+)/.exec(text) ?? []
  const [latitude, longitude] = [Number(north), Number(east)]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { coordinates: { latitude, longitude } } : {}
}

export const isKind = (kind: string): kind is Address['kind'] => Object.hasOwn(BOXES, kind)
