import type { Gate } from '../firewall/model.ts'
import { Refusal } from '../firewall/requester.ts'
import { NotFound } from '../platform/problem.ts'
import { type Profile, profiles } from './profiles.ts'

/**
 * What a service may learn, of a town that has agreed to it. A release that lets one learn more does so once the town has.
 *
 * @throws {NotFound} of a service there is not
 * @throws {Refusal} where the town has agreed to less
 */
export async function agreedProfile(
  { gate }: { gate: Pick<Gate, 'givesService'> },
  town: { id: string },
  id: string,
): Promise<Profile> {
  const profile = profiles.get(id)
  if (profile === undefined) throw new NotFound()
  if (!(await gate.givesService(town.id, profile))) throw new Refusal()
  return profile
}
