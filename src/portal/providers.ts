import { z } from '@hono/zod-openapi'
import { CLIENT_ID, endMachine, type MachineEnding } from '../firewall/machines.ts'
import { type ProviderStanding, standingOfOrganisation } from '../firewall/provider-standing.ts'
import { inMunicipality } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Municipality } from '../registry/municipality.ts'
import { type MachineRequest, requestsOf } from './applications.ts'

/** An organisation as it sees itself. RFC 3339 times. */
export interface Provider extends ProviderStanding {
  /** What it asked for its machines and two officers have not decided yet. */
  waiting: { kind: MachineRequest['kind']; receivedAt: string }[]
}

/** What is ended: a machine by its client id, or one of its keys. */
export const Ending = z.strictObject({
  client: z.string().regex(CLIENT_ID),
  thumbprint: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
})

/** How an organisation stands, for whoever speaks for it: its machine, or who holds the code that it applied with. @throws {NotFound} */
export async function providerOf(deps: RegistryDeps, town: Municipality, organisationId: string): Promise<Provider> {
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const standing = await standingOfOrganisation(transaction, organisationId, deps.clock.now())
    if (standing === undefined) throw new NotFound()
    return { ...standing, waiting: await requestsOf(transaction, organisationId) }
  })
}

/** Ends what is an organisation's own, at once and for good. @throws {NotFound} where it is not */
export async function endOwn(
  deps: RegistryDeps,
  town: Municipality,
  organisationId: string,
  ending: MachineEnding,
): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    endMachine(transaction, deps.clock, organisationId, ending),
  )
}
