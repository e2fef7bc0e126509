import type { Config } from '../config.ts'
import type { Database } from '../platform/database.ts'
import { listMunicipalities } from '../town/store.ts'
import { roomsOver } from './rooms.ts'

/** Writes down, in every town's ledger, that keys were made, moved, withdrawn or destroyed. */
export async function recordKeyOperation(
  config: Config,
  { owner, action, occasion = {} }: { owner: Database; action: string; occasion?: Record<string, string> | undefined },
): Promise<void> {
  const { gate } = await roomsOver(owner, config)
  const by = { kind: 'job', id: 'padron keys' } as const
  for (const town of await listMunicipalities(owner)) await gate.record(town.id, { by, action, occasion })
}
