import type { Address } from '../registry/model.ts'
import type { Place, ReferenceAddress } from '../town/address.ts'

/** An address as it stands on an envelope, one part a line. */
export function addressLines(address: Address): string[] {
  switch (address.kind) {
    case 'dwelling':
    case 'informal-dwelling':
      return [...(address.description ? [address.description] : []), ...placeLines(address)]
    case 'collective':
      return [...(address.name ? [address.name] : []), ...placeLines(address)]
    case 'no-fixed-address':
      return address.referenceAddress ? referenceLines(address.referenceAddress) : []
  }
}

/** The same in one line. */
export const addressText = (address: Address) => addressLines(address).join(', ')

const referenceLines = ({ name, ...place }: ReferenceAddress) => [...(name ? [name] : []), ...placeLines(place)]

function placeLines(place: Place): string[] {
  const street = [place.streetType, place.streetName, place.number].filter(Boolean).join(' ')
  const inside = [place.block, place.stair, place.floor, place.door].filter(Boolean).join(' ')
  return [[street, inside].filter(Boolean).join(', '), place.postcode ?? ''].filter((line) => line !== '')
}
