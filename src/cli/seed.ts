import type { Staff } from '../firewall/requester.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { registerNeighbour } from '../registry/register.ts'
import { inventedNeighbour } from './invented-neighbours.ts'

/**
 * Registers invented neighbours the way a clerk would, through the gate. Each has an idempotency key of its
 * own, so that an interrupted run goes on where it stopped and a second one adds nobody. Their years are confirmed.
 */
export async function seedNeighbours(
  deps: RegistryDeps,
  town: Municipality,
  officeId: string,
  count: number,
  progress: (done: number) => void = () => {},
): Promise<void> {
  const clerk: Staff = { kind: 'staff', id: 'seed', role: 'clerk', organisationId: officeId }
  for (let done = 0; done < count; done += 16) {
    const batch = Array.from({ length: Math.min(16, count - done) }, (_, n) => done + n)
    await Promise.all(
      batch.map((i) => registerNeighbour(deps, town, clerk, inventedNeighbour(i), `invented-${i}`, 'register')),
    )
    progress(done + batch.length)
  }
}
