import type { DataKey } from '../keys/seal.ts'
import type { Transaction } from '../platform/database.ts'
import { cardsOfTheGone, keepFarewell } from './resident-store.ts'
import type { Removal } from './telling.ts'

// What whoever holds a card is told once it opens nothing any more. It lies with the card, sealed to the town, since the record is not
// opened for somebody who is no neighbour; and with each card of somebody who left, whether there is something to tell or not.

const STEP = 64
const farewellAt = (cardId: string) => ({ table: 'resident_cards', column: 'farewell', row: cardId })

/**
 * Leaves it with the cards that a departure ended. Of the dead nothing is said: whoever holds the card is not them.
 *
 * @param removal undefined where there is nothing to tell
 */
export async function leaveFarewell(
  transaction: Transaction,
  { ledger, neighbourId, removal }: { ledger: DataKey; neighbourId: string; removal: Removal | undefined },
): Promise<void> {
  for (const { id } of await cardsOfTheGone(transaction, neighbourId))
    await keepFarewell(transaction, {
      id,
      farewell: Buffer.from(ledger.sealUnnamed(farewellAt(id), removal ?? null, STEP)),
    })
}

/** What a card that has ended tells its holder; undefined where that is nothing. */
export const farewellOf = (
  ledger: DataKey,
  { id, farewell }: { id: string; farewell: Uint8Array | null },
): Removal | undefined =>
  farewell === null ? undefined : ((ledger.openUnnamed(farewellAt(id), farewell) as Removal | null) ?? undefined)
