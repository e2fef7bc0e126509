import type { AppDeps, Rooms } from '../app.tsx'
import type { Config } from '../config.ts'
import type { PolicyEngine } from '../firewall/policies.ts'
import { systemClock } from '../platform/clock.ts'
import type { Database } from '../platform/database.ts'
import { configuredKeys, readyEpochs } from './stores.ts'

/** The rules in force. The engine is loaded for whoever needs it. */
export async function configuredPolicies(): Promise<PolicyEngine> {
  const [cedar, { loadPolicies }] = await Promise.all([
    import('@cedar-policy/cedar-wasm/nodejs'),
    import('../firewall/policies.ts'),
  ])
  return loadPolicies(cedar)
}

/** The service's rooms, for a command that does what the service does. They bring with them nearly all that it is made of. */
export async function roomsOver(
  owner: Database,
  config: Config,
  more: Partial<Pick<AppDeps, 'keys' | 'policies'>> = {},
): Promise<Rooms> {
  const keys = more.keys ?? configuredKeys(config)
  if (more.keys === undefined) await readyEpochs(config, owner, keys)
  const [{ composeRooms }, policies] = await Promise.all([import('../app.tsx'), more.policies ?? configuredPolicies()])
  return composeRooms({ database: owner, clock: systemClock, keys, policies })
}
