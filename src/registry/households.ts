import { type Expression, sql } from 'kysely'
import type { SealedPart } from '../firewall/gate.ts'
import { wrappedKey } from '../firewall/municipality-keys.ts'
import type { Requester } from '../firewall/requester.ts'
import type { Transaction } from '../platform/database.ts'
import type { RegistryDeps } from './deps.ts'
import type { Address } from './model.ts'
import type { Municipality } from './municipality.ts'

/**
 * Hands the address of a household to the clerk who is adding someone to it.
 *
 * @returns undefined when there is no such household in this municipality
 */
export async function householdAddress(
  deps: RegistryDeps,
  town: Municipality,
  requester: Requester,
  householdId: string,
  purpose = 'registration',
): Promise<Address | undefined> {
  const action = purpose === 'registration' ? 'register' : 'open'
  let address: Address | undefined
  await deps.gate.open<{ address: Address }, 'address', void>(
    { municipalityId: town.id, requester, action, purpose, fields: ['address'] },
    async (transaction) => {
      const row = await transaction
        .selectFrom('households')
        .innerJoin('addresses', 'addresses.id', 'households.address_id')
        .innerJoin('data_keys', 'data_keys.id', 'addresses.id')
        .select(['addresses.id', 'addresses.kind', 'place', 'reference', 'usual_area'])
        .select(['data_keys.municipality_id', 'data_keys.owner', 'registry_key_id', 'wrapped'])
        // Where everyone hides, or nobody lives any more, there is no household to join.
        .select((home) => isEmptyTo(home.ref('households.id')).as('hidden'))
        .where('households.id', '=', householdId)
        .executeTakeFirst()
      if (row === undefined) return []
      const parts = (['place', 'reference', 'usual_area'] as const).flatMap(
        (column): SealedPart<{ address: Address }>[] => {
          const sealed = row[column]
          if (sealed === null) return []
          return [
            {
              place: { table: 'addresses', column, row: row.id },
              sealed,
              keyId: row.id,
              holds: ['address'],
              assemble: (record, value) => {
                record.address = { ...(record.address ?? { kind: row.kind }), ...(value as object) } as Address
              },
            },
          ]
        },
      )
      return [{ subject: row.id, protected: row.hidden, keys: [wrappedKey(row)], parts, facts: {} }]
    },
    (records) => {
      address = records[0]?.address
    },
  )
  return address
}

/** Whether nobody lives in a household whom the one who asks may know of. */
const isEmptyTo = (householdId: Expression<string>) => sql<boolean>`not exists (
  select from residences r join neighbours mate on mate.id = r.neighbour_id
  where r.household_id = ${householdId} and r.superseded_at is null and r.valid_to is null
    and not is_hidden(mate.id, mate.protected))`

/** Everyone registered on a day in the household a neighbour is in, inside a transaction of the gate's. */
export async function householdMembers(
  transaction: Transaction,
  neighbourId: string,
  day: Temporal.PlainDate,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select mate.neighbour_id as id from residences own
    join residences mate on mate.household_id = own.household_id and mate.superseded_at is null
      and mate.valid_from <= ${day.toString()}::date and (mate.valid_to is null or mate.valid_to > ${day.toString()}::date)
    where own.neighbour_id = ${neighbourId} and own.superseded_at is null
      and own.valid_from <= ${day.toString()}::date and (own.valid_to is null or own.valid_to > ${day.toString()}::date)
    order by mate.recorded_at, mate.neighbour_id`.execute(transaction)
  return rows.map(({ id }) => id)
}
