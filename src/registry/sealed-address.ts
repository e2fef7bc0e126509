import type { KeyProvider } from '../keys/key-provider.ts'
import { type CiphertextLocation, newDataKey, type WrappedKey } from '../keys/seal.ts'
import { uuidv7 } from '../platform/clock.ts'
import type { Municipality } from '../town/model.ts'
import { nearestReference } from '../town/reference-addresses.ts'
import type { Address } from './model.ts'

// An address has a key of its own: whoever opens a person has not opened where they live.

const COLUMNS = ['place', 'reference', 'usual_area'] as const
type Column = (typeof COLUMNS)[number]

export const addressLocation = (id: string, column: string): CiphertextLocation => ({
  table: 'addresses',
  column,
  row: id,
})

/** An address sealed to a new key. */
export interface SealedAddress {
  id: string
  kind: Address['kind']
  wrapped: WrappedKey
  /** Each column that holds something. */
  sealed: Record<Column, Uint8Array | null>
}

export function sealAddress(keys: KeyProvider, town: Municipality, address: Address): SealedAddress {
  const id = uuidv7()
  const key = newDataKey(id)
  const columns = addressColumns(address, town)
  const seal = (column: Column) =>
    columns[column] === undefined ? null : key.seal(addressLocation(id, column), columns[column])
  return {
    id,
    kind: address.kind,
    wrapped: key.wrap(keys, town.id, 'address'),
    sealed: { place: seal('place'), reference: seal('reference'), usual_area: seal('usual_area') },
  }
}

/** The sealed columns of an address that hold something. */
export const addressParts = (row: Readonly<Record<Column, Uint8Array | null>>): [Column, Uint8Array][] =>
  COLUMNS.flatMap((column): [Column, Uint8Array][] => {
    const sealed = row[column]
    return sealed === null ? [] : [[column, sealed]]
  })

/** How an address is split over its sealed columns; who names no reference address has the nearest. */
export function addressColumns(
  address: Address,
  town: Pick<Municipality, 'referenceAddress' | 'referenceAddresses'>,
): Partial<Record<Column, object>> {
  if (address.kind === 'no-fixed-address') {
    return {
      reference: { referenceAddress: address.referenceAddress ?? nearestReference(town, address.usualArea) },
      ...(address.usualArea === undefined ? {} : { usual_area: { usualArea: address.usualArea } }),
    }
  }
  const { kind: _, ...place } = address
  return { place }
}
