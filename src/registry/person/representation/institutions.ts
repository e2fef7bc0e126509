import type { UnitOfWork } from '../../../firewall/model.ts'
import { organisationsNamed } from '../../../firewall/organisations.ts'
import { Refusal, type Requester } from '../../../firewall/requester.ts'
import type { Acting } from '../../../town/model.ts'
import { representationsOf } from './record-representative.ts'

/**
 * Looks, before something is handed to whoever acts for a neighbour, whether that can be anybody else than an institution that
 * the rules give nothing: one that is, or is tied to, enforcement. It is asked as what it is, and anew each time.
 *
 * @throws {Refusal}
 */
export async function mustBeHandedOn(
  unit: UnitOfWork,
  { town, by: requester }: Acting<Requester>,
  neighbourId: string,
): Promise<void> {
  // Whoever helps or acts for them has been asked about as that already.
  if (requester.kind === 'resident' && (requester.helper || requester.representative)) return
  const representations = await representationsOf(unit, neighbourId)
  const institutions = representations.filter(({ details }) => details.kind === 'institution')
  if (institutions.length === 0 || institutions.length < representations.length) return
  for (const { id, details } of institutions) {
    const acting = {
      kind: 'resident',
      id: `institution ${id}`,
      neighbourId,
      representative: { toldWhere: true },
      standsWith: await organisationsNamed(unit.transaction, details.name ?? ''),
    } as const
    const ask = {
      municipalityId: town.id,
      requester: acting,
      action: 'prove',
      purpose: 'acting-for',
      fields: [],
    } as const
    if (await unit.lets(ask)) return
  }
  throw new Refusal()
}
