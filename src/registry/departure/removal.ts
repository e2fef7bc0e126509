import type { UnitOfWork } from '../../firewall/model.ts'
import { leaveFarewell } from '../../identity/farewell.ts'
import type { Removal } from '../../identity/telling.ts'
import type { Municipality } from '../../town/model.ts'
import type { RegistryDeps } from '../deps.ts'
import { type MovementInForce, movementsInForce } from './movements-in-force.ts'

/**
 * What whoever held a card is told once it opens nothing any more. Of the dead, and of somebody whose record was
 * joined to another, nothing is said: whoever holds the card is not them, or has a new one. That they came back is not
 * said either: the card opens then what it opened before.
 *
 * @returns undefined when there is nothing to tell
 */
function removalIn(movements: readonly MovementInForce[]): Removal | undefined {
  const latest = movements.findLast(({ kind }) => kind === 'departure')
  if (latest === undefined || movements.some(({ cause }) => cause === 'death')) return undefined
  const { cause, effectiveOn: since } = latest
  return cause === 'moved-away' || cause === 'wrongly-registered' ? { cause, since } : undefined
}

/** Writes anew what the cards of somebody tell that ended with a departure, by what stands: after each act that may change it. */
export async function retellCards(
  deps: Pick<RegistryDeps, 'gate'>,
  { unit, town, neighbourId }: { unit: UnitOfWork; town: Municipality; neighbourId: string },
): Promise<void> {
  const { ledger } = await deps.gate.keysOf(town.id)
  const removal = removalIn(await movementsInForce(unit, neighbourId))
  await leaveFarewell(unit.transaction, { ledger, neighbourId, removal })
}
