import { foldedWords } from '../platform/folded-words.ts'
import type { ReferenceAddress } from './address.ts'
import type { KeptPost, Municipality } from './model.ts'

type Towns = Pick<Municipality, 'referenceAddress' | 'referenceAddresses'>

/** As in l’Estació, d’Horta. */
const ELISION = /(?<!\p{L})[dl]['’]/giu

/** All of a town's, the one for everybody first. */
export const referenceAddressesOf = ({ referenceAddress, referenceAddresses }: Towns): ReferenceAddress[] => [
  referenceAddress,
  ...referenceAddresses.map(({ near: _, ...address }) => address),
]

/**
 * The one nearest to where somebody usually is, by the words they say it in; the one for everybody where no word helps.
 * Accents, capitals and scripts do not matter.
 */
export function nearestReference(town: Towns, usualArea: string | undefined): ReferenceAddress {
  const said = new Set(foldedWords((usualArea ?? '').replaceAll(ELISION, ' ')))
  const fits = ({ near = [], postcode }: KeptPost) =>
    [...near, ...(postcode ? [postcode] : [])].filter((place) => {
      const words = foldedWords(place.replaceAll(ELISION, ' '))
      return words.length > 0 && words.every((word) => said.has(word))
    }).length
  const best = town.referenceAddresses
    .map((address) => ({ address, fit: fits(address) }))
    .filter(({ fit }) => fit > 0)
    .sort((a, b) => b.fit - a.fit)[0]
  if (best === undefined) return town.referenceAddress
  const { near: _, ...address } = best.address
  return address
}
