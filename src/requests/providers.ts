import { z } from '@hono/zod-openapi'
import type { Disclosed } from '../firewall/disclosed.ts'
import { CLIENT_ID, endMachine, type MachineEnding } from '../firewall/machines.ts'
import type { Staff } from '../firewall/requester.ts'
import { mustBeKnown } from '../oversight/closing.ts'
import { enrolling } from '../oversight/decide-act.ts'
import { type ProviderStanding, standingOfOrganisation } from '../oversight/provider-standing.ts'
import { inMunicipality } from '../platform/database.ts'
import { NotFound } from '../platform/problem.ts'
import { lettersIn, newReference } from '../platform/reference.ts'
import type { RegistryDeps } from '../registry/deps.ts'
import type { Acting, Municipality } from '../town/model.ts'
import { requestsOf, type WaitingRequest } from './ask-for-machine.ts'
import { keepOrganisationCode, organisationOfApplication, organisationUnder } from './store.ts'

/** An organisation as it sees itself. RFC 3339 times. */
export interface Provider extends ProviderStanding {
  /** What it asked for its machines and two officers have not decided yet. */
  waiting: WaitingRequest[]
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
  const { ledger } = await deps.gate.keysOf(town.id)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const provider = await standingOfOrganisation(transaction, organisationId, deps.clock.now())
    if (provider === undefined) throw new NotFound()
    return { ...provider, waiting: await requestsOf(transaction, ledger, organisationId) }
  })
}

/** Ends what is an organisation's own, at once and for good. @throws {NotFound} where it is not */
export async function endOwn(
  deps: RegistryDeps,
  town: Municipality,
  { organisationId, ending }: { organisationId: string; ending: MachineEnding },
): Promise<void> {
  await inMunicipality(deps.database, town.id, (transaction) =>
    endMachine(transaction, { clock: deps.clock, organisationId, machineEnding: ending }),
  )
}

/** Whom a code speaks for: the organisation it was last given to; of one that has a newer code an older opens nothing. */
export async function organisationOf(
  deps: RegistryDeps,
  town: Municipality,
  typed: string,
): Promise<string | undefined> {
  const { hash } = await deps.gate.keysOf(town.id)
  const reference_hash = hash(`application ${lettersIn(typed)}`)
  return inMunicipality(deps.database, town.id, async (transaction) => {
    const given = await organisationUnder(transaction, reference_hash)
    if (given) return given.organisation_id
    const applied = await organisationOfApplication(transaction, reference_hash)
    return applied?.renewed == null ? (applied?.organisation_id ?? undefined) : undefined
  })
}

/**
 * Gives an organisation a new code: the one it had opens nothing from then on. It adds nothing, so one officer is enough.
 *
 * @throws {NotFound} {Refusal} for anyone but legal officers
 */
export async function giveCode(
  deps: RegistryDeps,
  { town, by: officer }: Acting<Staff>,
  organisationId: string,
): Promise<Disclosed<string>> {
  const { hash } = await deps.gate.keysOf(town.id)
  const { letters, shown } = newReference()
  return deps.gate.decide(enrolling(town.id, officer), async (transaction, also) => {
    await mustBeKnown(transaction, [organisationId])
    const given = {
      reference_hash: hash(`application ${letters}`),
      given_at: deps.clock.now().toString(),
      given_by: officer.id,
    }
    await keepOrganisationCode(transaction, { organisationId, municipalityId: town.id, given })
    also({ by: officer, action: 'organisation-code-given', occasion: {} })
    return shown
  })
}
