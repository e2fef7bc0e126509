import { ConfigInvalid } from '../config.ts'
import type { Staff } from '../firewall/requester.ts'
import type { Database } from '../platform/database.ts'
import { pendingMigrations } from '../platform/migrations.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import { registerNeighbour } from '../registry/register/register.ts'
import type { Municipality } from '../town/model.ts'
import { listMunicipalities } from '../town/store.ts'
import { DEMO_SLUG } from './demo-town.ts'
import { inventedNeighbour } from './invented-neighbours.ts'

/**
 * Registers invented neighbours the way a clerk would, through the gate. Each has an idempotency key of its
 * own, so that an interrupted run goes on where it stopped and a second one adds nobody. Their years are confirmed.
 */
export async function seedNeighbours(
  deps: RegistryDeps,
  town: Municipality,
  {
    officeId,
    count,
    progress = () => {},
  }: { officeId: string; count: number; progress?: ((done: number) => void) | undefined },
): Promise<void> {
  const clerk: Staff = { kind: 'staff', id: 'seed', role: 'clerk', organisationId: officeId }
  for (let done = 0; done < count; done += 16) {
    const batch = Array.from({ length: Math.min(16, count - done) }, (_, n) => done + n)
    await Promise.all(
      batch.map((i) =>
        registerNeighbour(
          deps,
          { town, by: clerk },
          { form: inventedNeighbour(i), idempotencyKey: `invented-${i}`, source: 'register' },
        ),
      ),
    )
    progress(done + batch.length)
  }
}

/**
 * Invented people are put beside no real town.
 *
 * @throws {ConfigInvalid} where the database holds any other than the invented one
 */
export async function mustBeInvented(owner: Database): Promise<void> {
  const pending = await pendingMigrations(owner)
  const real = pending.length > 0 ? [] : (await listMunicipalities(owner)).filter(({ slug }) => slug !== DEMO_SLUG)
  if (real.length > 0)
    throw new ConfigInvalid(
      `DEMO: this database holds ${real.map(({ slug }) => slug).join(', ')}. Nothing invented is put beside a real town.`,
    )
}
